/// Just-in-time linearization over a frontier of configurations (after Lowe, "Testing for linearizability", 2017).
///
/// Any valid order can be cut into batches, one right before each return event, each ending with the operation that
/// returns (empty when that one is in an earlier batch already). So the search goes through the events in time and
/// keeps the set of configurations that some order of what has returned so far can lead to. The set is empty after a
/// return: no order exists, and that event is the first at which none does. It is not empty after the last: one does.
///
/// What keeps the frontier small, and why nothing is lost:
/// - *Observers never branch*: in each state all open observers that it satisfies are marked. They change nothing, so
///   doing one early only removes an obligation.
/// - *Equal operations are one*: among open operations of one label only the first to return is tried, and a
///   mandatory one before an optional one; swapping two equal operations in an order keeps it valid.
/// - *Optional operations are counted by label*, with `Demand` and `LaneIndex` deciding when they are of use.
/// - *Hidden writes*: when a blind write x (possible in every state, leading to a fixed one) takes effect, every
///   other open blind write may have happened right before x, where nobody saw it. Such a write becomes *free*: on
///   its return it may be called done, or take effect then.
/// - *Unseen steps are not taken*: a blind or optional step that satisfies no observer must be followed by one that
///   needs its state. Otherwise it is followed by a blind write x, and the order without it (optional) or with it
///   hidden before x (mandatory) is valid too; or it ends the batch, which only the returning operation does.
/// - *Dominance* (`ConfigurationLayout.dominates`): a configuration that can imitate all that another can do makes the other superfluous.
final class FrontierSearch<Steps: Transitions> {
    private let schedule: Schedule
    private let table: LabelTable
    private var steps: Steps
    private let budget: Budget

    private let layout: ConfigurationLayout
    private let (doneAt, freeAt, seenAt, usedAt): (Int, Int, Int, Int)

    private var frontier: ConfigurationPool
    private var emitted: ConfigurationPool
    private var work: ConfigurationPool
    private let workSet: ConfigurationSet
    private let emittedSet: ConfigurationSet
    private var arena = WitnessArena()
    private let current: UnsafeMutablePointer<UInt64>
    private let candidate: UnsafeMutablePointer<UInt64>

    /// Open mandatory mutators by return, first first.
    private var openMutators: [Int32] = []
    private var openObservers: [Int32] = []
    /// Slots of open mutators that are blind writes.
    private var openBlind: [UInt64]
    private var available: [Int32]
    private var lanes: LaneIndex
    /// The lanes that may help an operation that is open at the present event.
    private var usableLanes: [Int32] = []
    private var stateNames: [Int32]
    private var failure: Exhaustion?

    /// Configurations that were expanded or kept, over all events.
    private(set) var visited = 0
    private(set) var largestFrontier = 1

    init(_ schedule: Schedule, table: LabelTable, steps: Steps, budget: Budget) {
        self.schedule = schedule
        self.table = table
        self.steps = steps
        self.budget = budget
        layout = ConfigurationLayout(schedule)
        (doneAt, freeAt, seenAt, usedAt) = (layout.doneAt, layout.freeAt, layout.seenAt, layout.usedAt)
        let width = layout.width
        frontier = ConfigurationPool(width: width)
        emitted = ConfigurationPool(width: width)
        work = ConfigurationPool(width: width)
        workSet = ConfigurationSet(keyWords: layout.linkAt)
        emittedSet = ConfigurationSet(keyWords: layout.linkAt)
        current = .allocate(capacity: width)
        candidate = .allocate(capacity: width)
        current.initialize(repeating: 0, count: width)
        candidate.initialize(repeating: 0, count: width)
        openBlind = Array(repeating: 0, count: schedule.mutatorWords)
        available = Array(repeating: 0, count: schedule.lanes.count)
        stateNames = schedule.stateNames
        lanes = LaneIndex(schedule, table: table)
    }

    deinit {
        current.deallocate()
        candidate.deallocate()
    }

    /// How a search ended.
    enum End {
        /// There is an order; these are its steps.
        case found([(step: WitnessArena.Step, event: Int32)])
        /// There is none for the events up to this one.
        case none(event: Int)
        case exhausted(Exhaustion, event: Int)
    }

