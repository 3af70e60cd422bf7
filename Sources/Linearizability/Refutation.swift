import PolygraphModels

/// A key that has no valid order, with what proves it.
struct Refutation: Sendable {
    /// What the second engine says of it.
    enum Confirmation: Hashable, Sendable {
        /// It found no order of the few operations of the core either.
        case core
        /// It found no order of all operations up to the failed one either.
        case prefix
        /// Its budget ran out.
        case undecided
        /// It found an order: one of the engines is wrong.
        case contradicted
    }

    /// The place of the operation at whose return no order was left.
    var failed: Int
    /// Rank of that return.
    var rank: Int32
    /// Places of the operations that contradict each other, in order of invocation.
    var core: [Int]
    var isMinimal: Bool
    var confirmation: Confirmation

    /// Finds the first event at which no order is left, minimises and confirms.
    /// - Parameters:
    ///   - failed: the place of an operation at whose return, of rank `rank`, no order was left.
    ///   - suspects: places of operations that contradict each other without the others, where they are known.
    static func make<M: Model>(
        _ search: KeySearch<M>, failed: Int, rank: Int32, suspects: [Int32]?, within budget: Budget
    ) -> Refutation {
        let first = FirstFailure.find(search, failed: failed, rank: rank, suspects: suspects, within: budget)
        // Without the others the proof is the same, and much shorter to find.
        guard let suspects = first.suspects, suspects.contains(Int32(first.place)) else {
            return make(search, failed: first.place, rank: first.rank, within: budget)
        }
        let places = suspects.sorted()
        let failed = places.firstIndex(of: Int32(first.place)) ?? 0
        var refutation = make(search.restricted(to: places), failed: failed, rank: first.rank, within: budget)
        refutation.failed = first.place
        refutation.core = refutation.core.map { Int(places[$0]) }
        return refutation
    }

    private static func make<M: Model>(
        _ search: KeySearch<M>, failed: Int, rank: Int32, within budget: Budget
    ) -> Refutation {
        // Half for the search for a core, the rest for the second opinion.
        let half = max(0, (budget.deadline - Budget.now()) / 2)
        var coreSearch = CoreSearch(search, failed: failed, rank: rank, budget: budget.limited(to: half))
        let core = coreSearch.find()
        let known = search.operations.indices.filter { search.operations[$0].invoked <= rank }
        let prefix = known.map {
            DepthFirstSearch<M>.Candidate(
                invoked: search.operations[$0].invoked, returned: search.operations[$0].returned,
                call: search.call($0))
        }
        // Places in the prefix are places in the partition: both are in order of invocation.
        var second = DepthFirstSearch(prefix, required: Set(core.places), model: search.model)
        var confirmation: Confirmation
        switch second.decide(within: budget.limited(to: half / 2)) {
        case .notLinearizable: confirmation = .core
        case .linearizable: confirmation = .contradicted
        case .undecided:
            let all = Set(known.filter { search.operations[$0].returned <= rank })
            var whole = DepthFirstSearch(prefix, required: all, model: search.model)
            switch whole.decide(within: budget) {
            case .notLinearizable: confirmation = .prefix
            case .linearizable: confirmation = .contradicted
            case .undecided: confirmation = .undecided
            }
        }
        return Refutation(
            failed: failed, rank: rank, core: core.places, isMinimal: core.isMinimal, confirmation: confirmation)
    }
}
