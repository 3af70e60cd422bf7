/// The plan of one search: what happens at which event, and where each operation lives in a configuration.
///
/// Everything that does not depend on the search is settled here, once: the events in time order, a slot for every
/// mandatory operation while it is open, a counter (lane) for every group of equal optional operations while it is
/// of use (`Demand`), and the moments at which states become indistinct.
struct Schedule {
    typealias Event = EventList.Event

    /// A counter of used optional operations inside a configuration: bits of one word, the highest of them always
    /// zero, so that lanes can be compared by one subtraction a word.
    struct Lane {
        /// Any operation of the group, as a label.
        var label: Int32
        var start: Int32
        var end: Int32
        var count: Int
        /// Leads to an indistinct state from any state; holds the remains of other lanes.
        var isIndistinct = false
        /// Whether uses are counted. Otherwise there are as many as anybody wants, once there is one.
        var isTracked = true
        var word = 0
        var shift: UInt64 = 0
        var mask: UInt64 = 0
        /// What one use adds to the word; 0 where uses are not counted.
        var unit: UInt64 = 0
    }

    /// Which groups of optional operations are counted. Not counting makes more orders possible, never fewer: what
    /// is impossible then, is impossible.
    enum Tracking {
        case all
        /// Only lanes of these labels; `indistinctLabel` stands for the lane of writes to indistinct states.
        case only(Set<Int32>)

        static let indistinctLabel: Int32 = -1

        func includes(_ label: Int32) -> Bool {
            switch self {
            case .all: true
            case .only(let labels): labels.contains(label)
            }
        }
    }

    private(set) var operations: [SearchOperation]
    private(set) var events = EventList()
    private(set) var slot: [Int32]
    private(set) var lanes: [Lane] = []
    /// The lane of writes to indistinct states, or -1.
    private(set) var indistinctLane: Int32 = -1
    private(set) var mutatorWords = 0
    private(set) var observerWords = 0
    /// For every word of counters the highest bit of each lane.
    private(set) var laneGuards: [UInt64] = []
    let demand: Demand?
    /// What each state is called at the start: itself, or `LabelTable.indistinct`.
    private(set) var stateNames: [Int32] = []

    init(_ operations: [SearchOperation], table: LabelTable, tracking: Tracking = .all) {
        self.operations = operations
        slot = [Int32](repeating: -1, count: operations.count)
        demand = table.isShaped ? Demand(operations, table: table) : nil
        events.reserveCapacity(operations.count * 2 + 16)
        for (place, operation) in operations.enumerated() where operation.isMandatory {
            let observes = table.isObserver[Int(operation.label)]
            events.append(
                Event(
                    rank: operation.invoked, kind: observes ? .invokeObserver : .invokeMutator, argument: Int32(place)))
            events.append(
                Event(
                    rank: operation.returned, kind: observes ? .returnObserver : .returnMutator, argument: Int32(place))
            )
        }
        planOptional(table)
        if let demand {
            for state in 1..<table.stateCount where demand.distinctUntil[Int(state)] >= 0 {
                events.append(
                    Event(rank: demand.distinctUntil[Int(state)], kind: .forgetState, argument: state))
            }
            stateNames = (0..<table.stateCount).map {
                demand.distinctUntil[Int($0)] < 0 ? LabelTable.indistinct : $0
            }
        }
        events.sort()
        for lane in lanes.indices {
            lanes[lane].isTracked = tracking.includes(
                lanes[lane].isIndistinct ? Tracking.indistinctLabel : lanes[lane].label)
        }
        assignSlots()
        placeLanes()
    }

