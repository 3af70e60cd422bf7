/// The events of a search in time order, eight bytes each.
struct EventList: RandomAccessCollection {
    struct Event {
        enum Kind: UInt8 {
            case invokeMutator
            case invokeObserver
            /// `argument` is the operation, `lane` the counter that it joins.
            case invokeOptional
            case returnMutator
            case returnObserver
            /// `argument` is a lane: what is left of it joins the lane of writes to indistinct states.
            case mergeLane
            /// `argument` is a lane that is of no use any more.
            case closeLane
            /// `argument` is a state that is told from no other from now on.
            case forgetState
        }
        var rank: Int32
        var kind: Kind
        var argument: Int32
        var lane: Int32 = -1
    }

    private static var argumentBits: UInt64 { 29 }

    /// Rank, kind and argument, so that they sort as they should: at one rank a return before what depends on it.
    private var keys: [UInt64] = []
    /// Of optional operations the counters that they join.
    private var lanes: [Int32: Int32] = [:]

    var startIndex: Int { 0 }
    var endIndex: Int { keys.count }

    @inline(__always)
    subscript(_ position: Int) -> Event {
        let key = keys[position]
        let argument = Int32(truncatingIfNeeded: key & 0x1fff_ffff)
        let kind = Self.kind(key)
        return Event(
            // A rank of -1 is before all others.
            rank: Int32(truncatingIfNeeded: key >> 32) &- 1, kind: kind, argument: argument,
            lane: kind == .invokeOptional ? lanes[argument] ?? -1 : -1)
    }

    @inline(__always)
    private static func kind(_ key: UInt64) -> Event.Kind {
        switch (key >> argumentBits) & 7 {
        case 0: .invokeMutator
        case 1: .invokeObserver
        case 2: .invokeOptional
        case 3: .returnMutator
        case 4: .returnObserver
        case 5: .mergeLane
        case 6: .closeLane
        default: .forgetState
        }
    }

    mutating func reserveCapacity(_ count: Int) { keys.reserveCapacity(count) }

    mutating func append(_ event: Event) {
        let rank = UInt64(UInt32(bitPattern: event.rank &+ 1))
        keys.append((rank << 3 | UInt64(event.kind.rawValue)) << Self.argumentBits | UInt64(event.argument))
        if event.kind == .invokeOptional { lanes[event.argument] = event.lane }
    }

    /// Puts the events into time order.
    mutating func sort() {
        // An operation's events come together, and few others take place between them.
        RadixSort.sortNearlySorted(&keys, bits: 64 - Int(Self.argumentBits), shift: Int(Self.argumentBits))
    }
}
