import PolygraphHistory
import PolygraphModels

/// Replays a claimed order against the history itself.
///
/// It takes nothing from the engines: it pairs, filters and judges the operations of the key anew, so that a defect of
/// an engine cannot make a history look valid.
struct WitnessVerifier<M: Model>: Sendable {
    private let model: M
    /// Of each key the operations that may have taken effect, by the position of their invocation.
    private let expected: [Value?: [Int: Expected]]

    /// An operation as the order must treat it.
    private struct Expected: Sendable {
        var returned: Int
        var call: Call
        var isRequired: Bool
    }

    /// Checks that `order` (positions of invocations in the history) holds every operation of the key that was
    /// acknowledged exactly once, of the others at most those that may have taken effect and each at most once, keeps
    /// the order in time of operations that do not overlap, and that the model allows each step.
    /// - Returns: nil, or what is wrong with the order.
    func fault(in order: [Int], of key: Value?) -> String? {
        let expected = expected[key] ?? [:]
        var used: Set<Int> = []
        var state = model.initial
        var latestInvocation = -1
        for position in order {
            guard let operation = expected[position] else {
                return "event \(position) is in the order, but it did not take effect on this key"
            }
            guard used.insert(position).inserted else { return "event \(position) is in the order twice" }
            // Whatever stands earlier must have been invoked before this one returned.
            guard latestInvocation < operation.returned else {
                return
                    "event \(position) had returned before event \(latestInvocation) was invoked, but stands after it"
            }
            latestInvocation = max(latestInvocation, position)
            guard let next = model.step(state, operation.call) else {
                return "the model does not allow event \(position) in the state \(state)"
            }
            state = next
        }
        for (position, operation) in expected where operation.isRequired && !used.contains(position) {
            return "event \(position) was acknowledged, but is missing from the order"
        }
        return nil
    }

    /// Checks one order for every key of the history, as `fault` does; a key without an order must need none.
    /// - Returns: nil, or what is wrong with the first key that is wrong, in no particular order.
    func fault(inAll orders: [Value?: [Int]]) -> String? {
        for key in expected.keys {
            if let fault = fault(in: orders[key] ?? [], of: key) {
                return (key.map { "key \($0): " } ?? "") + fault
            }
        }
        for (key, order) in orders where expected[key] == nil && !order.isEmpty {
            return "the history has no operation of key \(key.map { "\($0)" } ?? "(none)")"
        }
        return nil
    }

    init(_ history: History, model: M, failedCAS: LinearizabilityOptions.FailedCAS) {
        self.model = model
        var expected: [Value?: [Int: Expected]] = [:]
        var open: [Operation.Process: (position: Int, invocation: Operation)] = [:]
        for (position, event) in history.operations.enumerated() where event.process != .nemesis {
            if event.kind == .invoke {
                open[event.process] = (position, event)
                expected[event.key, default: [:]][position] = Expected(
                    returned: .max,
                    call: Call(function: event.function, input: event.value, output: nil, outcome: .unknown),
                    isRequired: false)
                continue
            }
            guard let (start, invocation) = open.removeValue(forKey: event.process) else { continue }
            var call = Call(
                function: invocation.function, input: invocation.value, output: event.value, outcome: .happened)
            switch event.kind {
            case .ok: break
            case .fail:
                guard failedCAS == .observes, call.function == "cas", event.error == "mismatch" else {
                    expected[invocation.key]?[start] = nil
                    continue
                }
                call.output = nil
                call.outcome = .refused
            case .info, .invoke: continue
            }
            expected[invocation.key]?[start] = Expected(returned: position, call: call, isRequired: true)
        }
        self.expected = expected
    }
}
