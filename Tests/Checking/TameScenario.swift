import PolygraphChecking
import PolygraphHistory

/// A run of 30 s of a correct five-node system, built from its parts: load, leaders and faults.
struct TameScenario {
    static let second: Int64 = 1_000_000_000

    struct FaultPart {
        var id: Int
        var function = "kill"
        var kind = "one"
        var targets = ["n2"]
        var cut: [[String]] = []
        /// Seconds.
        var from: Double
        var to: Double
        /// nil: nobody measured.
        var proved: Bool? = true
        var proof: [String: Value] = [:]
        var undoProof: [String: Value] = [:]
        var failure: String?
    }

    /// Whether clients meet on keys.
    var isConcurrent = true
    /// Seconds between which no operation succeeds.
    var silence: ClosedRange<Double>?
    /// Seconds, and who was found to lead.
    var leaders: [(Double, String)] = [(0.05, "n1")]
    var faults: [FaultPart] = []
    /// Faults of the plan that never happened: number and seconds.
    var missing: [(id: Int, start: Double?)] = []
    /// Seconds after which the run was ended early.
    var endedAfter: Double?
    var isAccepted = false
    /// Seconds.
    var length = 30.0

    private static func time(_ seconds: Double) -> Int64 { Int64(seconds * Double(second)) }

    private func load() -> [Operation] {
        var events: [Operation] = []
        func operation(_ process: Int, _ function: String, _ key: Int64, from: Int64, to: Int64) {
            let isSilent = silence.map { $0.contains(Double(to) / 1e9) } ?? false
            for (time, kind) in [(from, Operation.Kind.invoke), (to, isSilent ? .fail : .ok)] {
                events.append(
                    Operation(
                        index: 0, time: time, process: .client(process), kind: kind, function: function,
                        key: .integer(key), value: 1, node: "n1"))
            }
        }
        for step in 0..<Int((endedAfter ?? length) * 50) {
            let start = Int64(step) * 20_000_000
            operation(0, "write", 1, from: start, to: start + 8_000_000)
            operation(1, "read", isConcurrent ? 1 : 2, from: start + 2_000_000, to: start + 6_000_000)
        }
        return events
    }

    private func events(_ fault: FaultPart) -> [Operation] {
        let stages: [(Double, String, String)] = [
            (fault.from - 0.01, "inject", "intent"), (fault.from, "inject", fault.failure == nil ? "effect" : "failed"),
            (fault.to - 0.01, "undo", "intent"), (fault.to, "undo", "effect"),
        ]
        return stages.map { time, action, stage in
            var fields: [String: Value] = [
                "fault": .integer(Int64(fault.id)), "action": .string(action), "stage": .string(stage),
                "kind": .string(fault.kind), "targets": .list(fault.targets.map(Value.string)), "summary": "it",
            ]
            if !fault.cut.isEmpty { fields["cut"] = .list(fault.cut.map { .list($0.map(Value.string)) }) }
            if stage == "effect" {
                fields["proof"] = .object(action == "inject" ? fault.proof : fault.undoProof)
                fields["proved"] = fault.proved.map(Value.bool)
            }
            return Operation(
                index: 0, time: Self.time(time), process: .nemesis, kind: .info, function: fault.function,
                value: .object(fields), error: stage == "failed" ? fault.failure : nil)
        }
    }

    func history() throws -> History {
        let elections = leaders.map { time, node in
            Operation(
                index: 0, time: Self.time(time), process: .nemesis, kind: .info, function: "primary",
                value: ["node": .string(node)])
        }
        let all = (load() + elections + faults.flatMap(events)).enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
        return try History(
            all.enumerated().map { index, operation in
                var operation = operation
                operation.index = index
                return operation
            })
    }

    func check() throws -> CheckResult {
        let planned =
            faults.map { fault in
                RunExpectation.Fault(
                    id: fault.id, function: fault.function, summary: fault.function, start: Self.time(fault.from),
                    takesNodesAway: ["kill", "pause"].contains(fault.function))
            }
            + missing.map { id, start in
                RunExpectation.Fault(
                    id: id, function: "kill", summary: "kill one", start: start.map(Self.time), takesNodesAway: true)
            }
        let expectation = RunExpectation(
            faults: planned, nodes: ["n1", "n2", "n3", "n4", "n5"], readOnly: ["read"],
            duration: Self.time(endedAfter ?? length), plannedDuration: Self.time(length))
        return TameRunCheck(expectation, isAccepted: isAccepted).check(try history())
    }
}
