import PolygraphModels

/// Finds a few operations of a key that already contradict each other.
///
/// The only change made is to drop obligations (`KeySearch.decide(upTo:required:within:)`): a mutator that took effect
/// may as well not have, an observer is not heard. That can only make a history easier to order, so whatever is still
/// impossible is a proof for the whole history; and being impossible is monotone in the set of obligations, so
/// QuickXplain (Junker, 2004) finds a set of which no part is impossible alone.
struct CoreSearch<M: Model> {
    private let search: KeySearch<M>
    private let failed: Int
    private let rank: Int32
    private let start: Int32?
    private let budget: Budget
    private var interrupted = false

    /// - Parameters:
    ///   - failed: the place of the operation at whose return, of rank `rank`, no order was left.
    ///   - start: the rank before which nothing is known; nil for the beginning.
    init(_ search: KeySearch<M>, failed: Int, rank: Int32, from start: Int32?, budget: Budget) {
        self.search = search
        self.start = start
        self.failed = failed
        self.rank = rank
        self.budget = budget
    }

    struct Core {
        /// Places of the operations, in order of invocation; the failed one is always among them.
        var places: [Int]
        /// Whether no smaller part of them is impossible. Otherwise the budget ran out on the way there.
        var isMinimal: Bool
    }

    mutating func find() -> Core {
        let candidates = byPreference()
        // Most proofs need few of the preferred operations: find how many suffice, then minimise only those.
        var size = 4
        while size < candidates.count, !isInvalid(Array(candidates.prefix(size))) { size *= 4 }
        let part = Array(candidates.prefix(size))
        let places = isInvalid([]) ? [] : explain([], fresh: false, part)
        return Core(places: (places + [failed]).sorted(), isMinimal: !interrupted)
    }

    /// The operations that returned in time, in growing blocks of mutators and of observers: an acknowledged write says
    /// more than a read that saw it. In both, operations about the failed one's states take turns with all the others,
    /// latest first.
    private func byPreference() -> [Int] {
        let returned = search.operations.indices
            .filter {
                $0 != failed && search.operations[$0].returned <= rank && search.operations[$0].invoked >= start ?? 0
            }
            .sorted { search.operations[$0].returned > search.operations[$1].returned }
        let mutators = relatedFirst(returned.filter { !search.model.isObserver(search.call($0)) })
        let observers = relatedFirst(returned.filter { search.model.isObserver(search.call($0)) })
        var order: [Int] = []
        var (first, end) = (0, 8)
        while order.count < returned.count {
            order += mutators.dropFirst(first).prefix(end - first)
            order += observers.dropFirst(first).prefix(end - first)
            (first, end) = (end, end * 4)
        }
        return order
    }

    private func relatedFirst(_ places: [Int]) -> [Int] {
        let topics = topics(failed)
        let related = places.filter { !topics.isDisjoint(with: self.topics($0)) }
        var order: [Int] = []
        var seen: Set<Int> = []
        for turn in places.indices {
            if turn < related.count, seen.insert(related[turn]).inserted { order.append(related[turn]) }
            if seen.insert(places[turn]).inserted { order.append(places[turn]) }
        }
        return order
    }

    private func topics(_ place: Int) -> Set<M.State> {
        guard let shape = search.model.shape(of: search.call(place)) else { return [] }
        var states: Set<M.State> = []
        switch shape.guard {
        case .only(let state), .allBut(let state): states.insert(state)
        case .always: break
        }
        if let target = shape.target { states.insert(target) }
        return states
    }

    private mutating func isInvalid(_ places: [Int]) -> Bool {
        if budget.timeIsUp {
            interrupted = true
            return false
        }
        switch search.decide(upTo: rank, required: Set(places + [failed]), from: start, within: budget).answer {
        case .invalid: return true
        case .valid: return false
        case .exhausted, .unjudgeable:
            interrupted = true
            return false
        }
    }

    /// QuickXplain: the operations of `candidates`, preferred ones first, that `base` needs to be impossible.
    private mutating func explain(_ base: [Int], fresh: Bool, _ candidates: [Int]) -> [Int] {
        if fresh && isInvalid(base) { return [] }
        if candidates.count <= 1 { return candidates }
        let middle = candidates.count / 2
        let preferred = Array(candidates[..<middle])
        let others = Array(candidates[middle...])
        let fromOthers = explain(base + preferred, fresh: !preferred.isEmpty, others)
        let fromPreferred = explain(base + fromOthers, fresh: !fromOthers.isEmpty, preferred)
        return fromPreferred + fromOthers
    }
}
