import Foundation
import Testing

extension HostsTests {
    /// Containers, which stand-ins for `docker` and `kubectl` carry commands into: real processes in real namespaces.
    @Suite struct Containers {
        private static let standIns = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Support/hosts/stand-ins").path

        private static func environment(_ world: HostsWorld) -> [String: String] {
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            return ["PATH": "\(standIns):\(path)", "STAND_IN_FOLDER": world.folder.url.path]
        }

        private static let hosts =
            "hosts=[{docker: n1, address: 10.98.0.11}, {docker: n2, address: 10.98.0.12}, "
            + "{pod: n3, namespace: test, container: db, address: 10.98.0.13}]"

        @Test func `nodes in containers are partitioned, killed and bent, and nothing is left`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(3)
            let result = try await world.polygraph(
                [
                    "run", "raft-register-ssh", "--set", Self.hosts, "--set", "access={lease: 15s}", "--set",
                    "every=4s",
                    "--set", "quiet=1s", "--time", "10s", "--seed", "3",
                ], environment: Self.environment(world))
            #expect(result.status == 0, "\(result.output)\(result.error)")
            let effects = try world.nemesisEvents(of: "raft-register-ssh").filter { $0.stage == "effect" }
            #expect(Set(effects.map(\.function)) == ["partition", "kill", "clock"])
            for effect in effects where effect.action == "inject" && !effect.isProved {
                Issue.record("not proved: \(effect)")
            }
            let run = try #require(world.run(of: "raft-register-ssh"))
            for node in 1...3 {
                let log = run.appendingPathComponent("nodes/n\(node)/stderr.log").path
                #expect(FileManager.default.fileExists(atPath: log), "\(log)")
            }
            try world.expectNothingLeft()
            let calls = try world.folder.read("calls").split(separator: "\n")
            for expected in [
                "docker exec n1 /bin/sh -c ", "docker exec -i n2 /bin/sh -c exec /var/tmp/polygraph/bin/polygraph-",
                "docker cp ", "kubectl --namespace test exec n3 --container db -- /bin/sh -c ",
                "kubectl --namespace test exec -i n3 --container db -- /bin/sh -c exec /var/tmp/polygraph/bin/polygraph-",
                "kubectl --namespace test cp ",
            ] {
                #expect(calls.contains { $0.hasPrefix(expected) }, "\(expected)")
            }
            #expect(calls.allSatisfy { $0.hasPrefix("docker ") || $0.hasPrefix("kubectl ") })
        }

        @Test func `a container that is not there is named with what docker said`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(1)
            let result = try await world.polygraph(
                [
                    "run", "raft-register-ssh", "--set", "hosts=[{docker: n9, address: 10.98.0.19}]", "--set",
                    "access={}",
                    "--set", "faults=[{kill: one}]",
                ], environment: Self.environment(world))
            #expect(result.status == 255, "\(result.output)\(result.error)")
            #expect(result.error.contains("host n9: look at the host: "), "\(result.error)")
            #expect(result.error.contains("sshd9.pid"), "\(result.error)")
        }

        @Test func `a machine without docker says so`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(1)
            var environment = Self.environment(world)
            environment["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin"
            if try world.shell("PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v docker").status == 0 {
                print("SKIPPED: there is a real docker here")
                return
            }
            let result = try await world.polygraph(
                [
                    "run", "raft-register-ssh", "--set", "hosts=[{docker: n1, address: 10.98.0.11}]", "--set",
                    "access={}",
                    "--set", "faults=[{kill: one}]",
                ], environment: environment)
            #expect(result.status == 255, "\(result.output)\(result.error)")
            #expect(result.error.contains("host n1: run docker: "), "\(result.error)")
            #expect(result.error.contains("on the PATH"), "\(result.error)")
        }
    }
}