    /// Groups optional operations into lanes; those that can never help are left out.
    private mutating func planOptional(_ table: LabelTable) {
        var lanesByLabel: [Int32: Int32] = [:]
        for (place, operation) in operations.enumerated() where !operation.isMandatory {
            let label = operation.label
            if table.isObserver[Int(label)] { continue }
            var end = PartitionOperation.never
            var merges = false
            if let demand {
                let target = table.target[Int(label)]
                end =
                    table.condition[Int(label)] == .only
                    ? demand.ofUseUntil(target, onlyFrom: table.conditionState[Int(label)])
                    : demand.ofUseUntil(target)
                if end < operation.invoked { continue }
                if table.condition[Int(label)] == .always {
                    let distinct = demand.distinctUntil[Int(target)]
                    if distinct < operation.invoked {
                        joinIndistinct(place, label: label, from: operation.invoked, demand)
                        continue
                    }
                    merges = end > distinct
                    end = distinct
                }
            }
            let lane: Int32
            if let known = lanesByLabel[label] {
                lane = known
                lanes[Int(lane)].count += 1
            } else {
                lane = Int32(lanes.count)
                lanesByLabel[label] = lane
                lanes.append(Lane(label: label, start: operation.invoked, end: end, count: 1))
                if end != PartitionOperation.never {
                    events.append(Event(rank: end, kind: merges ? .mergeLane : .closeLane, argument: lane))
                }
            }
            if merges, let demand {
                openIndistinct(label: label, from: end, demand)
                lanes[Int(indistinctLane)].count += 1
            }
            events.append(
                Event(rank: operation.invoked, kind: .invokeOptional, argument: Int32(place), lane: lane))
        }
    }

    private mutating func joinIndistinct(_ place: Int, label: Int32, from rank: Int32, _ demand: Demand) {
        openIndistinct(label: label, from: rank, demand)
        lanes[Int(indistinctLane)].count += 1
        events.append(Event(rank: rank, kind: .invokeOptional, argument: Int32(place), lane: indistinctLane))
    }

    private mutating func openIndistinct(label: Int32, from rank: Int32, _ demand: Demand) {
        if indistinctLane >= 0 {
            lanes[Int(indistinctLane)].start = min(lanes[Int(indistinctLane)].start, rank)
            return
        }
        indistinctLane = Int32(lanes.count)
        let end = demand.forbiddingUntil
        lanes.append(Lane(label: label, start: rank, end: end, count: 0, isIndistinct: true))
        events.append(Event(rank: end, kind: .closeLane, argument: indistinctLane))
    }

    /// Gives every open mandatory operation the lowest free slot of its kind.
    private mutating func assignSlots() {
        var free: [[Int32]] = [[], []]
        var count: [Int32] = [0, 0]
        for event in events {
            let kind = event.kind == .invokeObserver || event.kind == .returnObserver ? 1 : 0
            switch event.kind {
            case .invokeMutator, .invokeObserver:
                if let reused = free[kind].popLast() {
                    slot[Int(event.argument)] = reused
                } else {
                    slot[Int(event.argument)] = count[kind]
                    count[kind] += 1
                }
            case .returnMutator, .returnObserver: free[kind].append(slot[Int(event.argument)])
            default: break
            }
        }
        mutatorWords = (Int(count[0]) + 63) / 64
        observerWords = (Int(count[1]) + 63) / 64
    }

    /// Packs the lanes into words; a lane takes the place of one that ended before it starts.
    private mutating func placeLanes() {
        var placesByWidth: [Int: [(word: Int, shift: UInt64, end: Int32)]] = [:]
        var openWord: [Int: (word: Int, used: Int)] = [:]
        for lane in lanes.indices.sorted(by: { (lanes[$0].start, $0) < (lanes[$1].start, $1) })
        where lanes[lane].isTracked {
            let bits = Int.bitWidth - lanes[lane].count.leadingZeroBitCount
            let width = [2, 4, 8, 16, 32].first { $0 > bits } ?? 64
            var places = placesByWidth[width] ?? []
            let reusable = places.firstIndex { $0.end < lanes[lane].start }
            let place: Int
            if let reusable {
                place = reusable
                places[place].end = lanes[lane].end
            } else {
                var open = openWord[width] ?? (word: -1, used: 64)
                if open.used + width > 64 {
                    open = (word: laneGuards.count, used: 0)
                    laneGuards.append(0)
                }
                place = places.count
                places.append((word: open.word, shift: UInt64(open.used), end: lanes[lane].end))
                laneGuards[open.word] |= 1 << UInt64(open.used + width - 1)
                open.used += width
                openWord[width] = open
            }
            placesByWidth[width] = places
            lanes[lane].word = places[place].word
            lanes[lane].shift = places[place].shift
            lanes[lane].unit = 1 << places[place].shift
            lanes[lane].mask = (width == 64 ? .max : (1 << UInt64(width)) - 1) << places[place].shift
        }
    }
}
