import PolygraphModels

/// Looks for an order of a few operations with something about them changed: what would have to be different for the
/// history to make sense says what is wrong with it.
///
/// A plain search over all orders, which remembers from which situations there is none. It counts its steps instead of
/// looking at the clock, so that the same history is always named the same.
struct Counterfactual<M: Model> {
    struct Candidate {
        /// When it may begin to take effect, and by when it must have; `Int.max` for an operation that need not.
        var invoked: Int
        var returned: Int
        var isRequired: Bool
        var call: Call
    }

    enum Answer {
        case order
        case noOrder
        /// Too much to try.
        case undecided
    }

    private struct Situation: Hashable {
        var taken: UInt64
        var state: M.State
    }

    let model: M
    /// Steps of the model that are left for all questions together.
    private var steps: Int
    private var dead: Set<Situation> = []
    private var isCut = false

    /// The most candidates that a question may have.
    static var most: Int { 64 }

    init(model: M, steps: Int) {
        self.model = model
        self.steps = steps
    }

    /// Whether the required candidates, with any of the others, have an order from the model's initial state.
    mutating func ask(_ candidates: [Candidate]) -> Answer {
        guard candidates.count <= Self.most else { return .undecided }
        // What must be over soon is tried first, what need not happen last.
        let ordered = candidates.sorted {
            ($0.isRequired ? 0 : 1, $0.returned, $0.invoked) < ($1.isRequired ? 0 : 1, $1.returned, $1.invoked)
        }
        dead.removeAll(keepingCapacity: true)
        isCut = false
        if extend(0, model.initial, ordered) { return .order }
        return isCut ? .undecided : .noOrder
    }

    private mutating func extend(_ taken: UInt64, _ state: M.State, _ candidates: [Candidate]) -> Bool {
        var deadline = Int.max
        var isDone = true
        for (place, candidate) in candidates.enumerated() where candidate.isRequired && taken >> place & 1 == 0 {
            isDone = false
            deadline = min(deadline, candidate.returned)
        }
        if isDone { return true }
        if isCut || dead.contains(Situation(taken: taken, state: state)) { return false }
        for (place, candidate) in candidates.enumerated()
        where taken >> place & 1 == 0 && candidate.invoked <= deadline {
            if steps == 0 {
                isCut = true
                return false
            }
            steps -= 1
            guard let next = model.step(state, candidate.call) else { continue }
            if extend(taken | 1 << UInt64(place), next, candidates) { return true }
        }
        if !isCut { dead.insert(Situation(taken: taken, state: state)) }
        return false
    }
}
