import Foundation
import Testing

/// Whole runs: a real cluster in the lab, real faults, a real verdict.
@Suite(.serialized) struct RunTests {
    let folder = try! TemporaryFolder()

    private func results() throws -> [String: Any] {
        let text = try folder.read("Reports/latest/results.json")
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func history() throws -> [[String: Any]] {
        try folder.read("Reports/latest/history.jsonl").split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    /// The workload file of a one-node system with the given start command and further lines.
    private func writeWorkload(start: String, more: String = "") throws {
        try folder.write(
            "own.yaml",
            """
            name: own
            nodes: 2
            system:
              start: \(start)
              ready: {http: "http://{{node.address}}:7000/health", within: 3s}
            client:
              http:
                read: {get: "http://{{node.address}}:7000/kv/{{key}}", value: "$.value", absent: 404}
                write: {put: "http://{{node.address}}:7000/kv/{{key}}", json: {value: "{{value}}"}}
            workload: {register: {keys: 3, cas: false}}
            clients: {count: 4, rate: 100/s, timeout: 1s}
            time: 5s
            quiet: 1s
            check: linearizable
            \(more)

            """)
    }

    @Test func `the correct cluster is valid under every fault, and every fault is proved`() async throws {
        let result = try await PolygraphProcess.run(
            ["run", "raft-all-faults", "--time", "25s", "--seed", "1"], in: folder.url)
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("VALID"))
        let events = try history().filter { $0["process"] as? String == "nemesis" }
        var kinds: Set<String> = []
        for event in events {
            guard let value = event["value"] as? [String: Any], value["stage"] as? String == "effect" else { continue }
            kinds.insert(event["f"] as? String ?? "")
        }
        #expect(kinds.isSuperset(of: ["partition", "kill", "pause", "clock"]))
        // What was injected was undone.
        func numbers(_ action: String) -> Set<Int> {
            Set(
                events.compactMap { event in
                    guard let value = event["value"] as? [String: Any], value["action"] as? String == action,
                        value["stage"] as? String == "effect"
                    else { return nil }
                    return value["fault"] as? Int
                })
        }
        #expect(!numbers("inject").isEmpty)
        #expect(numbers("inject").isSubset(of: numbers("undo")))
        for file in ["report.html", "report.txt", "junit.xml", "plan.json", "polygraph.log", "nodes/n1/stdout.log"] {
            #expect(FileManager.default.fileExists(atPath: folder.latest.appendingPathComponent(file).path))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.latest.appendingPathComponent("nodes/n1/data").path))
        // A second look at the recorded history comes to the same verdict.
        let check = try await PolygraphProcess.run(
            ["check", "Reports/latest/history.jsonl", "--model", "cas-register"], in: folder.url)
        #expect(check.status == 0, "\(check.output)")
    }

    /// What the nemesis has done and measured, of one action: kinds of fault whose effect was proved, and all others.
    private func faults(_ action: String) throws -> (proved: Set<String>, unproved: Set<String>, failed: [String]) {
        var result: (proved: Set<String>, unproved: Set<String>, failed: [String]) = ([], [], [])
        for event in try history() where event["process"] as? String == "nemesis" {
            guard let value = event["value"] as? [String: Any], value["action"] as? String == action,
                let kind = event["f"] as? String
            else { continue }
            if value["stage"] as? String == "failed" { result.failed.append("\(event)") }
            guard value["stage"] as? String == "effect" else { continue }
            if value["proved"] as? Bool == true { result.proved.insert(kind) } else { result.unproved.insert(kind) }
        }
        return result
    }

    @Test func `the correct cluster is valid on a network that does everything wrong, and all of it is proved`()
        async throws
    {
        let result = try await PolygraphProcess.run(
            ["run", "raft-network-faults", "--time", "30s", "--seed", "1", "--set", "packets=true"], in: folder.url)
        #expect(result.status == 0, "\(result.output)\(result.error)")
        let injected = try faults("inject")
        #expect(injected.failed.isEmpty)
        let kinds: Set<String> = [
            "partition", "cut-clients", "delay", "loss", "duplicate", "reorder", "corrupt", "rate", "reset", "flap",
            "slow-node", "slow-primary", "wan",
        ]
        #expect(injected.proved == kinds, "not proved: \(injected.unproved)")
        let undone = try faults("undo")
        #expect(undone.failed.isEmpty && undone.proved.isSuperset(of: kinds))
        // The recording begins with the magic number of its format.
        let recording = try Data(contentsOf: folder.latest.appendingPathComponent("packets.pcapng"))
        #expect(recording.prefix(4) == Data([0x0a, 0x0d, 0x0d, 0x0a]) && recording.count > 100_000)
    }

    @Test func `names that nodes ask for stop resolving`() async throws {
        let binary = URL(fileURLWithPath: "/var/tmp/polygraph-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: PolygraphProcess.binary, to: binary)
        defer { try? FileManager.default.removeItem(at: binary) }
        let server =
            "\(binary.path) sample raft --id {{node.index}} --client-port 7000 --peer-port 7001 "
            + "--peers {{nodes | addresses}} --data {{data}}"
        let asking = "(while sleep 0.05; do getent hosts n2; done) &"
        try writeWorkload(
            start: "[\"sh\", \"-c\", \"\(asking) exec \(server)\"]",
            more: "every: 3s\nfaults:\n  - {dns: silence, for: 1s, after: 1s}")
        let result = try await PolygraphProcess.run(["run", "own.yaml", "--seed", "1"], in: folder.url)
        #expect(result.status == 0, "\(result.output)\(result.error)")
        let injected = try faults("inject")
        #expect(injected.proved == ["dns"] && injected.unproved.isEmpty && injected.failed.isEmpty)
        let answers = try folder.read("Reports/latest/nodes/n1/stdout.log")
        #expect(answers.contains("10.77.0.2"))
    }

    @Test func `an ordinary user can run it too`() async throws {
        guard getuid() == 0 else { return }  // Then every other test of this suite has shown it.
        chmod(folder.url.path, 0o777)
        let prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        let result = try await PolygraphProcess.run(
            ["run", "raft-register", "--time", "5s", "--seed", "1", "--set", "quiet=1s"], in: folder.url,
            prefix: prefix)
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    @Test(arguments: [
        ("[\"./no-such-program\"]", "no-such-program"),
        ("[\"sh\", \"-c\", \"echo the disk is on fire >&2; exit 3\"]", "the disk is on fire"),
        ("[\"sleep\", \"100\"]", "health"),
    ])
    func `a node that does not come up is an error that says why`(start: String, expected: String) async throws {
        try writeWorkload(start: start)
        let result = try await PolygraphProcess.run(["run", "own.yaml"], in: folder.url)
        #expect(result.status == 255)
        #expect(result.error.contains(expected), "\(result.error)")
        #expect(result.error.contains("n1") || result.error.contains("n2"))
    }

    @Test func `a port in use is told from the node's own words`() async throws {
        // A node has a /tmp of its own, and the shell would not find a binary that was built below it.
        let binary = URL(fileURLWithPath: "/var/tmp/polygraph-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: PolygraphProcess.binary, to: binary)
        defer { try? FileManager.default.removeItem(at: binary) }
        // The second server of the same node finds the port taken, and says so.
        let server =
            "\(binary.path) sample raft --id {{node.index}} --client-port 7000 --peer-port 7001 "
            + "--peers {{nodes | addresses}} --data {{data}}"
        try writeWorkload(start: "[\"sh\", \"-c\", \"\(server)/a & sleep 0.5; exec \(server)/b\"]")
        let result = try await PolygraphProcess.run(["run", "own.yaml"], in: folder.url)
        let logs = try folder.read("Reports/own/\(newestRun())/nodes/n1/stderr.log")
        #expect(logs.lowercased().contains("address already in use"), "\(logs)\(result.error)")
    }

    private func newestRun() -> String {
        let runs =
            (try? FileManager.default.contentsOfDirectory(
                atPath: folder.url.appendingPathComponent("Reports/own").path)) ?? []
        return runs.filter { $0 != "latest" }.sorted().last ?? ""
    }

    @Test func `a full disk under the reports is an error, and nothing is left running`() async throws {
        guard getuid() == 0 else { return }  // Only root can mount the small disk for this.
        let disk = folder.url.appendingPathComponent("Reports").path
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        // The small disk exists in a mount namespace of its own only.
        let script = "mount -t tmpfs -o size=3m none '\(disk)' && exec \"$0\" \"$@\""
        let result = try await PolygraphProcess.run(
            ["run", "raft-register", "--time", "20s", "--rate", "2000/s", "--set", "quiet=1s"], in: folder.url,
            prefix: ["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
        #expect(result.status == 255)
        #expect(result.error.contains("No space left on device"), "\(result.output)\(result.error)")
        #expect(processes(holding: folder.url.path).isEmpty)
    }

    @Test func `the first Ctrl-C ends with a verdict on what there is`() async throws {
        let running = try PolygraphProcess(
            ["run", "raft-register", "--time", "100s", "--seed", "2"], in: folder.url)
        try await waitForOperations(running)
        let begin = Date()
        kill(running.process.processIdentifier, SIGINT)
        let result = await running.finish(within: 40)
        // Whether enough had happened by then is a matter of luck; that it was ended early is not.
        #expect([0, 2].contains(result.status), "\(result.output)\(result.error)")
        #expect(result.output.lowercased().contains("interrupted"))
        #expect(result.output.contains("ended early") && !result.output.contains("too tame"))
        #expect(Date().timeIntervalSince(begin) < 35)
        #expect(try results()["interrupted"] as? Bool == true)
    }

    @Test func `the second Ctrl-C ends at once and leaves nothing`() async throws {
        let running = try PolygraphProcess(
            ["run", "raft-register", "--time", "100s", "--seed", "2"], in: folder.url)
        try await waitForOperations(running)
        kill(running.process.processIdentifier, SIGINT)
        try await Task.sleep(for: .milliseconds(100))
        kill(running.process.processIdentifier, SIGINT)
        let result = await running.finish(within: 40)
        // A run that has little to end may be over before the second one comes.
        #expect([130, 0, 2].contains(result.status), "\(result.status)")
        try await expectNothingLeft()
    }

    @Test func `nothing survives a killed controller, and its half-written history can be checked`() async throws {
        let running = try PolygraphProcess(
            ["run", "raft-register", "--time", "100s", "--seed", "3"], in: folder.url)
        try await waitForOperations(running)
        kill(running.process.processIdentifier, SIGKILL)
        _ = await running.finish(within: 10)
        try await expectNothingLeft()
        let runs = folder.url.appendingPathComponent("Reports/raft-register")
        let run = try #require(try FileManager.default.contentsOfDirectory(atPath: runs.path).first { $0 != "latest" })
        let check = try await PolygraphProcess.run(
            ["check", "Reports/raft-register/\(run)/history.jsonl", "--model", "cas-register"], in: folder.url)
        #expect(check.status == 0, "\(check.output)\(check.error)")
    }

    private func waitForOperations(_ running: PolygraphProcess) async throws {
        let runs = folder.url.appendingPathComponent("Reports/raft-register")
        for _ in 0..<400 {
            try await Task.sleep(for: .milliseconds(50))
            for run in (try? FileManager.default.contentsOfDirectory(atPath: runs.path)) ?? [] {
                let file = runs.appendingPathComponent("\(run)/history.jsonl").path
                let size = (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int ?? 0
                if size > 20_000 { return }
            }
            if !running.process.isRunning { break }
        }
        Issue.record("no operation was recorded: \(running.errorText)")
    }

    private func expectNothingLeft() async throws {
        for _ in 0..<100 {
            if processes(holding: folder.url.path).isEmpty { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(processes(holding: folder.url.path).isEmpty)
    }
}
