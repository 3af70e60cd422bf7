import Foundation
import Testing

/// Whole runs with attacks on disks.
@Suite(.serialized) struct DiskRunTests {
    let folder = try! TemporaryFolder()

    private func write(faults: String, time: String) throws {
        try folder.write(
            "disks.yaml",
            """
            name: disks
            nodes: 3
            system:
              start: ["{{polygraph}}", sample, raft, --id, "{{node.index}}", --data, "{{data}}",
                      --client-port, "7000", --peer-port, "7001", --peers, "{{nodes | addresses}}"]
              ready: {http: "http://{{node.address}}:7000/health", within: 10s}
            client:
              http:
                definite: "$.definite"
                read: {get: "http://{{node.address}}:7000/kv/{{key}}", value: "$.value", absent: 404}
                write: {put: "http://{{node.address}}:7000/kv/{{key}}", json: {value: "{{value}}"}}
            workload: {register: {keys: 10, cas: false}}
            clients: {count: 6, rate: 300/s, timeout: 1s}
            faults:
            \(faults)
            time: \(time)
            quiet: 2s
            check: linearizable

            """)
    }

    private func events() throws -> [(name: String, value: [String: Any])] {
        try folder.read("Reports/latest/history.jsonl").split(separator: "\n").compactMap { line in
            let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            guard event["process"] as? String == "nemesis", let value = event["value"] as? [String: Any],
                value["fault"] != nil
            else { return nil }
            return (event["f"] as? String ?? "", value)
        }
    }

    @Test func `a store that syncs what it acknowledges stays valid whatever happens to its disks`() async throws {
        try write(
            faults: """
                  - power-failure: {target: all, remains: [nothing, beginning, pages]}
                    every: 5s
                    for: 300ms
                    after: 1s
                  - disk: {calls: [fsync, fdatasync], delay: 20ms, jitter: 10ms, target: minority}
                    every: 5s
                    for: 1s
                    after: 2s
                  - crash-at: {call: fdatasync, when: before, nth: 3, target: one}
                    every: 5s
                    for: 1s
                    after: 3500ms
                """, time: "16s")
        let result = try await PolygraphProcess.run(["run", "disks.yaml", "--seed", "3"], in: folder.url)
        #expect(result.status == 0, "\(result.output)\(result.error)")
        let effects = try events().filter { $0.value["stage"] as? String == "effect" }
        for name in ["power-failure", "disk", "crash-at"] {
            let injected = effects.filter { $0.name == name && $0.value["action"] as? String == "inject" }
            let undone = effects.filter { $0.name == name && $0.value["action"] as? String == "undo" }
            #expect(injected.count >= 2 && undone.count == injected.count, "\(name): \(injected.count) \(undone.count)")
            #expect(undone.allSatisfy { $0.value["proved"] as? Bool == true }, "\(name): \(undone)")
        }
        #expect(try !events().contains { $0.value["stage"] as? String == "failed" })
        #expect(result.output.contains("writes acknowledged"))
    }

    @Test func `full disks, failing calls and damaged files reach the nodes, and the run ends`() async throws {
        try write(
            faults: """
                  - disk-full: {room: 2kB, target: n1}
                    every: 4s
                    for: 1s
                    after: 1s
                  - disk: {error: EIO, probability: 50%, target: n2}
                    every: 4s
                    for: 1s
                    after: 2500ms
                  - corrupt-files: {kind: [flip, truncate, copy, zero, roll-back], target: one}
                    every: 4s
                    for: 500ms
                    after: 4s
                """, time: "10s")
        let result = try await PolygraphProcess.run(["run", "disks.yaml", "--seed", "5"], in: folder.url)
        // What it makes of a damaged disk is the store's affair.
        #expect([0, 1, 2].contains(result.status), "\(result.output)\(result.error)")
        let effects = try events().filter { $0.value["stage"] as? String == "effect" }
        for name in ["disk-full", "disk", "corrupt-files"] {
            let proved = effects.filter { $0.name == name && $0.value["proved"] as? Bool == true }
            #expect(!proved.isEmpty, "\(name): \(effects.filter { $0.name == name })")
        }
        let damaged = effects.filter { $0.name == "corrupt-files" }.flatMap { $0.value["targets"] as? [String] ?? [] }
        #expect(Set(damaged).count == 1)
    }

    @Test(arguments: [
        ("disk: {target: one}", "delay"), ("disk: {calls: [fsnc], delay: 1ms}", "fsnc"),
        ("disk: {error: EIO, data: torn}", "excludes"), ("disk: {calls: [fsync], data: torn}", "writing call"),
        ("crash-at: {call: fsync, when: during}", "during"), ("corrupt-files: {kind: melt}", "melt"),
        ("power-failure: {target: all, remains: much}", "much"),
    ])
    func `what makes no sense is refused before anything starts`(line: String, word: String) async throws {
        try write(faults: "  - \(line)", time: "5s")
        let result = try await PolygraphProcess.run(["run", "disks.yaml"], in: folder.url)
        #expect(result.status != 0 && result.error.contains(word), "\(result.error)")
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("Reports").path))
    }
}
