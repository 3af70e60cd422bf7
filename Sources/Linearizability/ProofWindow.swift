import PolygraphModels

/// Finds the last moments of a history that are impossible by themselves, whatever came before.
///
/// Everything that had returned before a moment is left out, and the state at that moment may be any; what was open
/// then may take effect afterwards or not. Each order of the whole history contains an order of that rest, so if the
/// rest has none, neither has the whole. The later the moment, the less is assumed.
enum ProofWindow {
    /// The rank of the last invocation from which on the operations up to the event of rank `rank` have no order.
    /// - Returns: nil where only the whole history has none, or where the model's calls have no shapes.
    static func start<M: Model>(_ search: KeySearch<M>, upTo rank: Int32, within budget: Budget) -> Int32? {
        guard search.table.isShaped else { return nil }
        let invocations = search.operations.filter { $0.invoked <= rank && $0.isMandatory }.map(\.invoked)
        func isImpossible(_ place: Int) -> Bool {
            guard !budget.timeIsUp else { return false }
            let result = search.decide(upTo: rank, required: nil, from: invocations[place], within: budget)
            if case .invalid = result.answer { return true }
            return false
        }
        // Twice as far back each time, then by halves.
        var length = 4
        var low = -1
        var high = invocations.count
        while low < 0 {
            let place = max(0, invocations.count - length)
            if isImpossible(place) {
                low = place
            } else if place == 0 {
                return nil
            } else {
                high = place
                length *= 2
            }
        }
        while low + 1 < high {
            let middle = (low + high) / 2
            if isImpossible(middle) { low = middle } else { high = middle }
        }
        return invocations[low]
    }

    /// All states that can have been there before the operations at `places`, except that of those which none of these
    /// operations names, and which therefore do not differ for them, one is enough.
    static func states<M: Model>(_ search: KeySearch<M>, around places: [Int]) -> [M.State] {
        func named(_ place: Int) -> [M.State] {
            guard let shape = search.model.shape(of: search.call(place)) else { return [] }
            switch shape.guard {
            case .always: return [shape.target].compactMap { $0 }
            case .only(let state), .allBut(let state): return [state] + [shape.target].compactMap { $0 }
            }
        }
        let near = Set(places.flatMap(named))
        var states = Array(near)
        if !near.contains(search.model.initial) { return states + [search.model.initial] }
        for place in search.operations.indices {
            if let other = named(place).first(where: { !near.contains($0) }) {
                states.append(other)
                break
            }
        }
        return states
    }
}
