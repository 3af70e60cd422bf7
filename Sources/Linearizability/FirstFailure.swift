import PolygraphModels

/// Finds the first event of a key at which no order is left.
///
/// To be impossible up to an event is monotone in the event, so steps backwards and halving find the first one.
struct FirstFailure {
    /// The place of the operation whose return it is.
    var place: Int
    /// The rank of that return.
    var rank: Int32
    /// Places of operations that contradict each other without the others, where they are known.
    var suspects: [Int32]?

    /// - Parameter rank: the rank of a return up to which no order is known to exist.
    /// - Returns: the first failure, or an early one when a share of the budget did not suffice to find the first.
    static func find<M: Model>(
        _ search: KeySearch<M>, failed: Int, rank: Int32, suspects: [Int32]?, within budget: Budget
    ) -> FirstFailure {
        var best = FirstFailure(place: failed, rank: rank, suspects: suspects)
        let share = budget.limited(to: (budget.deadline &- Budget.now()) / 4)
        var returns = search.operations.compactMap { $0.returned < rank ? $0.returned : nil }
        returns.sort()
        var low = 0
        var high = returns.count
        // The first failure is seldom far from the one that was found: twice as far back each time, then by halves.
        var step = 1
        while low < high {
            if share.timeIsUp { return best }
            let middle = low == 0 ? max(0, high - step) : (low + high) / 2
            step *= 2
            switch search.decide(upTo: returns[middle], required: nil, within: share).answer {
            case .invalid(let place, let rank, let suspects):
                best = FirstFailure(place: place, rank: rank, suspects: suspects)
                // The answer may name an earlier event than the one that was asked for.
                high = returns.partitioningIndex { $0 >= rank }
            case .valid: low = middle + 1
            case .exhausted, .unjudgeable: return best
            }
        }
        return best
    }
}

extension [Int32] {
    /// The first place whose element meets the condition, in an array in which all that meet it come last.
    fileprivate func partitioningIndex(where condition: (Int32) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
