/// A set of positions in a history that only grows, up to a number of members that is known beforehand.
struct PositionSet {
    /// An open hash table of positions one later; 0 where a place is free.
    private var entries: [UInt32]

    /// - Parameter capacity: members at most.
    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        entries = [UInt32](repeating: 0, count: size)
    }

    /// - Returns: whether the position is new.
    @inline(__always)
    mutating func insert(_ position: Int) -> Bool {
        let entry = UInt32(truncatingIfNeeded: position + 1)
        // Neighbours stay neighbours, which is how they come; far apart ones are scattered.
        let scattered = entry &+ (entry >> 10) &* 0x9e37_79b1
        let mask = entries.count - 1
        var place = Int(scattered) & mask
        while entries[place] != 0 {
            if entries[place] == entry { return false }
            place = (place + 1) & mask
        }
        entries[place] = entry
        return true
    }
}
