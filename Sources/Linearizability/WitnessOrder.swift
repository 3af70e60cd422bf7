/// Turns the steps that a search found into an order of operations.
struct WitnessOrder<Steps: Transitions> {
    private let schedule: Schedule
    private let table: LabelTable
    private var steps: Steps
    private var state: Int32
    private var openObservers: [Int32] = []
    /// Optional operations that were invoked and not used yet, by lane, in order of invocation.
    private var waiting: [[Int32]]
    private var nextWaiting: [Int]
    private var order: [Int32] = []

    private init(_ schedule: Schedule, table: LabelTable, steps: Steps) {
        self.schedule = schedule
        self.table = table
        self.steps = steps
        state = steps.initial
        waiting = Array(repeating: [], count: schedule.lanes.count)
        nextWaiting = Array(repeating: 0, count: schedule.lanes.count)
        order.reserveCapacity(schedule.operations.count)
    }

    /// The places in the partition of the operations that took effect, in a valid order; nil when the time is up, or
    /// when the steps do not make one, which would be a defect of the search.
    static func build(
        _ path: [(step: WitnessArena.Step, event: Int32)], schedule: Schedule, table: LabelTable, steps: Steps,
        within budget: Budget
    ) -> [Int32]? {
        var builder = WitnessOrder(schedule, table: table, steps: steps)
        guard let hidden = builder.placeHidden(path) else { return nil }
        var next = 0
        for (position, event) in schedule.events.enumerated() {
            if position & 255 == 255 && budget.timeIsUp { return nil }
            switch event.kind {
            case .invokeObserver: builder.openObservers.append(event.argument)
            case .invokeOptional: builder.waiting[Int(event.lane)].append(event.argument)
            case .mergeLane: builder.merge(Int(event.argument))
            case .returnMutator, .returnObserver:
                builder.observe()
                while next < path.count, path[next].event == Int32(position) {
                    if let before = hidden[Int32(next)] { builder.order += before }
                    guard builder.take(path[next].step) else { return nil }
                    builder.observe()
                    next += 1
                }
                if event.kind == .returnObserver && builder.openObservers.contains(event.argument) { return nil }
            default: break
            }
        }
        if next < path.count { return nil }
        for place in builder.order.indices {
            builder.order[place] = schedule.operations[Int(builder.order[place])].source
        }
        return builder.order
    }

    /// Finds for every hidden write the last blind write before its return, in front of which it stands.
    private func placeHidden(_ path: [(step: WitnessArena.Step, event: Int32)]) -> [Int32: [Int32]]? {
        var before: [Int32: [Int32]] = [:]
        var pending: [Int32] = []
        for place in path.indices.reversed() {
            let label: Int32
            switch path[place].step {
            case .hidden(let operation):
                pending.append(operation)
                continue
            case .operation(let operation): label = schedule.operations[Int(operation)].label
            case .lane(let lane): label = schedule.lanes[Int(lane)].label
            }
            if !pending.isEmpty && table.isShaped && table.condition[Int(label)] == .always {
                before[Int32(place)] = pending
                pending.removeAll()
            }
        }
        return pending.isEmpty ? before : nil
    }

    /// The labels of the lanes of which a path uses more operations than were invoked; `Tracking.indistinctLabel`
    /// for the lane of writes to indistinct states.
    static func overused(
        _ path: [(step: WitnessArena.Step, event: Int32)], schedule: Schedule
    ) -> Set<Int32> {
        var left = [Int](repeating: 0, count: schedule.lanes.count)
        var overused: Set<Int32> = []
        var next = 0
        for (position, event) in schedule.events.enumerated() {
            switch event.kind {
            case .invokeOptional: left[Int(event.lane)] += 1
            case .mergeLane:
                left[Int(schedule.indistinctLane)] += max(0, left[Int(event.argument)])
                left[Int(event.argument)] = 0
            default: break
            }
            while next < path.count, path[next].event == Int32(position) {
                if case .lane(let lane) = path[next].step {
                    left[Int(lane)] -= 1
                    if left[Int(lane)] < 0 {
                        let group = schedule.lanes[Int(lane)]
                        overused.insert(group.isIndistinct ? Schedule.Tracking.indistinctLabel : group.label)
                    }
                }
                next += 1
            }
        }
        return overused
    }

    private mutating func take(_ step: WitnessArena.Step) -> Bool {
        let operation: Int32
        switch step {
        case .hidden: return true
        case .operation(let taken): operation = taken
        case .lane(let lane):
            let next = nextWaiting[Int(lane)]
            guard next < waiting[Int(lane)].count else { return false }
            operation = waiting[Int(lane)][next]
            nextWaiting[Int(lane)] += 1
        }
        let reached = steps.next(state, schedule.operations[Int(operation)].label)
        guard reached >= 0 else { return false }
        state = reached
        if steps.bytes > 64 << 20, let names = steps.forget(allBut: [state]) { state = names[0] }
        order.append(operation)
        return true
    }

    /// Lets every open observer that the state satisfies take effect.
    private mutating func observe() {
        var kept = 0
        for place in openObservers.indices {
            let observer = openObservers[place]
            if steps.next(state, schedule.operations[Int(observer)].label) >= 0 {
                order.append(observer)
            } else {
                openObservers[kept] = observer
                kept += 1
            }
        }
        openObservers.removeLast(openObservers.count - kept)
    }

    private mutating func merge(_ lane: Int) {
        waiting[Int(schedule.indistinctLane)] += waiting[lane][nextWaiting[lane]...]
        nextWaiting[lane] = waiting[lane].count
    }
}
