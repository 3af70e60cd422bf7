import PolygraphHistory
import PolygraphModels

/// Decides small histories by trying every order of every set of operations that may have happened.
///
/// Knows nothing but the model's steps: no shapes, no observers, no parts.
public struct ExhaustiveSearch<M: Model> {
    /// An operation and the operations that were over before it began.
    private struct Candidate {
        var call: Call
        var isRequired: Bool
        var earlier: UInt64 = 0
    }

    private struct Situation: Hashable {
        var done: UInt64
        var state: M.State
    }

    private let model: M

    public init(_ model: M) { self.model = model }

    /// Whether each key alone has an order that the model allows; at most 64 operations a key.
    public func isLinearizable(_ events: [Operation], mismatchObserves: Bool = true) -> Bool {
        witness(events, mismatchObserves: mismatchObserves) != nil
    }

    /// The positions of the invocations of each key in an order that the model allows, or nil.
    public func witness(_ events: [Operation], mismatchObserves: Bool = true) -> [Value?: [Int]]? {
        var keys: [Value?: [Int]] = [:]
        for (position, event) in events.enumerated() where event.kind == .invoke {
            keys[event.key, default: []].append(position)
        }
        var orders: [Value?: [Int]] = [:]
        for (key, invocations) in keys {
            guard let order = witness(invocations, events, mismatchObserves) else { return nil }
            orders[key] = order
        }
        return orders
    }

    private func witness(_ invocations: [Int], _ events: [Operation], _ mismatchObserves: Bool) -> [Int]? {
        var candidates: [Candidate] = []
        var positions: [Int] = []
        var ends: [Int] = []
        for position in invocations {
            let invocation = events[position]
            let end = events[(position + 1)...].firstIndex { $0.process == invocation.process } ?? events.count
            let completion = end < events.count ? events[end] : nil
            var call = Call(
                function: invocation.function, input: invocation.value, output: nil, outcome: .unknown,
                process: model.needsProcess ? invocation.process.number : nil, key: invocation.key)
            switch completion?.kind {
            case .ok:
                call.output = completion?.value
                call.outcome = .happened
            case .fail:
                guard mismatchObserves, call.function == "cas", completion?.error == "mismatch" else { continue }
                call.outcome = .refused
            default: break
            }
            var candidate = Candidate(call: call, isRequired: call.outcome != .unknown)
            for (place, end) in ends.enumerated() where end < position { candidate.earlier |= 1 << UInt64(place) }
            candidates.append(candidate)
            positions.append(position)
            ends.append(candidate.isRequired ? end : .max)
        }
        precondition(candidates.count <= 64, "too many operations for an exhaustive search")
        var required: UInt64 = 0
        for (place, candidate) in candidates.enumerated() where candidate.isRequired { required |= 1 << UInt64(place) }
        var refuted: Set<Situation> = []
        var order: [Int] = []
        guard extend(0, model.initial, candidates, required, &order, &refuted) else { return nil }
        return order.map { positions[$0] }
    }

    private func extend(
        _ done: UInt64, _ state: M.State, _ candidates: [Candidate], _ required: UInt64, _ order: inout [Int],
        _ refuted: inout Set<Situation>
    ) -> Bool {
        if required & ~done == 0 { return true }
        if refuted.contains(Situation(done: done, state: state)) { return false }
        for (place, candidate) in candidates.enumerated() {
            let bit = UInt64(1) << UInt64(place)
            guard done & bit == 0, candidate.earlier & ~done == 0,
                let next = model.step(state, candidate.call)
            else { continue }
            order.append(place)
            if extend(done | bit, next, candidates, required, &order, &refuted) { return true }
            order.removeLast()
        }
        refuted.insert(Situation(done: done, state: state))
        return false
    }
}
