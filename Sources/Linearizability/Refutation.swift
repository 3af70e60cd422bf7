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
    /// The rank before which the proof assumes nothing: whatever the state was then, there is no order. Nil where it
    /// goes back to the beginning.
    var start: Int32?
    /// Whether the operations outside of the core are taken as they were recorded: nobody could show in time that the
    /// core is impossible whatever they did.
    var dependsOnOthers = false

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
        // What was left out may yet be what made the rest impossible: a value that went before it could come again.
        let alone = search.decide(
            upTo: first.rank, required: Set(refutation.core), within: budget.limited(to: patience))
        switch alone.answer {
        case .invalid: break
        case .valid: return make(search, failed: first.place, rank: first.rank, within: budget)
        case .exhausted, .unjudgeable: refutation.dependsOnOthers = true
        }
        return refutation
    }

    private static func make<M: Model>(
        _ search: KeySearch<M>, failed: Int, rank: Int32, within budget: Budget
    ) -> Refutation {
        // Half for the search for a core, the rest for the second opinion; nobody waits minutes for a shorter proof.
        let half = min(max(0, (budget.deadline - Budget.now()) / 2), patience)
        let start = ProofWindow.start(search, upTo: rank, within: budget.limited(to: half / 4))
        var coreSearch = CoreSearch(search, failed: failed, rank: rank, from: start, budget: budget.limited(to: half))
        let core = coreSearch.find()
        let places = search.operations.indices.filter {
            search.operations[$0].invoked <= rank && search.operations[$0].returned >= start ?? 0
        }
        let candidates = places.map {
            DepthFirstSearch<M>.Candidate(
                invoked: search.operations[$0].invoked, returned: search.operations[$0].returned,
                call: search.call($0))
        }
        var confirmation = Confirmation.undecided
        for (required, confirmed) in [
            (core.places, Confirmation.core),
            (places.filter { search.operations[$0].returned <= rank }, .prefix),
        ] where confirmation == .undecided {
            let known = Set(required)
            var second = DepthFirstSearch(
                candidates,
                required: Set(
                    places.indices.filter {
                        known.contains(places[$0]) && search.operations[places[$0]].invoked >= start ?? 0
                    }),
                model: search.model)
            let states =
                start == nil ? [search.model.initial] : ProofWindow.states(search, around: places)
            switch second.decide(from: states, within: budget.limited(to: half / 2)) {
            case .notLinearizable: confirmation = confirmed
            case .linearizable: confirmation = .contradicted
            case .undecided: break
            }
        }
        return Refutation(
            failed: failed, rank: rank, core: core.places, isMinimal: core.isMinimal, confirmation: confirmation,
            start: start)
    }

    /// Nanoseconds for minimising, and again for confirming.
    private static var patience: Int64 { 2_000_000_000 }
}
