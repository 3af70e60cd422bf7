import Foundation
import Testing

/// Every switchable bug of the sample systems is found by its workload file, with a fixed list of seeds.
@Suite(.serialized) struct BugZooTests {
    /// The file and the anomalies that it may show: a bug can break the promise in more than one way.
    private static let workloads = [
        "raft-stale-reads", "raft-lease-clock", "raft-ack-before-quorum", "raft-forget-vote", "raft-double-apply",
        "raft-dirty-reads", "raft-ack-before-fsync", "raft-trust-clock-ordering", "raft-torn-log", "raft-dns-once",
        "raft-split-config",
    ]
    /// These need one kind of fault: with the others, however hard, they are correct.
    private static let otherFaults = [
        ("raft-ack-before-fsync", "[{kill: all, every: 5s, for: 1s}]"),
        ("raft-torn-log", "[{kill: one, every: 2s, for: 300ms}, {kill: primary, every: 2s, for: 300ms, after: 2s}]"),
        ("raft-dns-once", "[{kill: all, every: 12s, for: 500ms, after: 1s}, {partition: halves, every: 3s, for: 2s}]"),
        ("raft-split-config", "[{partition: [isolate-primary, halves], every: 6s, for: 4s, after: 2s}]"),
        ("raft-trust-clock-ordering", "[{partition: halves, every: 5s}, {kill: primary, every: 7s, for: 1s}]"),
    ]
    /// What these bugs can look like from outside: one mistake may break the promise in more than one way.
    private static let anomalies: Set<String> = [
        "stale read", "non-monotonic read", "lost write", "lost update", "dirty read", "read of a failed write",
        "resurrected value", "impossible mismatch", "read of a value never written", "future read",
        "read of a state that never was", "fractured read", "effect of a failed operation", "update applied twice",
        "linearizability violation",
    ]
    private static let seeds = Array(1...8)

    @Test(arguments: workloads) func `is found and explained`(workload: String) async throws {
        for seed in Self.seeds {
            let folder = try TemporaryFolder()
            let result = try await PolygraphProcess.run(
                ["run", workload, "--seed", "\(seed)", "--time", "40s", "--stop-on-violation"], in: folder.url,
                within: 200)
            // A run that was too tame has not found it either: members of a cluster that is wrong about its members may
            // say that nobody has left.
            #expect([0, 1, 2].contains(result.status), "\(result.output)\(result.error)")
            guard result.status == 1 else { continue }
            // What is said while it runs fits a terminal, also the sentence on what is wrong.
            #expect(result.error.contains("INVALID after"))
            for line in result.error.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
            let text = try folder.read("Reports/latest/results.json")
            let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            let results = try #require(document["results"] as? [[String: Any]])
            let names = results.flatMap { $0["anomalies"] as? [[String: Any]] ?? [] }.compactMap {
                $0["name"] as? String
            }
            #expect(!names.isEmpty && Self.anomalies.isSuperset(of: names), "\(names)")
            return
        }
        Issue.record("\(workload) was not found with the seeds \(Self.seeds)")
    }

    @Test(arguments: otherFaults) func `is not found without its fault`(workload: String, faults: String) async throws {
        let folder = try TemporaryFolder()
        let result = try await PolygraphProcess.run(
            ["run", workload, "--seed", "1", "--time", "20s", "--set", "faults=\(faults)"], in: folder.url, within: 200)
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    @Test func `a lease timed by the wall clock is safe while clocks are right`() async throws {
        let folder = try TemporaryFolder()
        let result = try await PolygraphProcess.run(
            ["run", "raft-lease-clock-true-clocks", "--seed", "1", "--time", "30s"], in: folder.url, within: 200)
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }
}
