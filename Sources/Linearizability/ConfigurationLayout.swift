/// Where things are in a configuration, and which configuration makes another superfluous.
///
/// A configuration is `width` words: the state (with the `mustConsume` flag), a bit for every slot of a mandatory
/// mutator that is done, a bit for every one that is free, a bit for every observer that is satisfied, the counters of
/// used optional operations, and last the number of its newest step in the `WitnessArena`.
struct ConfigurationLayout {
    let doneAt = 1
    let freeAt: Int
    let seenAt: Int
    let usedAt: Int
    let linkAt: Int
    let width: Int
    private let laneGuards: [UInt64]

    /// Set beside the state when no operation has made use of the newest step yet.
    static var mustConsume: UInt64 { 1 << 32 }

    init(_ schedule: Schedule) {
        freeAt = doneAt + schedule.mutatorWords
        seenAt = freeAt + schedule.mutatorWords
        usedAt = seenAt + schedule.observerWords
        linkAt = usedAt + schedule.laneGuards.count
        width = linkAt + 1
        laneGuards = schedule.laneGuards
    }

    @inline(__always)
    func state(_ configuration: UnsafePointer<UInt64>) -> Int32 {
        Int32(bitPattern: UInt32(truncatingIfNeeded: configuration[0]))
    }

    /// Sets the state and clears the flag beside it.
    @inline(__always)
    func setState(_ configuration: UnsafeMutablePointer<UInt64>, _ state: Int32) {
        configuration[0] = UInt64(UInt32(bitPattern: state))
    }

    @inline(__always)
    func node(_ configuration: UnsafePointer<UInt64>) -> Int32 {
        Int32(bitPattern: UInt32(truncatingIfNeeded: configuration[linkAt]))
    }

    @inline(__always)
    func setNode(_ configuration: UnsafeMutablePointer<UInt64>, _ node: Int32) {
        configuration[linkAt] = UInt64(UInt32(bitPattern: node))
    }

    /// Whether whatever can follow `other` can follow `configuration` too: every slot at least as good (free is better
    /// than done and than open), at least the same observers satisfied, and no more used. The states must be equal.
    func dominates(_ configuration: UnsafePointer<UInt64>, _ other: UnsafePointer<UInt64>) -> Bool {
        for part in 0..<freeAt - doneAt {
            let free = configuration[freeAt + part]
            if (configuration[doneAt + part] ^ other[doneAt + part]) & ~free != 0 { return false }
            if other[freeAt + part] & ~free != 0 { return false }
        }
        for part in seenAt..<usedAt where other[part] & ~configuration[part] != 0 { return false }
        for part in 0..<laneGuards.count {
            // The highest bit of a lane survives the subtraction where the lane of `other` is not the smaller one.
            let guards = laneGuards[part]
            if ((other[usedAt + part] | guards) &- configuration[usedAt + part]) & guards != guards { return false }
        }
        return true
    }

    /// Drops dominated configurations; of very many in one state, only the nearest 256 are compared, since to keep one
    /// too many is only slow.
    func prune(_ frontier: ConfigurationPool) {
        let places = (0..<Int32(frontier.count)).sorted {
            (state(frontier[Int($0)]), $0) < (state(frontier[Int($1)]), $1)
        }
        var kept: [Int32] = []
        kept.reserveCapacity(places.count)
        var groupStart = 0
        for place in places {
            let configuration = frontier[Int(place)]
            if let last = kept.last, state(frontier[Int(last)]) != state(configuration) { groupStart = kept.count }
            let first = max(groupStart, kept.count - 256)
            if (first..<kept.count).contains(where: { dominates(frontier[Int(kept[$0])], configuration) }) { continue }
            var write = first
            for read in first..<kept.count where !dominates(configuration, frontier[Int(kept[read])]) {
                kept[write] = kept[read]
                write += 1
            }
            kept.removeLast(kept.count - write)
            kept.append(place)
        }
        if kept.count < frontier.count {
            kept.sort()
            frontier.keep(kept)
        }
    }
}
