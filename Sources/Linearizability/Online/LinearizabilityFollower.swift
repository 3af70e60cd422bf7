import PolygraphChecking
import PolygraphHistory
import PolygraphModels

extension Linearizable: FollowingChecker {
    public func follower() -> any HistoryFollower { makeFollower(model) }

    /// Models of several keys judge all operations together: what bears no key may come later.

    private func makeFollower<M: Model>(_ model: M) -> any HistoryFollower {
        model.family == .register
            ? LinearizabilityFollower(model: model, checker: self)
            : LinearizabilityFollower(model: JoinedKeys(base: model), checker: self)
    }
}

/// Judges the operations of each key anew when there are more of them, those that are open counting as operations of
/// unknown outcome: a beginning of a history that has no order has none in any continuation.
///
/// Of a key that has grown long only the newest operations are kept, with those of unknown outcome, and judged from any
/// state (`ProofWindow`). That finds whatever contradicts itself within so many operations, and needs no more memory
/// the longer the run. Models without shapes are judged whole.
final class LinearizabilityFollower<M: Model>: HistoryFollower {
    private let model: M
    private let checker: Linearizable
    private let window: Int
    private var keys: [Value?: FollowedKey] = [:]
    /// The key of the open operation of each process.
    private var open: [Int: Value?] = [:]
    private var operations = 0
    private var violation: String?
    private let scratch = RegisterZones.Scratch()

    /// - Parameter window: operations of a key that are kept when older ones are left out.
    init(model: M, checker: Linearizable, window: Int = 20_000) {
        self.window = window
        self.model = model
        self.checker = checker
    }

    func take(_ events: [Operation]) {
        for event in events {
            guard let process = event.process.number else { continue }
            let key: Value?
            if event.kind == .invoke {
                key = model is any JoinsKeys && model.family == .general ? nil : event.key
                open[process] = key
                operations += 1
            } else {
                guard let started = open.removeValue(forKey: process) else { continue }
                key = started
            }
            keys[key, default: FollowedKey(window: window)].take(event)
        }
    }

    func judge(withinSeconds seconds: Double) -> VerdictSoFar {
        if let violation {
            return VerdictSoFar(verdict: .invalid, operations: operations, summary: violation)
        }
        let deadline = Budget.now() + Int64(seconds * 1e9)
        var isUndecided = false
        for key in keys.keys.sorted(by: { "\($0 ?? .null)" < "\($1 ?? .null)" }) {
            guard keys[key]?.isChanged ?? false else {
                isUndecided = isUndecided || keys[key]?.isUndecided ?? false
                continue
            }
            let budget = Budget(deadline: deadline, bytes: checker.options.memoryLimitBytes / 4)
            if budget.timeIsUp {
                isUndecided = true
                continue
            }
            switch judge(key, budget) {
            case .valid: break
            case .unknown: isUndecided = true
            case .invalid: return VerdictSoFar(verdict: .invalid, operations: operations, summary: violation)
            }
        }
        return VerdictSoFar(verdict: isUndecided ? .unknown : .valid, operations: operations)
    }

    private func judge(_ key: Value?, _ budget: Budget) -> Verdict {
        guard var followed = keys.removeValue(forKey: key) else { return .valid }
        defer { keys[key] = followed }
        followed.isChanged = false
        guard let history = followed.history(),
            let partition = Partition.split(
                history, failedCAS: checker.options.failedCAS, joinsKeys: model is any JoinsKeys
            ).first
        else { return .valid }
        let search = KeySearch(partition.operations, columns: history.columns, model: model, scratch: scratch)
        let result =
            followed.isCut
            ? search.decide(upTo: .max - 1, required: nil, from: 0, within: budget) : search.decide(within: budget)
        followed.isUndecided = false
        switch result.answer {
        case .valid: break
        case .invalid(let place, _, _):
            violation = describe(key, history, failed: place, in: partition, isCut: followed.isCut)
            return .invalid
        case .exhausted, .unjudgeable:
            followed.isUndecided = true
        }
        if followed.isLong, !model.needsProcess, search.table.isShaped { followed.cut(model) }
        return followed.isUndecided ? .unknown : .valid
    }

    /// The headline of the violation.
    private func describe(
        _ key: Value?, _ history: History, failed: Int, in partition: Partition, isCut: Bool
    ) -> String {
        if !isCut {
            var options = checker.options
            options.timeLimitSeconds = min(options.timeLimitSeconds, 5)
            options.explainedKeys = 1
            let result = Linearizable(model: model, options: options).check(history)
            if let anomaly = result.anomalies.first { return anomaly.summary }
        }
        let operation = history.columns.index(Int(partition.operations[failed].invoked))
        let object = key.map { "key \($0)" } ?? "this history"
        return "The operations of \(object) have no order up to the return of operation \(operation)."
    }
}
