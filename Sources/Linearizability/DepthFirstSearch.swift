import PolygraphModels

/// A second engine of different make: the depth-first search of Wing and Gong with Lowe's cache.
///
/// It goes through all orders, one operation at a time, and remembers the sets of operations (with the state they lead
/// to) from which no order is left. It asks the model itself for every step, and shares no code with
/// `FrontierSearch`; it is there to contradict it.
struct DepthFirstSearch<M: Model> {
    /// An operation as the search sees it.
    struct Candidate: Sendable {
        var invoked: Int32
        var returned: Int32
        var call: Call

        var isMandatory: Bool { returned != PartitionOperation.never }
    }

    enum Answer: Hashable {
        case linearizable
        case notLinearizable
        /// The budget ran out.
        case undecided
    }

    /// A state and the operations that led to it.
    private struct Situation: Hashable {
        var taken: [UInt64]
        var state: M.State
    }

    private let model: M
    private let operations: [Candidate]
    /// Events in time order: `place` for an invocation, `~place` for a return.
    private var events: [Int] = []
    private var next: [Int] = []
    private var previous: [Int] = []
    private var invocationEvent: [Int]
    private var returnEvent: [Int]
    /// Of each optional operation the one before it with the same call, or -1: of two such the earlier goes first, as
    /// whatever the later one can do, the earlier one can.
    private var twin: [Int]

    /// - Parameters:
    ///   - operations: the operations of a partition, in order of invocation.
    ///   - required: the places of those that must take effect; the other mandatory ones may. Observers that need not
    ///     take effect are left out.
    init(_ operations: [Candidate], required: Set<Int>, model: M) {
        self.model = model
        let kept = Self.useful(operations, required: required, model: model)
        self.operations = kept
        invocationEvent = Array(repeating: -1, count: kept.count)
        returnEvent = Array(repeating: -1, count: kept.count)
        twin = Array(repeating: -1, count: kept.count)
        var latest: [Call: Int] = [:]
        for (place, operation) in kept.enumerated() where !operation.isMandatory {
            twin[place] = latest.updateValue(place, forKey: operation.call) ?? -1
        }
        var ranked: [(rank: Int32, event: Int)] = []
        for (place, operation) in kept.enumerated() {
            ranked.append((operation.invoked, place))
            if operation.isMandatory { ranked.append((operation.returned, ~place)) }
        }
        ranked.sort { $0.rank < $1.rank }
        events = ranked.map(\.event)
        for (position, event) in events.enumerated() {
            if event >= 0 { invocationEvent[event] = position } else { returnEvent[~event] = position }
        }
        // Position 0 of the links is the head; event e is at e + 1; the end is 0 again.
        next = (0...events.count).map { $0 == events.count ? 0 : $0 + 1 }
        previous = (0...events.count).map { $0 == 0 ? events.count : $0 - 1 }
    }

    /// Makes everything optional that is not required, and drops what then can never matter: observers, and
    /// operations that lead to a state which nothing that is left needs.
    private static func useful(
        _ operations: [Candidate], required: Set<Int>, model: M
    ) -> [Candidate] {
        var part: [Candidate] = []
        for (place, operation) in operations.enumerated() {
            if required.contains(place) {
                part.append(operation)
            } else if !model.isObserver(operation.call) {
                // What it answered is kept: if it did take effect, then with that answer.
                part.append(
                    Candidate(
                        invoked: operation.invoked, returned: PartitionOperation.never, call: operation.call))
            }
        }
        while true {
            var needed: Set<M.State> = []
            var needsAny = false
            for operation in part {
                switch model.shape(of: operation.call)?.guard {
                case .only(let state): needed.insert(state)
                case .always: break
                case .allBut, nil: needsAny = true
                }
            }
            if needsAny { return part }
            let smaller = part.filter { operation in
                guard !operation.isMandatory, let target = model.shape(of: operation.call)?.target else { return true }
                return needed.contains(target)
            }
            if smaller.count == part.count { return part }
            part = smaller
        }
    }

    /// Decides whether there is an order from any of the states.
    mutating func decide(from states: [M.State], within budget: Budget) -> Answer {
        var answer = Answer.notLinearizable
        for state in states {
            switch decide(from: state, within: budget) {
            case .linearizable: return .linearizable
            case .undecided: answer = .undecided
            case .notLinearizable: break
            }
        }
        return answer
    }

    mutating func decide(within budget: Budget) -> Answer { decide(from: model.initial, within: budget) }

    private mutating func decide(from initial: M.State, within budget: Budget) -> Answer {
        var state = initial
        var taken = [UInt64](repeating: 0, count: (operations.count + 63) / 64)
        var stack: [(place: Int, before: M.State)] = []
        var dead: Set<Situation> = []
        var left = operations.count { $0.isMandatory }
        let situationBytes = 64 + taken.count * 8
        var stateBytes = 0
        var entry = next[0]
        var steps = 0
        while left > 0 {
            steps += 1
            if steps & 1023 == 0 && (budget.timeIsUp || (dead.count * situationBytes + stateBytes) * 2 > budget.bytes) {
                return .undecided
            }
            if entry != 0, events[entry - 1] >= 0 {
                let place = events[entry - 1]
                let isSecond = twin[place] >= 0 && taken[twin[place] / 64] & (1 << UInt64(twin[place] % 64)) == 0
                if !isSecond, let reached = model.step(state, operations[place].call) {
                    taken[place / 64] |= 1 << UInt64(place % 64)
                    if !dead.contains(Situation(taken: taken, state: reached)) {
                        stack.append((place, state))
                        state = reached
                        unlink(place)
                        if operations[place].isMandatory { left -= 1 }
                        entry = next[0]
                        continue
                    }
                    taken[place / 64] &= ~(1 << UInt64(place % 64))
                }
                entry = next[entry]
                continue
            }
            // A return whose operation has not taken effect, or the end: nothing more can be tried from here.
            guard let (place, before) = stack.popLast() else { return .notLinearizable }
            if dead.insert(Situation(taken: taken, state: state)).inserted { stateBytes += StateSize.bytes(of: state) }
            taken[place / 64] &= ~(1 << UInt64(place % 64))
            state = before
            relink(place)
            if operations[place].isMandatory { left += 1 }
            entry = next[invocationEvent[place] + 1]
        }
        // As it was, for the next state.
        while let (place, _) = stack.popLast() { relink(place) }
        return .linearizable
    }

    private mutating func unlink(_ place: Int) {
        for event in [invocationEvent[place], returnEvent[place]] where event >= 0 {
            next[previous[event + 1]] = next[event + 1]
            previous[next[event + 1]] = previous[event + 1]
        }
    }

    private mutating func relink(_ place: Int) {
        for event in [returnEvent[place], invocationEvent[place]] where event >= 0 {
            next[previous[event + 1]] = event + 1
            previous[next[event + 1]] = event + 1
        }
    }
}
