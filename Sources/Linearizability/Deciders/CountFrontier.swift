/// Searches just in time (Lowe: Testing for linearizability, 2017) with one configuration for each number of
/// transitions.
///
/// Operations take effect only when some return demands it. Transitions of one role are interchangeable, so the open
/// one that returns first is taken, and one that crashed if there is no other. Of two ways to the same number of
/// transitions the one whose last came later is as good as the other: what the other's observers saw meanwhile, its own
/// saw or will see still. So no more configurations are needed than there are open operations and one.
struct CountFrontier<State: CountedState>: ~Copyable {
    enum Outcome {
        case survived
        /// The rank of the return at which no configuration was left.
        case died(Int32)
        /// More operations of one kind were open together than fit into a word.
        case tooWide
    }

    private struct Configuration: BitwiseCopyable {
        var count: Int32
        /// The last transition in `moves`, or -1.
        var last: Int32
        /// Open transitions that took effect, and open observers that saw their view, by slot.
        var done: UInt64
        var seen: UInt64
    }

    /// A transition: the operation, or -1 if it crashed; the one before in the same configuration; the return before
    /// which it took effect.
    private struct Move: BitwiseCopyable {
        var operation: Int32
        var before: Int32
        var rank: Int32
    }

    private let operations: UnsafeBufferPointer<CountedOperation>
    private let initial: Int32
    private var configurations: [Configuration]
    private var next: [Configuration] = []
    private var moves: [Move] = []
    /// Transitions that are common to all configurations, no longer in `moves`.
    private var settled: [Move] = []

    private let slot: FlatBuffer<UInt8>
    private let operationInSlot: FlatBuffer<Int32>
    private let returnInSlot: FlatBuffer<Int32>
    private var freeTransitions = UInt64.max
    private var freeObservers = UInt64.max
    private let openObservers: FlatBuffer<UInt64>
    /// By role, rise before fall: open transitions that will return, how many have, and how many crashed ones are open.
    private let open: FlatBuffer<UInt64>
    private let returned: FlatBuffer<Int32>
    private let crashed: FlatBuffer<Int32>

    /// - Parameter initial: the number of transitions at the start.
    init(_ operations: UnsafeBufferPointer<CountedOperation>, initial: Int32) {
        self.operations = operations
        self.initial = initial
        configurations = [Configuration(count: initial, last: -1, done: 0, seen: 0)]
        slot = FlatBuffer(count: operations.count, repeating: 0)
        operationInSlot = FlatBuffer(count: 64, repeating: -1)
        returnInSlot = FlatBuffer(count: 64, repeating: 0)
        var rises = Int(initial)
        for operation in operations where operation.role == .rise { rises += 1 }
        openObservers = FlatBuffer(count: State.viewCount(upTo: rises), repeating: 0)
        open = FlatBuffer(count: 2, repeating: 0)
        returned = FlatBuffer(count: 2, repeating: 0)
        crashed = FlatBuffer(count: 2, repeating: 0)
    }

    /// Observers must only have seen views that there are.
    mutating func run(_ timeline: borrowing Timeline) -> Outcome {
        for rank in 0..<Int32(timeline.count) {
            let event = timeline.events[rank]
            if event & 1 == 0 {
                guard invoke(event >> 1, timeline) else { return .tooWide }
            } else {
                complete(event >> 1, rank)
                if configurations.isEmpty { return .died(rank) }
                if configurations.count == 1 { settle() }
            }
        }
        configurations.removeLast(configurations.count - 1)
        settle()
        return .survived
    }

    private mutating func invoke(_ place: Int32, _ timeline: borrowing Timeline) -> Bool {
        let operation = operations[Int(place)]
        let role = Int(operation.role.rawValue)
        if operation.isCrashed {
            if operation.role != .observe { crashed[role] += 1 }
            return true
        }
        if operation.role == .observe {
            guard freeObservers != 0 else { return false }
            let free = freeObservers.trailingZeroBitCount
            freeObservers &= freeObservers - 1
            slot[place] = UInt8(free)
            openObservers[operation.view] |= 1 << UInt64(free)
        } else {
            guard freeTransitions != 0 else { return false }
            let free = freeTransitions.trailingZeroBitCount
            freeTransitions &= freeTransitions - 1
            slot[place] = UInt8(free)
            operationInSlot[free] = place
            returnInSlot[free] = timeline.returned[place]
            open[role] |= 1 << UInt64(free)
        }
        return true
    }

