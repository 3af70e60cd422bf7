import PolygraphHistory

/// Counts how the operations of each function ended, and how long they took.
///
/// A search-free checker: `valid` when every function that was called succeeded at least once, otherwise `unknown`,
/// because a run in which a function never worked proves nothing about it.
public struct OperationStatistics: Checker {
    public let name = "statistics"

    public init() {}

    private struct Tally {
        var ok = 0
        var fail = 0
        var info = 0
        /// Nanoseconds from the invocation to the completion, of operations that completed `ok` or `fail`.
        var fromInvocation: [Int64] = []
        /// The same from the time at which the generator wanted the operation.
        var fromIntention: [Int64] = []
    }

    public func check(_ history: History) -> CheckResult {
        var tallies: [String: Tally] = [:]
        for position in history.invocations {
            let invocation = history.operations[position]
            let completion = history.completion(of: position)
            var tally = tallies.removeValue(forKey: invocation.function) ?? Tally()
            switch completion?.kind {
            case .ok: tally.ok += 1
            case .fail: tally.fail += 1
            default: tally.info += 1
            }
            if let completion, completion.kind != .info {
                tally.fromInvocation.append(completion.time - invocation.time)
                if let intended = invocation.intended { tally.fromIntention.append(completion.time - intended) }
            }
            tallies[invocation.function] = tally
        }
        let functions = tallies.keys.sorted()
        let silent = functions.filter { tallies[$0]?.ok == 0 }
        let reason: String
        if functions.isEmpty {
            reason = "No operation was ever invoked."
        } else if silent.isEmpty {
            reason = "Every function succeeded at least once."
        } else {
            reason = "No \(silent.joined(separator: ", no ")) ever succeeded, so nothing is known of what it promises."
        }
        return CheckResult(
            checker: name, verdict: functions.isEmpty || !silent.isEmpty ? .unknown : .valid, reason: reason,
            facts: functions.map { function in
                CheckResult.Fact(function, Self.fact(tallies[function] ?? Tally()))
            })
    }

    private static func fact(_ tally: Tally) -> Value {
        .object([
            "ok": .integer(Int64(tally.ok)),
            "fail": .integer(Int64(tally.fail)),
            "info": .integer(Int64(tally.info)),
            "latency_ns": percentiles(tally.fromInvocation),
            "latency_from_intention_ns": percentiles(tally.fromIntention),
        ])
    }

    /// Nearest-rank percentiles; null where nothing was measured.
    private static func percentiles(_ durations: [Int64]) -> Value {
        guard let last = durations.indices.last else { return .null }
        let sorted = durations.sorted()
        func value(_ perMille: Int) -> Value {
            .integer(sorted[max(0, (sorted.count * perMille + 999) / 1000 - 1)])
        }
        return .object([
            "p50": value(500), "p95": value(950), "p99": value(990), "p99.9": value(999), "max": .integer(sorted[last]),
        ])
    }
}
