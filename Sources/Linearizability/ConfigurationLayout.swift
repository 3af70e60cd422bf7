/// Where things are in a configuration, and which configuration makes another superfluous.
///
/// A configuration is `width` words: the state (with the `mustConsume` flag), a bit for every slot of a mandatory
/// mutator that is done, a bit for every one that is free, a bit for every observer that is satisfied, the counters of
/// used optional operations, and last, not part of what it is, the number of its newest step in the `WitnessArena` and
/// how many optional operations it used.
struct ConfigurationLayout {
    let doneAt = 1
    let freeAt: Int
    let seenAt: Int
    let usedAt: Int
    let linkAt: Int
    let width: Int
    let mutatorWords: Int
    let observerWords: Int
    private let guards: FlatArray<UInt64>

    /// Set beside the state when no operation has made use of the newest step yet.
    static var mustConsume: UInt64 { 1 << 32 }

    init(_ schedule: Schedule) {
        mutatorWords = schedule.mutatorWords
        observerWords = schedule.observerWords
        freeAt = doneAt + schedule.mutatorWords
        seenAt = freeAt + schedule.mutatorWords
        usedAt = seenAt + schedule.observerWords
        linkAt = usedAt + schedule.laneGuards.count
        width = linkAt + 1
        guards = FlatArray(schedule.laneGuards)
    }

    @inline(__always)
    func state(_ configuration: UnsafePointer<UInt64>) -> Int32 {
        Int32(truncatingIfNeeded: configuration[0] & 0xffff_ffff)
    }

    /// Sets the state and clears the flag beside it.
    @inline(__always)
    func setState(_ configuration: UnsafeMutablePointer<UInt64>, _ state: Int32) {
        configuration[0] = UInt64(UInt32(bitPattern: state))
    }

    @inline(__always)
    func node(_ configuration: UnsafePointer<UInt64>) -> Int32 {
        Int32(truncatingIfNeeded: configuration[linkAt] & 0xffff_ffff)
    }

    @inline(__always)
    func setNode(_ configuration: UnsafeMutablePointer<UInt64>, _ node: Int32) {
        configuration[linkAt] = configuration[linkAt] & ~0xffff_ffff | UInt64(UInt32(bitPattern: node))
    }

    /// Optional operations that it used, counted or not.
    @inline(__always)
    func uses(_ configuration: UnsafePointer<UInt64>) -> Int { Int(configuration[linkAt] >> 32) }

    @inline(__always)
    func addUse(_ configuration: UnsafeMutablePointer<UInt64>) { configuration[linkAt] += 1 << 32 }

    /// Whether whatever can follow `other` can follow `configuration` too: every slot at least as good (free is better
    /// than done and than open), at least the same observers satisfied, and no more used. The states must be equal.
    @inline(__always)
    func dominates(_ configuration: UnsafePointer<UInt64>, _ other: UnsafePointer<UInt64>) -> Bool {
        if configuration[0] & Self.mustConsume != 0 && other[0] & Self.mustConsume == 0 { return false }
        for part in 0..<mutatorWords {
            let free = configuration[freeAt &+ part]
            if (configuration[doneAt &+ part] ^ other[doneAt &+ part]) & ~free != 0 { return false }
            if other[freeAt &+ part] & ~free != 0 { return false }
        }
        for part in 0..<observerWords where other[seenAt &+ part] & ~configuration[seenAt &+ part] != 0 {
            return false
        }
        for part in 0..<guards.count {
            // The highest bit of a lane survives the subtraction where the lane of `other` is not the smaller one.
            let guards = guards[part]
            if ((other[usedAt &+ part] | guards) &- configuration[usedAt &+ part]) & guards != guards { return false }
        }
        return true
    }

    /// How far a configuration is: operations that it has behind it, less what it used for that.
    func progress(_ configuration: UnsafePointer<UInt64>) -> Int {
        var count = 0
        for word in doneAt..<usedAt { count += configuration[word].nonzeroBitCount }
        return count - 2 * uses(configuration)
    }
}
