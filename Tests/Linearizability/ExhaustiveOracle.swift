import PolygraphHistory

/// Decides tiny histories of a register by trying every order of every subset of operations that may have happened.
///
/// Knows nothing of the project's models and engines: the register is spelled out here again.
struct ExhaustiveOracle {
    var initial: Value = .null
    var mismatchObserves = true

    private struct Candidate {
        var invoked: Int
        var returned: Int?
        var function: String
        var input: Value
        var output: Value?
        var refused = false
    }

    func isLinearizable(_ history: History) -> Bool {
        var byKey: [Value?: [Candidate]] = [:]
        for position in history.invocations {
            let invocation = history.operations[position]
            var candidate = Candidate(invoked: position, function: invocation.function, input: invocation.value)
            let partner = Int(history.partner[position])
            switch history.completion(of: position)?.kind {
            case .ok:
                candidate.returned = partner
                candidate.output = history.operations[partner].value
            case .fail:
                guard mismatchObserves, history.operations[partner].error == "mismatch" else { continue }
                candidate.returned = partner
                candidate.refused = true
            default: break
            }
            byKey[invocation.key, default: []].append(candidate)
        }
        return byKey.values.allSatisfy { extend([], of: $0, state: initial, left: Set($0.indices)) }
    }

    private func extend(_ order: [Int], of candidates: [Candidate], state: Value, left: Set<Int>) -> Bool {
        if left.allSatisfy({ candidates[$0].returned == nil }) { return true }
        for place in left {
            let candidate = candidates[place]
            // Nothing that is still to come may have returned before this one was invoked.
            if left.contains(where: { other in candidates[other].returned.map { $0 < candidate.invoked } ?? false }) {
                continue
            }
            guard let next = step(candidate, in: state) else { continue }
            if extend(order + [place], of: candidates, state: next, left: left.subtracting([place])) { return true }
        }
        return false
    }

    private func step(_ candidate: Candidate, in state: Value) -> Value? {
        if candidate.function == "write" { return .some(candidate.input) }
        if candidate.function == "read" {
            guard let output = candidate.output else { return .some(state) }
            return output == state ? .some(state) : .none
        }
        let pair = candidate.input.elements ?? []
        if candidate.refused { return pair[0] != state ? .some(state) : .none }
        return pair[0] == state ? .some(pair[1]) : .none
    }
}
