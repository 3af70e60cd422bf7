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
/// - *Dominance* (`ConfigurationLayout.dominates`): a configuration that can imitate all that another can do makes
///   the other superfluous.
///
/// A *beam* keeps only the most promising configurations of a frontier. While it lives, nothing is lost: whatever it
/// ends with is an order. When it dies, the search goes back to an earlier snapshot with a wider beam, and at last, with
/// no beam at all, to the newest snapshot from which nothing had been left out.
final class FrontierSearch<Steps: Transitions> {
    let schedule: Schedule
    let table: LabelTable
    @exclusivity(unchecked) var steps: Steps
    private let budget: Budget
    let layout: ConfigurationLayout

    @exclusivity(unchecked) var frontier: ConfigurationPool
    let emitted: DominantSet
    let work: DominantSet
    @exclusivity(unchecked) var arena = WitnessArena()
    let current: UnsafeMutablePointer<UInt64>
    let candidate: UnsafeMutablePointer<UInt64>

    let open: OpenOperations
    /// Operations of each lane that were invoked.
    @exclusivity(unchecked) var available: [Int32]
    @exclusivity(unchecked) var lanes: LaneIndex
    /// The lanes that may help an operation that is open at the present event.
    @exclusivity(unchecked) var usableLanes: [Int32] = []
    @exclusivity(unchecked) var stateNames: FlatArray<Int32>
    /// States that were told from no other from some event on, in time order.
    @exclusivity(unchecked) var forgotten: [(position: Int, state: Int32)] = []
    @exclusivity(unchecked) private var failure: Exhaustion?
    /// Bytes of remembered states at which it is worth forgetting some.
    @exclusivity(unchecked) private var forgetAt = 16 << 20

    /// Configurations kept after an event; all where it is `Int.max`.
    @exclusivity(unchecked) private var beam: Int
    private let firstBeam: Int
    private let fallsBack: Bool
    private let startsAnywhere: Bool
    @exclusivity(unchecked) private var selection: BeamSelection
    @exclusivity(unchecked) var snapshots: SnapshotHistory
    /// Whether the frontier holds all configurations that no other makes superfluous.
    @exclusivity(unchecked) var isComplete = true

    /// Configurations that were expanded or kept, over all events.
    @exclusivity(unchecked) private(set) var visited = 0
    @exclusivity(unchecked) private(set) var largestFrontier = 1

    /// - Parameters:
    ///   - beam: configurations that are kept at first; `Int.max` for all, always.
    ///   - startsAnywhere: whether any state of a table with shapes can be the first.
    ///   - fallsBack: whether to go on without a beam where the widest one died.
    init(
        _ schedule: Schedule, table: LabelTable, steps: Steps, budget: Budget, beam: Int = .max, fallsBack: Bool = true,
        startsAnywhere: Bool = false
    ) {
        self.startsAnywhere = startsAnywhere
        self.fallsBack = fallsBack
        self.schedule = schedule
        self.table = table
        self.steps = steps
        self.budget = budget
        self.beam = beam
        firstBeam = beam
        layout = ConfigurationLayout(schedule)
        let width = layout.width
        frontier = ConfigurationPool(width: width)
        emitted = DominantSet(layout, states: Int(table.stateCount))
        work = DominantSet(layout, states: Int(table.stateCount))
        current = .allocate(capacity: width)
        candidate = .allocate(capacity: width)
        current.initialize(repeating: 0, count: width)
        candidate.initialize(repeating: 0, count: width)
        open = OpenOperations(schedule, table: table, layout: layout)
        available = Array(repeating: 0, count: schedule.lanes.count)
        stateNames = FlatArray(schedule.stateNames)
        lanes = LaneIndex(schedule, table: table)
        snapshots = SnapshotHistory(width: width)
        selection = BeamSelection(layout)
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
        /// The beam died at this event, which says nothing.
        case dead(event: Int)
        case exhausted(Exhaustion, event: Int)
    }

    func run() -> End {
        layout.setNode(current, WitnessArena.root)
        if startsAnywhere {
            for state in 0..<table.stateCount where name(state) == state {
                layout.setState(current, state)
                frontier.append(current)
            }
        } else {
            layout.setState(current, name(steps.initial))
            frontier.append(current)
        }
        takeSnapshot(event: 0)
        return advance(from: 0, to: schedule.events.count) ?? .found(arena.path(to: layout.node(frontier[0])))
    }

