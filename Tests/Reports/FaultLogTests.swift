import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphReports

@Suite struct FaultLogTests {
    private func event(
        _ index: Int, _ time: Int64, _ action: String, _ stage: String, error: String? = nil,
        _ more: [String: Value] = [:]
    ) -> Operation {
        var fields: [String: Value] = [
            "fault": 7, "action": .string(action), "stage": .string(stage), "kind": "one-way", "targets": ["n1"],
        ]
        fields.merge(more) { _, new in new }
        return Operation(
            index: index, time: time, process: .nemesis, kind: .info, function: "partition", value: .object(fields),
            error: error)
    }

    @Test func `a fault is in force from effect to effect`() throws {
        let history = try History([
            event(0, 10, "inject", "intent"),
            event(1, 20, "inject", "effect", ["proved": true, "proof": ["frames_cut": 3]]),
            event(2, 30, "undo", "intent"), event(3, 40, "undo", "effect"),
        ])
        let log = FaultLog(history)
        let fault = try #require(log.faults.first)
        #expect(log.faults.count == 1)
        #expect(fault.intended == 10 && fault.began == 20 && fault.undoIntended == 30 && fault.ended == 40)
        #expect(fault.state == "proved" && fault.proofPhrases() == ["frames cut 3"])
        #expect(log.inForce(from: 11, to: 19).isEmpty)
        #expect(log.inForce(from: 19, to: 20).count == 1)
        #expect(log.inForce(from: 40, to: 50).count == 1)
        #expect(log.inForce(from: 41, to: 50).isEmpty)
    }

    @Test func `a fault that is never undone lasts to the end, and one that failed was never in force`() throws {
        let lasting = FaultLog(try History([event(0, 20, "inject", "effect")]))
        #expect(lasting.inForce(from: 1_000_000, to: 1_000_001).count == 1)
        #expect(lasting.faults.first?.state == "not measured")
        let failed = FaultLog(
            try History([event(0, 10, "inject", "intent"), event(1, 11, "inject", "failed", error: "no such link")]))
        #expect(failed.injected == 0)
        #expect(failed.faults.first?.state == "failed")
        #expect(failed.faults.first?.failure == "no such link")
    }

    @Test func `what becomes of nodes by itself is observed and no fault`() throws {
        func seen(_ index: Int, _ time: Int64, _ function: String, _ value: Value) -> Operation {
            Operation(index: index, time: time, process: .nemesis, kind: .info, function: function, value: value)
        }
        let log = FaultLog(
            try History([
                seen(0, 10, "unreachable", ["node": "n3"]),
                seen(1, 20, "crash", ["node": "n1", "how": "with status 3"]),
                seen(2, 30, "reachable", ["node": "n3", "after_ns": 20]), seen(3, 40, "unreachable", ["node": "n3"]),
            ]))
        #expect(
            log.faults.map(\.summary) == [
                "n3 could not be reached", "n1 ended with status 3", "n3 could not be reached",
            ])
        #expect(log.faults.map(\.began) == [10, 20, 40] && log.faults.map(\.ended) == [30, 20, nil])
        #expect(log.faults.allSatisfy { $0.state == "observed" } && log.injected == 0 && log.proved == 0)
    }

    @Test func `events of another tool are moments`() throws {
        let log = FaultLog(
            try History([
                Operation(index: 0, time: 5, process: .nemesis, kind: .info, function: "start", value: "cut everything")
            ]))
        #expect(log.faults.first?.began == 5)
        #expect(log.faults.first?.ended == 5)
    }

    @Test func `what went wrong with faults becomes a warning`() throws {
        let history = try History([
            event(0, 20, "inject", "effect", ["proved": false]), event(1, 40, "undo", "failed", error: "node is gone"),
        ])
        let record = RunRecord(workload: "w", verdict: .valid, exitCode: 0)
        let warnings = record.allWarnings(history, FaultLog(history))
        #expect(warnings.contains { $0.contains("no effect") })
        #expect(warnings.contains { $0.contains("could not be undone: node is gone") })
    }

    @Test func `a refused fault did not take place, and is said as refused`() throws {
        let history = try History([
            event(0, 20, "inject", "effect", ["proved": false, "proof": ["refused": "cannot remove n2: too few"]]),
            event(1, 40, "undo", "effect", ["proved": false]),
        ])
        let log = FaultLog(history)
        #expect(log.injected == 0 && log.refused == 1)
        let record = RunRecord(workload: "w", verdict: .valid, exitCode: 0)
        let warnings = record.allWarnings(history, log)
        #expect(warnings.contains("Fault 7 (partition one-way) was refused: cannot remove n2: too few"))
        #expect(!warnings.contains { $0.contains("no effect") || $0.contains("undone") })
        let text = TextReport.render(record, history, colour: false)
        #expect(text.contains("0 injected, 1 refused, 0 proved by a measurement."))
    }

    @Test(arguments: [("kill", true), ("partition", false)])
    func `an undo that was not proved is a warning`(function: String, isWarned: Bool) throws {
        let history = try History(
            [
                event(0, 20, "inject", "effect", ["proved": true]), event(1, 40, "undo", "effect", ["proved": false]),
            ].map { (event: Operation) -> Operation in
                var event = event
                event.function = function
                return event
            })
        let record = RunRecord(workload: "w", verdict: .valid, exitCode: 0)
        let expected = "Fault 7 (kill one-way) was undone, but no measurement proves that it is gone."
        let warnings = record.allWarnings(history, FaultLog(history))
        #expect(warnings.contains(expected) == isWarned)
        #expect(warnings.contains { $0.contains("undone") } == isWarned)
    }
}
