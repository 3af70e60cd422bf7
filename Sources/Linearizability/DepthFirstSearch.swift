import PolygraphModels

/// A second engine of different make: the depth-first search of Wing and Gong with Lowe's cache.
///
/// It goes through all orders, one operation at a time, and remembers the situations in which it has been
/// (`SituationTable`). It asks the model itself for every step, and shares no code with `FrontierSearch`; it is there to
/// contradict it.
///
/// Operations that need not take effect come in groups that mean the same: of a group the earliest goes first, as
/// whatever a later one can do, it can. Where they have shapes, they may first take effect any number of times once
/// invoked: where even that gives no order there is none, and there are few situations to tell apart. Otherwise they are
/// counted.
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

    /// Operations that need not take effect and mean the same.
    private struct Group {
        var label: Int
        /// When each was invoked, in order.
        var invoked: [Int32]
    }

    /// A step that was taken: a required operation (`place`) or one of a group (`~group`), the state before it, and
    /// whether nothing else had to be tried.
    private struct Frame {
        var choice: Int
        var before: Int32
        var isForced: Bool
    }

    private let model: M
    /// Those that must take effect, in order of invocation.
    private var operations: [Candidate] = []
    private var groups: [Group] = []
    /// The different calls, and those of the operations.
    private var calls: [Call] = []
    private var labels: [Int] = []
    private var isObserver: [Bool] = []
    /// Every state that was met, and the steps between them as far as they are known: -1 for none, -2 for not yet.
    private var states: [M.State] = []
    private var numbers: [M.State: Int32] = [:]
    private var steps: [Int32] = []
    private var stateBytes = 0
    /// Events in time order: `place` for an invocation, `~place` for a return.
    private var events: [Int] = []
    private var next: [Int] = []
    private var previous: [Int] = []
    private var invocationEvent: [Int]
    private var returnEvent: [Int]
    /// Which operations took effect, the first that did not and the number of those, and how many of each group.
    private var taken: [UInt64]
    private var first = 0
    private var left: Int
    /// No later one took effect.
    private var reach = 0
    private var used: [Int32]

    /// Steps are kept for so few calls only.
    private static var rememberedCalls: Int { 256 }

    /// - Parameters:
    ///   - operations: the operations of a partition, in order of invocation.
    ///   - required: the places of those that must take effect; the other mandatory ones may. Observers that need not
    ///     take effect are left out.
    init(_ operations: [Candidate], required: Set<Int>, model: M) {
        self.model = model
        var number: [Call: Int] = [:]
        var shaped: [Shape<M.State>: Int] = [:]
        var groupOf: [Int: Int] = [:]
        for operation in Self.useful(operations, required: required, model: model) {
            var label = number[operation.call] ?? -1
            if label < 0 {
                // Calls of one shape mean the same, whatever they were answered.
                let shape = model.shape(of: operation.call)
                label = shape.flatMap { shaped[$0] } ?? calls.count
                if label == calls.count {
                    calls.append(operation.call)
                    isObserver.append(model.isObserver(operation.call))
                }
                number[operation.call] = label
                if let shape { shaped[shape] = label }
            }
            if operation.isMandatory {
                self.operations.append(operation)
                labels.append(label)
            } else if let group = groupOf[label] {
                groups[group].invoked.append(operation.invoked)
            } else {
                groupOf[label] = groups.count
                groups.append(Group(label: label, invoked: [operation.invoked]))
            }
        }
        let count = self.operations.count
        invocationEvent = Array(repeating: -1, count: count)
        returnEvent = Array(repeating: -1, count: count)
        taken = Array(repeating: 0, count: (count + 63) / 64)
        left = count
        used = Array(repeating: 0, count: groups.count)
        var ranked: [(rank: Int32, event: Int)] = []
        for (place, operation) in self.operations.enumerated() {
            ranked.append((operation.invoked, place))
            ranked.append((operation.returned, ~place))
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
        // Without shapes, operations without end lead to states without end.
        if !groups.isEmpty, groups.allSatisfy({ model.shape(of: calls[$0.label]) != nil }) {
            let share = budget.limited(to: (budget.deadline &- Budget.now()) / 2)
            if decide(from: states, isCounting: false, within: share) == .notLinearizable { return .notLinearizable }
        }
        return decide(from: states, isCounting: true, within: budget)
    }

    mutating func decide(within budget: Budget) -> Answer { decide(from: [model.initial], within: budget) }

    private mutating func decide(from starts: [M.State], isCounting: Bool, within budget: Budget) -> Answer {
        var table = SituationTable(groups: isCounting ? groups.count : 0)
        for start in starts {
            let answer = decide(from: number(of: start), &table, isCounting, budget)
            // Where there is no order from one state, what was met on the way leads to none from the next one either.
            if answer != .notLinearizable { return answer }
        }
        return .notLinearizable
    }

    private mutating func decide(
        from initial: Int32, _ table: inout SituationTable, _ isCounting: Bool, _ budget: Budget
    ) -> Answer {
        var state = initial
        var frames: [Frame] = []
        var key: [UInt64] = []
        var rounds = 0
        defer { while let frame = frames.popLast() { undo(frame.choice, isCounting) } }
        while true {
            rounds += 1
            if rounds & 1023 == 0, budget.timeIsUp || (table.bytes + stateBytes) * 2 > budget.bytes {
                return .undecided
            }
            // What changes nothing can only help by taking effect as soon as it can.
            while let place = possibleObserver(state) {
                frames.append(Frame(choice: place, before: state, isForced: true))
                take(place)
            }
            if left == 0 { return .linearizable }
            describe(state, &key)
            var cursor = table.insert(key, used: used) ? next[0] : -1
            while true {
                if let (choice, reached) = nextChoice(&cursor, state, isCounting) {
                    frames.append(Frame(choice: choice, before: state, isForced: false))
                    if choice >= 0 { take(choice) } else if isCounting { used[~choice] += 1 }
                    state = reached
                    break
                }
                // Nothing more can be tried from here.
                var isForced = true
                while isForced {
                    guard let frame = frames.popLast() else { return .notLinearizable }
                    undo(frame.choice, isCounting)
                    state = frame.before
                    isForced = frame.isForced
                    cursor =
                        frame.choice >= 0
                        ? next[invocationEvent[frame.choice] + 1] : events.count + 2 + ~frame.choice
                }
            }
        }
    }

    /// The next operation that can take effect, with the state after it.
    /// - Parameter cursor: where to go on: in the list of events, from `events.count + 1` on among the groups, or -1
    ///   for the end.
    private mutating func nextChoice(
        _ cursor: inout Int, _ state: Int32, _ isCounting: Bool
    ) -> (choice: Int, reached: Int32)? {
        if cursor < 0 { return nil }
        while cursor <= events.count {
            // A return: what was invoked after it cannot come before.
            guard cursor != 0, events[cursor - 1] >= 0 else {
                cursor = events.count + 1
                break
            }
            let place = events[cursor - 1]
            cursor = next[cursor]
            // Observers that were possible took effect before.
            if isObserver[labels[place]] { continue }
            let reached = step(state, labels[place])
            if reached >= 0 { return (place, reached) }
        }
        if cursor > events.count + groups.count { return nil }
        let deadline = firstReturn()
        while cursor <= events.count + groups.count {
            let group = cursor - events.count - 1
            cursor += 1
            let number = isCounting ? Int(used[group]) : 0
            guard number < groups[group].invoked.count, groups[group].invoked[number] < deadline else { continue }
            let reached = step(state, groups[group].label)
            if reached >= 0, reached != state { return (~group, reached) }
        }
        return nil
    }

    private mutating func possibleObserver(_ state: Int32) -> Int? {
        var position = next[0]
        while position != 0, events[position - 1] >= 0 {
            let place = events[position - 1]
            if isObserver[labels[place]], step(state, labels[place]) == state { return place }
            position = next[position]
        }
        return nil
    }

    /// The rank of the first return of an operation that has not taken effect.
    private func firstReturn() -> Int32 {
        var position = next[0]
        while position != 0, events[position - 1] >= 0 { position = next[position] }
        return position == 0 ? .max : operations[~events[position - 1]].returned
    }

    /// The words that name the situation, without what was used.
    private func describe(_ state: Int32, _ key: inout [UInt64]) {
        key.removeAll(keepingCapacity: true)
        key.append(UInt64(UInt32(bitPattern: state)) << 32 | UInt64(first))
        var end = reach / 64 + 1
        while end > first / 64, end > 0, end > taken.count || taken[end - 1] == 0 { end -= 1 }
        if first / 64 < end { key.append(contentsOf: taken[(first / 64)..<end]) }
    }

    // MARK: - States

    private mutating func number(of state: M.State) -> Int32 {
        if let known = numbers[state] { return known }
        let number = Int32(states.count)
        numbers[state] = number
        states.append(state)
        stateBytes += StateSize.bytes(of: state)
        if calls.count <= Self.rememberedCalls {
            steps.append(contentsOf: repeatElement(-2, count: calls.count))
            stateBytes += calls.count * 4
        }
        return number
    }

    /// The state after a call, or -1 where the model forbids it.
    private mutating func step(_ state: Int32, _ label: Int) -> Int32 {
        let isRemembered = calls.count <= Self.rememberedCalls
        if isRemembered, case let known = steps[Int(state) * calls.count + label], known > -2 { return known }
        let reached = model.step(states[Int(state)], calls[label]).map { number(of: $0) } ?? -1
        if isRemembered { steps[Int(state) * calls.count + label] = reached }
        return reached
    }

    // MARK: - Steps

    private mutating func take(_ place: Int) {
        taken[place / 64] |= 1 << UInt64(place % 64)
        left -= 1
        reach = max(reach, place)
        if place == first {
            while first < operations.count, taken[first / 64] >> UInt64(first % 64) & 1 == 1 { first += 1 }
        }
        for event in [invocationEvent[place], returnEvent[place]] {
            next[previous[event + 1]] = next[event + 1]
            previous[next[event + 1]] = previous[event + 1]
        }
    }

    private mutating func undo(_ choice: Int, _ isCounting: Bool) {
        guard choice >= 0 else {
            if isCounting { used[~choice] -= 1 }
            return
        }
        taken[choice / 64] &= ~(1 << UInt64(choice % 64))
        left += 1
        first = min(first, choice)
        for event in [returnEvent[choice], invocationEvent[choice]] {
            next[previous[event + 1]] = event + 1
            previous[next[event + 1]] = event + 1
        }
    }
}