    /// Goes on from the event at `start` to the one before `end`.
    /// - Returns: nil when it got there.
    func advance(from start: Int, to end: Int) -> End? {
        var position = start
        while position < end {
            let event = schedule.events[position]
            switch event.kind {
            case .returnMutator, .returnObserver:
                returns(event.argument, observer: event.kind == .returnObserver, event: Int32(position))
                if let failure { return .exhausted(failure, event: position) }
                if frontier.count == 0 {
                    if isComplete { return .none(event: position) }
                    if !fallsBack && snapshots.isAtEnd(position) { return .dead(event: position) }
                    position = goBack(from: position)
                    continue
                }
                if beam != .max && position >= snapshots.nextAt {
                    takeSnapshot(event: position + 1)
                }
                if beam != firstBeam && position >= snapshots.narrowAgainAt { narrow(after: position) }
            default: pass(event, at: position)
            }
            position += 1
        }
        return nil
    }

    // MARK: - Events

    /// Takes an event that makes nobody choose.
    private func pass(_ event: Schedule.Event, at position: Int) {
        switch event.kind {
        case .invokeMutator: open.openMutator(event.argument)
        case .invokeObserver: open.openObserver(event.argument)
        case .invokeOptional:
            if available[Int(event.lane)] == 0 { lanes.open(event.lane) }
            available[Int(event.lane)] += 1
        case .mergeLane: mergeLane(event.argument)
        case .closeLane: closeLane(event.argument)
        case .forgetState: forgetState(event.argument, at: position)
        case .returnMutator, .returnObserver: break
        }
    }

    private func returns(_ operation: Int32, observer: Bool, event: Int32) {
        let slot = open.slot(operation)
        let word = (observer ? layout.seenAt : layout.doneAt) + slot >> 6
        let freeWord = layout.freeAt + slot >> 6
        let bit: UInt64 = 1 << UInt64(slot & 63)
        // Taking a free write's effect now is of use only while its state is.
        let label = open.label(operation)
        let late: Bool
        if !observer, let demand = schedule.demand, open.isBlind(label) {
            late = demand.ofUseUntil(table.target[Int(label)]) <= schedule.events[Int(event)].rank
        } else {
            late = false
        }
        for place in 0..<frontier.count {
            let configuration = frontier[place]
            saturate(configuration)
            if configuration[word] & bit != 0 {
                configuration[word] &= ~bit
                _ = emitted.insert(configuration)
            } else {
                if !observer && configuration[freeWord] & bit != 0 {
                    frontier.copy(configuration, to: candidate)
                    candidate[freeWord] &= ~bit
                    emit(candidate, .hidden(operation), event, after: layout.node(configuration))
                    if late { continue }
                }
                _ = work.insert(configuration)
            }
        }
        if frontier.count > 1024 && isExhausted() { return }
        if work.count > 0 { findUsableLanes() }
        let batch = Batch(operation: operation, isObserver: observer, word: word, bit: bit, event: event)
        let quota = beam == firstBeam ? 0 : beam / 8
        var optionalNext = 0
        var next = 0
        while next < work.count {
            if next & 127 == 0 && isExhausted() { return }
            if !work.isSuperfluous(next) {
                frontier.copy(work.pool[next], to: current)
                expand(batch)
                if beam == .max { expandOptional(batch) }
            }
            next += 1
            // The ones with the fewest steps come first; a beam keeps few of the others.
            if beam != .max && emitted.count >= 2 &* beam && next < work.count {
                isComplete = false
                break
            }
            // A beam spends optional operations only where it cannot go on without.
            while next == work.count && beam != .max && emitted.count <= quota && optionalNext < next {
                let end = next
                while optionalNext < end {
                    if !work.isSuperfluous(optionalNext) {
                        frontier.copy(work.pool[optionalNext], to: current)
                        expandOptional(batch)
                    }
                    optionalNext += 1
                }
            }
        }
        if optionalNext < next && !usableLanes.isEmpty && beam != .max { isComplete = false }
        visited += next + emitted.count
        work.removeAll()
        if observer { open.closeObserver(operation) } else { open.closeMutator(operation) }
        emitted.take(into: &frontier)
        settle()
    }

    /// Narrows the new frontier and keeps the books.
    private func settle() {
        largestFrontier = max(largestFrontier, frontier.count)
        if frontier.count > beam {
            let count = frontier.count
            selection.narrow(frontier, to: beam)
            if frontier.count < count { isComplete = false }
        }
        if steps.bytes > forgetAt { forgetStates() }
        if arena.needsSweep {
            let nodes = (0..<frontier.count).map { layout.node(frontier[$0]) }
            let links = arena.sweep(keeping: nodes + snapshots.nodes(layout))
            for place in 0..<frontier.count { layout.setNode(frontier[place], links[place]) }
            snapshots.rename(Array(links.dropFirst(frontier.count)), layout)
        }
    }