    func run() -> End {
        layout.setState(current, name(steps.initial))
        layout.setNode(current, WitnessArena.root)
        frontier.append(current)
        for (position, event) in schedule.events.enumerated() {
            switch event.kind {
            case .invokeMutator: open(event.argument)
            case .invokeObserver: openObservers.append(event.argument)
            case .invokeOptional:
                if available[Int(event.lane)] == 0 { lanes.open(event.lane) }
                available[Int(event.lane)] += 1
            case .returnMutator, .returnObserver:
                returns(event.argument, observer: event.kind == .returnObserver, event: Int32(position))
                if let failure { return .exhausted(failure, event: position) }
                if frontier.count == 0 { return .none(event: position) }
            case .mergeLane: mergeLane(event.argument)
            case .closeLane: closeLane(event.argument)
            case .forgetState: forgetState(event.argument)
            }
        }
        return .found(arena.path(to: layout.node(frontier[0])))
    }

    // MARK: - Events

    private func open(_ operation: Int32) {
        let rank = schedule.operations[Int(operation)].returned
        var place = openMutators.count
        while place > 0 && schedule.operations[Int(openMutators[place - 1])].returned > rank { place -= 1 }
        openMutators.insert(operation, at: place)
        if isBlind(label(operation)) {
            let slot = Int(schedule.slot[Int(operation)])
            openBlind[slot >> 6] |= 1 << UInt64(slot & 63)
        }
    }

    private func returns(_ operation: Int32, observer: Bool, event: Int32) {
        let slot = Int(schedule.slot[Int(operation)])
        let word = (observer ? seenAt : doneAt) + slot >> 6
        let freeWord = freeAt + slot >> 6
        let bit: UInt64 = 1 << UInt64(slot & 63)
        emitted.removeAll()
        emittedSet.removeAll()
        work.removeAll()
        workSet.removeAll()
        // Taking a free write's effect now is of use only while its state is.
        let late: Bool
        if !observer, let demand = schedule.demand, isBlind(label(operation)) {
            late = demand.ofUseUntil(table.target[Int(label(operation))]) <= schedule.events[Int(event)].rank
        } else {
            late = false
        }
        for place in 0..<frontier.count {
            current.update(from: frontier[place], count: layout.width)
            saturate(current)
            if current[word] & bit != 0 {
                current[word] &= ~bit
                _ = emittedSet.insert(current, into: emitted)
            } else {
                if !observer && current[freeWord] & bit != 0 {
                    candidate.update(from: current, count: layout.width)
                    candidate[freeWord] &= ~bit
                    emit(candidate, .hidden(operation), event, after: layout.node(current))
                    if late { continue }
                }
                _ = workSet.insert(current, into: work)
            }
        }
        if frontier.count > 1024 && isExhausted() { return }
        if work.count > 0 { findUsableLanes() }
        var next = 0
        while next < work.count {
            if next & 127 == 0 && isExhausted() { return }
            current.update(from: work[next], count: layout.width)
            expand(returning: operation, observer: observer, word: word, bit: bit, event: event)
            next += 1
        }
        visited += next + emitted.count
        if observer {
            openObservers.removeAll { $0 == operation }
        } else {
            openMutators.removeAll { $0 == operation }
            if isBlind(label(operation)) { openBlind[slot >> 6] &= ~bit }
        }
        swap(&frontier, &emitted)
        settle()
    }

    /// Prunes the new frontier and keeps the books.
    private func settle() {
        if frontier.count > 1 { layout.prune(frontier) }
        largestFrontier = max(largestFrontier, frontier.count)
        if arena.needsSweep {
            let links = arena.sweep(keeping: (0..<frontier.count).map { layout.node(frontier[$0]) })
            for place in 0..<frontier.count { layout.setNode(frontier[place], links[place]) }
        }
    }

    private func mergeLane(_ lane: Int32) {
        let from = schedule.lanes[Int(lane)]
        let into = schedule.lanes[Int(schedule.indistinctLane)]
        for place in 0..<frontier.count {
            let configuration = frontier[place]
            let count = (configuration[usedAt + from.word] & from.mask) >> from.shift
            configuration[usedAt + from.word] &= ~from.mask
            configuration[usedAt + into.word] += count << into.shift
        }
        if available[Int(lane)] > 0 {
            if available[Int(schedule.indistinctLane)] == 0 { lanes.open(schedule.indistinctLane) }
            available[Int(schedule.indistinctLane)] += available[Int(lane)]
        }
        retire(lane)
    }

