import Foundation
import Testing

extension HostsTests {
    /// What is put on hosts, what stays there, and who may do it.
    @Suite struct Systems {
        /// A script of the test's own that starts a node of a cluster.
        private static let script = """
            #!/bin/sh
            id=$1 peers=$2 data=$3 program=$4
            cat "$(dirname "$0")/greeting"
            exec "$program" sample raft --id "$id" --data "$data" --client-port 7000 --peer-port 7001 --peers "$peers"

            """
        private static let words =
            "\"{{node.index}}\", \"{{nodes | addresses}}\", \"{{data}}\", \"{{polygraph}}\"]"

        @Test func `archives and files are installed, folders are kept, and a run is repeated`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(2)
            try world.folder.write("start.sh", Self.script)
            try world.folder.write("greeting", "greetings from the archive\n")
            let made = try world.shell(
                "chmod +x start.sh && mkdir kv && cp start.sh greeting kv && tar -czf kv.tar.gz kv")
            #expect(made.status == 0, "\(made.output)")
            try world.writeRaft(
                start: "[kv/start.sh, " + Self.words, system: ["install: {archives: [kv.tar.gz]}"],
                faults: ["{kill: one, every: 4s, for: 500ms, after: 500ms}"])
            let first = try await world.polygraph(["run", "own.yaml", "--time", "2s", "--seed", "1", "--keep"])
            world.expectValid(first)
            let greeting = world.run()!.appendingPathComponent("nodes/n2/stdout.log")
            #expect(try String(contentsOf: greeting, encoding: .utf8).hasPrefix("greetings from the archive"))
            for host in 1...2 {
                let there = try world.on(
                    host, "ls /var/tmp/polygraph/runs/*/*/system/kv /var/tmp/polygraph/runs/*/*/data")
                #expect(there.output.contains("start.sh") && there.output.contains("log"), "\(there.output)")
                try world.on(host, "rm -r /var/tmp/polygraph/runs")
            }
            try world.expectNothingLeft()

            let again = try await world.polygraph(["replay", world.run()!.path, "--exact"])
            world.expectValid(again)
            #expect(try world.nemesisEvents().contains { $0.function == "kill" && $0.isProved })
            try world.expectNothingLeft()

            // One file is put there as it is.
            try world.writeRaft(
                start: "[./start.sh, " + Self.words, system: ["install: {archives: [start.sh, greeting]}"])
            let single = try await world.polygraph(["run", "own.yaml", "--time", "2s", "--seed", "1"])
            world.expectValid(single)
            try world.expectNothingLeft()
        }

        @Test func `users who are not root become root by sudo, or are told how`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(2)
            let faults = ["{partition: halves, every: 9s, for: 1s, after: 300ms}"]
            func attempt(_ user: String, sudo: String) async throws -> PolygraphProcess.Result {
                try world.writeRaft(access: ["user: \(user)", "sudo: \(sudo)"], faults: faults)
                return try await world.polygraph(
                    ["run", "own.yaml", "--time", "2s", "--seed", "1"], environment: ["SUDO_WORD": "right horse"])
            }
            for (user, sudo) in [("free", "true"), ("asked", "{password: {env: SUDO_WORD}}")] {
                let result = try await attempt(user, sudo: sudo)
                world.expectValid(result)
                #expect(try world.nemesisEvents().contains { $0.function == "partition" && $0.isProved })
                try world.expectNothingLeft()
                let words = try world.shell("grep -rl 'right horse' Reports").output
                #expect(words.isEmpty, "the password is in \(words)")
            }
            for (user, sudo, expected) in [
                ("asked", "true", "password"), ("plain", "true", "sudo"), ("plain", "false", "rights of root"),
            ] {
                let result = try await attempt(user, sudo: sudo)
                #expect(result.status == 255, "\(user): \(result.output)\(result.error)")
                #expect(result.error.contains("become root") && result.error.contains(expected), "\(result.error)")
                #expect(result.error.contains("n1") && result.error.contains("access"), "\(result.error)")
                try world.expectNothingLeft()
            }
        }
    }
}
