import PolygraphChecking
import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// For each name of an anomaly a history made by hand: the name, the operations cited, and words that must be there.
@Suite struct ExplanationTests {
    static func anomaly(_ script: HistoryScript) throws -> Anomaly {
        let result = Linearizable(model: CASRegister()).check(script.history)
        #expect(result.verdict == .invalid)
        #expect(result.anomalies.count == 1)
        let anomaly = try #require(result.anomalies.first)
        // The proof must stand in the words too: every operation that is cited is told.
        for index in anomaly.operations {
            #expect(anomaly.explanation.contains { $0.contains("(operation \(index))") }, "\(anomaly)")
        }
        return anomaly
    }

    @Test func staleRead() throws {
        var script = HistoryScript()
        let first = script.run(1, "write", 38)
        script.fault(
            "partition",
            .object(["fault": 1, "action": "inject", "stage": "effect", "kind": "majority-ring"]))
        script.fault(
            "clock",
            .object([
                "fault": 2, "action": "inject", "stage": "effect",
                "skew": .object(["n1": .object(["offset": -60_000_000_000])]),
            ]))
        script.fault("kill", .object(["fault": 3, "action": "inject", "stage": "effect", "targets": ["n2"]]))
        script.fault("kill", .object(["fault": 3, "action": "undo", "stage": "effect"]))
        let second = script.run(12, "write", 41)
        let newer = script.run(3, "read", gets: 41)
        let read = script.run(17, "read", gets: 38, node: "n4")
        script.run(3, "read", gets: 41)
        let found = try Self.anomaly(script)
        #expect(found.name == "stale read")
        #expect(found.operations == [first, second, newer, read])
        #expect(found.failedAt == read)
        #expect(found.key == 3)
        let text = found.explanation.joined(separator: "\n")
        // What is told besides the proof is not what it rests on.
        let besides = found.explanation.filter { $0.hasPrefix("Besides") }.joined()
        for operation in [first, second, newer] where text.contains("operation \(operation) was over before") {
            #expect(!besides.contains("(operation \(operation))"), "\(text)")
        }
        #expect(text.contains("was over before operation \(read) began"))
        #expect(
            text.contains("Process 12 wrote 41 to key 3 on n1, from 0.060 s to 0.070 s (operation \(second)), and it"))
        #expect(
            text.contains("Process 17 asked n4 to read key 3, from 0.100 s to 0.110 s (operation \(read)), and got 38.")
        )
        #expect(
            text.contains(
                "In force meanwhile: partition majority-ring (since 0.020 s), clock of n1 60 s behind (since 0.030 s), "
                    + "kill of n2 (since 0.040 s, until 0.050 s)."
            ))
        #expect(text.contains("A second, independent search found no order of these operations either."))
    }

    /// What another tool's nemesis writes does not say from when to when a fault was in force, and a fault that was
    /// skipped never was.
    @Test(arguments: [true, false])
    func faultsOfWhichNothingIsKnownAreNotSpokenOf(isForeign: Bool) throws {
        var script = HistoryScript()
        script.run(1, "write", 38)
        if isForeign {
            script.fault("start-partition", "cut everything")
        } else {
            script.fault(
                "kill",
                .object([
                    "fault": 3, "action": "inject", "stage": "effect", "proof": .object(["skipped": "nobody"]),
                ]))
        }
        script.run(12, "write", 41)
        script.run(3, "read", gets: 41)
        script.run(17, "read", gets: 38)
        let said = try Self.anomaly(script).explanation.filter { $0.contains("in force") || $0.contains("In force") }
        #expect(said == (isForeign ? [] : ["No fault was in force meanwhile."]))
    }

    /// Where a value was written more than once, an old write of it proves nothing.
    @Test func repeatedValuesAreNotTakenForTheFirst() throws {
        var script = HistoryScript()
        let first = script.run(1, "write", 0)
        script.run(2, "write", 1)
        script.run(1, "cas", [1, 0])
        let seen = script.run(3, "read", gets: 0)
        let read = script.run(3, "read", gets: 1)
        let found = try Self.anomaly(script)
        #expect(found.failedAt == read)
        #expect(!found.operations.contains(first), "\(found)")
        #expect(found.operations.contains(seen) || found.name == "stale read", "\(found)")
    }

    @Test func neverWritten() throws {
        var script = HistoryScript()
        script.run(1, "write", 1)
        let read = script.run(2, "read", gets: 9)
        let found = try Self.anomaly(script)
        #expect(found.name == "read of a value never written")
        #expect(found.operations == [read])
    }

    @Test func failedWrite() throws {
        var script = HistoryScript()
        let write = script.run(1, "write", 7, .fail, error: "no leader")
        let read = script.run(2, "read", gets: 7)
        let found = try Self.anomaly(script)
        #expect(found.name == "read of a failed write")
        #expect(found.operations == [write, read])
    }

    @Test func futureRead() throws {
        var script = HistoryScript()
        let read = script.run(2, "read", gets: 7)
        let write = script.run(1, "write", 7)
        let found = try Self.anomaly(script)
        #expect(found.name == "future read")
        #expect(found.operations == [read, write])
    }

    @Test func dirtyRead() throws {
        var script = HistoryScript()
        script.run(1, "write", 1)
        let lost = script.invoke(2, "write", 2)
        let saw = script.run(3, "read", gets: 2)
        script.complete(2, .info, error: "timeout")
        let read = script.run(4, "read", gets: 1)
        let found = try Self.anomaly(script)
        #expect(found.name == "dirty read")
        #expect(Set([lost, saw, read]).isSubset(of: Set(found.operations)))
    }

    @Test func lostWrite() throws {
        var script = HistoryScript()
        let old = script.run(1, "write", 1)
        let lost = script.run(2, "write", 2)
        let first = script.run(3, "read", gets: 1, node: "n1")
        let second = script.run(4, "read", gets: 1, node: "n2")
        let found = try Self.anomaly(script)
        #expect(found.name == "lost write")
        #expect(found.operations == [old, lost, first, second])
        #expect(found.failedAt == first)
    }

    @Test func lostWriteUnderCompareAndSet() throws {
        var script = HistoryScript()
        script.run(1, "write", 1)
        script.run(2, "write", 2)
        script.run(3, "cas", [1, 5])
        #expect(try Self.anomaly(script).name == "lost write")
    }

    @Test func resurrectedValue() throws {
        var script = HistoryScript()
        let write = script.run(1, "write", 1)
        let before = script.run(2, "read", gets: 1)
        let newer = script.run(1, "write", 2)
        let between = script.run(2, "read", gets: 2)
        let after = script.run(2, "read", gets: 1)
        script.run(3, "read", gets: 1, node: "n2")
        let found = try Self.anomaly(script)
        #expect(found.name == "resurrected value")
        #expect(Set(found.operations) == [write, before, newer, between, after])
    }

    @Test func lostUpdate() throws {
        var script = HistoryScript()
        script.run(1, "write", 1)
        script.invoke(2, "cas", [1, 2])
        script.invoke(3, "cas", [1, 3])
        script.complete(2)
        script.complete(3)
        let found = try Self.anomaly(script)
        #expect(found.name == "lost update")
        #expect(found.operations.count >= 2)
    }

    @Test func nonMonotonicRead() throws {
        var script = HistoryScript()
        let old = script.run(1, "write", 1)
        script.invoke(2, "write", 2)
        let saw = script.run(3, "read", gets: 2)
        let read = script.run(4, "read", gets: 1, node: "n2")
        script.complete(2)
        script.run(3, "read", gets: 2)
        let found = try Self.anomaly(script)
        #expect(found.name == "non-monotonic read")
        #expect(found.operations == [old, saw, read])
    }

    @Test func impossibleMismatch() throws {
        var script = HistoryScript()
        let write = script.run(1, "write", 1)
        let cas = script.run(2, "cas", [1, 2], .fail, error: "mismatch")
        let found = try Self.anomaly(script)
        #expect(found.name == "impossible mismatch")
        #expect(found.operations == [write, cas])

        var options = LinearizabilityOptions()
        options.failedCAS = .ignored
        #expect(Linearizable(model: CASRegister(), options: options).check(script.history).verdict == .valid)
    }

    @Test func listsKeysBeyondTheExplainedOnes() {
        var script = HistoryScript()
        for key in 0..<5 {
            script.run(1, "write", 1, key: .integer(Int64(key)))
            script.run(2, "read", gets: 2, key: .integer(Int64(key)))
        }
        script.run(1, "write", 1, key: 9)
        var options = LinearizabilityOptions()
        options.explainedKeys = 2
        let result = Linearizable(model: Register(), options: options).check(script.history)
        #expect(result.anomalies.map(\.key) == [0, 1, 2, 3, 4])
        #expect(
            result.anomalies.map(\.name).prefix(3) == [
                "read of a value never written", "read of a value never written", "linearizability violation",
            ])
        #expect(result.partitions.map(\.verdict) == [.invalid, .invalid, .invalid, .invalid, .invalid, .valid])
        #expect(result.partitions.map(\.witnessReplayed) == [false, false, false, false, false, true])
    }

    @Test func anUnknownFunctionIsNotJudged() {
        var script = HistoryScript()
        script.run(1, "append", 1)
        let result = Linearizable(model: Register()).check(script.history)
        #expect(result.verdict == .unknown)
        #expect(result.reason.contains("operation 0: the model register has no function append"))
    }

    @Test func theEmptyHistoryIsValid() {
        #expect(Linearizable(model: Register()).check(HistoryScript().history).verdict == .valid)
    }
}