    /// States that nothing refers to any more are forgotten: those of a long queue or list are large.
    private func forgetStates() {
        let own = (0..<frontier.count).map { layout.state(frontier[$0]) }
        if let names = steps.forget(allBut: own + snapshots.states()) {
            for place in 0..<frontier.count {
                frontier[place][0] = frontier[place][0] & ~0xffff_ffff | UInt64(UInt32(bitPattern: names[place]))
            }
            snapshots.renameStates(Array(names.dropFirst(frontier.count)))
        }
        forgetAt = max(16 << 20, steps.bytes * 2)
    }

    // MARK: - Beam

    func takeSnapshot(event: Int) {
        snapshots.add(
            frontier, open: open.saved, available: available, lanes: lanes, event: event, isComplete: isComplete)
    }

    /// Returns to an earlier snapshot with a wider beam.
    /// - Returns: the event to go on with.
    private func goBack(from death: Int) -> Int {
        let (snapshot, wider) = snapshots.goBack(from: death, firstBeam: firstBeam)
        beam = wider
        isComplete = snapshot.isComplete
        open.restore(snapshot.open)
        available = snapshot.available
        lanes = snapshot.lanes
        stateNames.base.update(from: schedule.stateNames, count: schedule.stateNames.count)
        for (position, state) in forgotten where position < snapshot.event {
            stateNames[Int(state)] = LabelTable.indistinct
        }
        frontier.removeAll()
        snapshot.restore(into: frontier)
        return snapshot.event
    }

    /// Past the event at which the narrow beam died the narrow one serves again.
    private func narrow(after event: Int) {
        beam = firstBeam
        if isComplete { takeSnapshot(event: event + 1) }
        if frontier.count > beam {
            let count = frontier.count
            selection.narrow(frontier, to: beam)
            if frontier.count < count { isComplete = false }
        }
    }

    // MARK: - Lanes and states

    private func mergeLane(_ lane: Int32) {
        let from = schedule.lanes[Int(lane)]
        let into = schedule.lanes[Int(schedule.indistinctLane)]
        if from.isTracked {
            for place in 0..<frontier.count {
                let configuration = frontier[place]
                let count = (configuration[layout.usedAt + from.word] & from.mask) >> from.shift
                configuration[layout.usedAt + from.word] &= ~from.mask
                configuration[layout.usedAt + into.word] += count &* into.unit
            }
        }
        if available[Int(lane)] > 0 {
            if available[Int(schedule.indistinctLane)] == 0 { lanes.open(schedule.indistinctLane) }
            available[Int(schedule.indistinctLane)] += available[Int(lane)]
        }
        retire(lane)
    }

    private func closeLane(_ lane: Int32) {
        let closed = schedule.lanes[Int(lane)]
        if closed.isTracked {
            for place in 0..<frontier.count { frontier[place][layout.usedAt + closed.word] &= ~closed.mask }
        }
        retire(lane)
    }

    private func retire(_ lane: Int32) {
        if available[Int(lane)] > 0 { lanes.close(lane) }
        available[Int(lane)] = 0
        prune()
    }

    private func forgetState(_ state: Int32, at position: Int) {
        stateNames[Int(state)] = LabelTable.indistinct
        if forgotten.last.map({ $0.position < position }) ?? true { forgotten.append((position, state)) }
        var changed = false
        for place in 0..<frontier.count where layout.state(frontier[place]) == state {
            layout.setState(frontier[place], LabelTable.indistinct)
            changed = true
        }
        if changed { prune() }
    }

    /// Drops configurations that became superfluous.
    private func prune() {
        if frontier.count < 2 { return }
        for place in 0..<frontier.count { _ = emitted.insert(frontier[place]) }
        emitted.take(into: &frontier)
    }

    /// An optional step is taken only for the sake of an open operation that needs its state, or of another optional
    /// step that does and is taken for such a sake (*unseen steps are not taken*, one after the other).
    private func findUsableLanes() {
        if schedule.lanes.isEmpty { return }
        if Steps.areShaped { lanes.findUseful(for: open, into: &usableLanes) } else { usableLanes = lanes.all }
    }

    private func isExhausted() -> Bool {
        let bytes =
            frontier.bytes + emitted.bytes + work.bytes + arena.bytes + steps.bytes + open.bytes + snapshots.bytes
        // Tables grow by doubling, and hold the old and the new one meanwhile.
        if bytes * 2 > budget.bytes {
            failure = .memory
        } else if budget.timeIsUp {
            failure = .time
        }
        return failure != nil
    }

    @inline(__always)
    func name(_ state: Int32) -> Int32 { Steps.areShaped ? stateNames[Int(state)] : state }
}