    private func closeLane(_ lane: Int32) {
        let closed = schedule.lanes[Int(lane)]
        for place in 0..<frontier.count { frontier[place][usedAt + closed.word] &= ~closed.mask }
        retire(lane)
    }

    private func retire(_ lane: Int32) {
        if available[Int(lane)] > 0 { lanes.close(lane) }
        available[Int(lane)] = 0
        if frontier.count > 1 { layout.prune(frontier) }
    }

    private func forgetState(_ forgotten: Int32) {
        stateNames[Int(forgotten)] = LabelTable.indistinct
        var changed = false
        for place in 0..<frontier.count where layout.state(frontier[place]) == forgotten {
            layout.setState(frontier[place], LabelTable.indistinct)
            changed = true
        }
        if changed && frontier.count > 1 { layout.prune(frontier) }
    }

    /// An optional step is taken only for the sake of an open operation that needs its state, or of another optional
    /// step that does and is taken for such a sake (*unseen steps are not taken*, one after the other).
    private func findUsableLanes() {
        guard Steps.areShaped else {
            usableLanes = lanes.all
            return
        }
        lanes.findUseful(for: [openMutators, openObservers], schedule, into: &usableLanes)
    }

    // MARK: - Steps

    /// Takes every step from `current` that may lead to the return of `operation`.
    private func expand(returning operation: Int32, observer: Bool, word: Int, bit: UInt64, event: Int32) {
        let consume = current[0] & ConfigurationLayout.mustConsume != 0
        let from = layout.state(current)
        for (rank, mutator) in openMutators.enumerated() {
            let label = label(mutator)
            let blind = isBlind(label)
            if consume && blind { continue }
            let slot = Int(schedule.slot[Int(mutator)])
            let slotBit: UInt64 = 1 << UInt64(slot & 63)
            if current[doneAt + slot >> 6] & slotBit != 0 { continue }
            if hasEqual(before: rank, label: label, free: current[freeAt + slot >> 6] & slotBit != 0) { continue }
            let reached = steps.next(from, label)
            if reached < 0 { continue }
            candidate.update(from: current, count: layout.width)
            candidate[doneAt + slot >> 6] |= slotBit
            candidate[freeAt + slot >> 6] &= ~slotBit
            take(
                reached, blind: blind, returns: !observer && mutator == operation, unseenAllowed: !blind, word: word,
                bit: bit, observer: observer, step: .operation(mutator), event: event)
        }
        for lane in usableLanes { use(lane, from: from, consume: consume, word, bit, observer, event) }
    }

    private func use(
        _ lane: Int32, from: Int32, consume: Bool, _ word: Int, _ bit: UInt64, _ observer: Bool, _ event: Int32
    ) {
        let group = schedule.lanes[Int(lane)]
        let used = (current[usedAt + group.word] & group.mask) >> group.shift
        if used >= UInt64(available[Int(lane)]) { return }
        let blind = isBlind(group.label)
        if consume && blind { return }
        let reached = group.isIndistinct ? LabelTable.indistinct : steps.next(from, group.label)
        if reached < 0 || hasEqualMutator(group.label, indistinct: group.isIndistinct) { return }
        candidate.update(from: current, count: layout.width)
        candidate[usedAt + group.word] += 1 << group.shift
        take(
            reached, blind: blind, returns: false, unseenAllowed: !Steps.areShaped, word: word, bit: bit,
            observer: observer, step: .lane(lane), event: event)
    }

    /// Completes the step in `candidate`, and emits or queues it.
    private func take(
        _ reached: Int32, blind: Bool, returns: Bool, unseenAllowed: Bool, word: Int, bit: UInt64, observer: Bool,
        step: WitnessArena.Step, event: Int32
    ) {
        layout.setState(candidate, name(reached))
        if blind {
            for part in 0..<schedule.mutatorWords {
                candidate[freeAt + part] |= openBlind[part] & ~candidate[doneAt + part]
            }
        }
        let seen = saturate(candidate)
        if returns || (observer && candidate[word] & bit != 0) {
            candidate[word] &= ~bit
            emit(candidate, step, event, after: layout.node(current))
            return
        }
        if !seen && !unseenAllowed {
            if !hasGuardedStep(candidate) { return }
            candidate[0] |= ConfigurationLayout.mustConsume
        }
        let place = workSet.insert(candidate, into: work)
        if place >= 0 { layout.setNode(work[place], arena.append(step, event: event, after: layout.node(current))) }
    }