    private mutating func complete(_ place: Int32, _ rank: Int32) {
        let operation = operations[Int(place)]
        let observes = operation.role == .observe
        let bit: UInt64 = 1 << UInt64(slot[place])
        next.removeAll(keepingCapacity: true)
        for index in configurations.indices {
            var configuration = configurations[index]
            configuration.seen |= openObservers[State.view(after: configuration.count)]
            var isAlive = true
            while isAlive, (observes ? configuration.seen : configuration.done) & bit == 0 {
                isAlive = advance(&configuration, rank)
            }
            guard isAlive else { continue }
            if observes { configuration.seen &= ~bit } else { configuration.done &= ~bit }
            keep(configuration)
        }
        swap(&configurations, &next)
        if observes {
            openObservers[operation.view] &= ~bit
            freeObservers |= bit
        } else {
            let role = Int(operation.role.rawValue)
            open[role] &= ~bit
            returned[role] += 1
            freeTransitions |= bit
        }
    }

    /// Lets the next transition take effect; false if there is none.
    @inline(__always) private mutating func advance(_ configuration: inout Configuration, _ rank: Int32) -> Bool {
        let role = Int(State.role(after: configuration.count).rawValue)
        var candidates = open[role] & ~configuration.done
        var operation: Int32 = -1
        if candidates != 0 {
            var best = candidates.trailingZeroBitCount
            candidates &= candidates - 1
            while candidates != 0 {
                let other = candidates.trailingZeroBitCount
                if returnInSlot[other] < returnInSlot[best] { best = other }
                candidates &= candidates - 1
            }
            configuration.done |= 1 << UInt64(best)
            operation = operationInSlot[best]
        } else {
            // How many crashed ones took effect follows from the count.
            let taken = transitions(role, upTo: configuration.count) - transitions(role, upTo: initial)
            let successful = returned[role] + Int32((configuration.done & open[role]).nonzeroBitCount)
            guard taken - successful < crashed[role] else { return false }
        }
        moves.append(Move(operation: operation, before: configuration.last, rank: rank))
        configuration.last = Int32(moves.count - 1)
        configuration.count += 1
        configuration.seen |= openObservers[State.view(after: configuration.count)]
        return true
    }

    /// How many of so many transitions are of a role.
    @inline(__always) private func transitions(_ role: Int, upTo count: Int32) -> Int32 {
        if State.role(after: 0) == State.role(after: 1) { return role == 0 ? count : 0 }
        return (count + 1 - Int32(role)) >> 1
    }

    /// Adds a configuration unless there is one with the same count, whose transitions came later as its origin was
    /// behind.
    @inline(__always) private mutating func keep(_ configuration: Configuration) {
        var place = next.count
        while place > 0, next[place - 1].count >= configuration.count {
            if next[place - 1].count == configuration.count { return }
            place -= 1
        }
        next.insert(configuration, at: place)
    }

    /// Moves the transitions of the only configuration to `settled`.
    private mutating func settle() {
        guard !moves.isEmpty else { return }
        let start = settled.count
        var last = configurations[0].last
        while last >= 0 {
            settled.append(moves[Int(last)])
            last = moves[Int(last)].before
        }
        settled[start...].reverse()
        moves.removeAll(keepingCapacity: true)
        configurations[0].last = -1
    }

    /// The order that was found: observers see their view as early as they can.
    func order(_ timeline: borrowing Timeline) -> [Int32] {
        var order: [Int32] = []
        order.reserveCapacity(operations.count)
        let waiting = FlatBuffer<Int32>(count: openObservers.count, repeating: -1)
        let following = FlatBuffer<Int32>(count: operations.count, repeating: -1)
        var crashedPlaces: [[Int32]] = [[], []]
        var crashedUsed = [0, 0]
        var count = initial
        var move = 0
        for rank in 0..<Int32(timeline.count) {
            while move < settled.count, settled[move].rank == rank {
                let role = Int(State.role(after: count).rawValue)
                if settled[move].operation >= 0 {
                    order.append(settled[move].operation)
                } else {
                    order.append(crashedPlaces[role][crashedUsed[role]])
                    crashedUsed[role] += 1
                }
                move += 1
                count += 1
                let view = State.view(after: count)
                var place = waiting[view]
                while place >= 0 {
                    order.append(place)
                    place = following[place]
                }
                waiting[view] = -1
            }
            let event = timeline.events[rank]
            let place = event >> 1
            let operation = operations[Int(place)]
            guard event & 1 == 0 else { continue }
            if operation.role != .observe {
                if operation.isCrashed { crashedPlaces[Int(operation.role.rawValue)].append(place) }
            } else if !operation.isCrashed {
                if operation.view == State.view(after: count) {
                    order.append(place)
                } else {
                    following[place] = waiting[operation.view]
                    waiting[operation.view] = place
                }
            }
        }
        return order
    }
}