    private func emit(
        _ configuration: UnsafeMutablePointer<UInt64>, _ step: WitnessArena.Step, _ event: Int32, after parent: Int32
    ) {
        let place = emittedSet.insert(configuration, into: emitted)
        if place >= 0 { layout.setNode(emitted[place], arena.append(step, event: event, after: parent)) }
    }

    /// Marks every open observer that the state satisfies.
    /// - Returns: whether any was not marked before.
    @discardableResult
    private func saturate(_ configuration: UnsafeMutablePointer<UInt64>) -> Bool {
        var fresh = false
        let state = layout.state(configuration)
        for observer in openObservers {
            let slot = Int(schedule.slot[Int(observer)])
            let bit: UInt64 = 1 << UInt64(slot & 63)
            if configuration[seenAt + slot >> 6] & bit == 0 && steps.next(state, label(observer)) >= 0 {
                configuration[seenAt + slot >> 6] |= bit
                fresh = true
            }
        }
        return fresh
    }

    /// Whether a step that needs the present state is possible.
    private func hasGuardedStep(_ configuration: UnsafeMutablePointer<UInt64>) -> Bool {
        let state = layout.state(configuration)
        for mutator in openMutators where !isBlind(label(mutator)) {
            let slot = Int(schedule.slot[Int(mutator)])
            if configuration[doneAt + slot >> 6] & (1 << UInt64(slot & 63)) == 0
                && steps.next(state, label(mutator)) >= 0
            {
                return true
            }
        }
        for lane in usableLanes {
            let group = schedule.lanes[Int(lane)]
            if isBlind(group.label) { continue }
            let used = (configuration[usedAt + group.word] & group.mask) >> group.shift
            if used < UInt64(available[Int(lane)]) && steps.next(state, group.label) >= 0 { return true }
        }
        return false
    }

    /// Whether `current` can take an equal step of the same standing that returns earlier.
    private func hasEqual(before rank: Int, label sought: Int32, free: Bool) -> Bool {
        for place in 0..<rank where label(openMutators[place]) == sought {
            let slot = Int(schedule.slot[Int(openMutators[place])])
            let bit: UInt64 = 1 << UInt64(slot & 63)
            if current[doneAt + slot >> 6] & bit == 0 && (current[freeAt + slot >> 6] & bit != 0) == free {
                return true
            }
        }
        return false
    }

    /// Whether a mandatory operation can take the step that an optional one would.
    private func hasEqualMutator(_ sought: Int32, indistinct: Bool) -> Bool {
        for mutator in openMutators {
            let label = label(mutator)
            let equal =
                indistinct
                ? isBlind(label) && name(table.target[Int(label)]) == LabelTable.indistinct : label == sought
            let slot = Int(schedule.slot[Int(mutator)])
            if equal && current[doneAt + slot >> 6] & (1 << UInt64(slot & 63)) == 0 { return true }
        }
        return false
    }

    private func isExhausted() -> Bool {
        let bytes =
            frontier.bytes + emitted.bytes + work.bytes + workSet.bytes + emittedSet.bytes + arena.bytes + steps.bytes
        // Tables grow by doubling, and hold the old and the new one meanwhile.
        if bytes * 2 > budget.bytes {
            failure = .memory
        } else if budget.timeIsUp {
            failure = .time
        }
        return failure != nil
    }

    // MARK: - Fields

    @inline(__always)
    private func label(_ operation: Int32) -> Int32 { schedule.operations[Int(operation)].label }

    @inline(__always)
    private func isBlind(_ label: Int32) -> Bool {
        Steps.areShaped && table.condition[Int(label)] == .always && !table.isObserver[Int(label)]
    }

    @inline(__always)
    private func name(_ state: Int32) -> Int32 { Steps.areShaped ? stateNames[Int(state)] : state }
}
