/// The situations that a depth-first search has been in: which required operations took effect, the state, and of each
/// group of operations that need not take effect how many did.
///
/// Of two situations that differ in these numbers only, the one that used less of everything can do whatever the other
/// can. So a situation is new only if none with the same operations and state used as little.
struct SituationTable {
    private let groups: Int
    /// Of each situation the numbers that name it, one after the other, and where they start.
    private var words: [UInt64] = []
    private var start: [Int] = [0]
    /// Of each situation the last entry of its list of uses, or -1.
    private var latestUse: [Int32] = []
    private var uses: [Int32] = []
    private var previousUse: [Int32] = []
    /// Situations by hash, -1 where a place is free.
    private var slots = [Int32](repeating: -1, count: 64)

    /// How many uses are compared at most; what is overlooked is only looked at again.
    private static var comparisons: Int { 512 }

    /// - Parameter groups: how many numbers of uses a situation has.
    init(groups: Int) { self.groups = groups }

    /// Bytes that it takes, about.
    var bytes: Int { words.count * 8 + start.count * 16 + uses.count * 4 + previousUse.count * 4 + slots.count * 4 }

    /// Whether no situation with these words used as little of everything; it is then remembered.
    mutating func insert(_ key: [UInt64], used: [Int32]) -> Bool {
        var slot = Self.hash(key) & (slots.count - 1)
        while slots[slot] >= 0, !isEqual(Int(slots[slot]), key) { slot = (slot + 1) & (slots.count - 1) }
        let isKnown = slots[slot] >= 0
        let situation = isKnown ? Int(slots[slot]) : latestUse.count
        if !isKnown {
            slots[slot] = Int32(situation)
            words.append(contentsOf: key)
            start.append(words.count)
            latestUse.append(-1)
            if latestUse.count * 2 > slots.count { grow() }
        } else if groups == 0 || hasLess(situation, used) {
            return false
        }
        if groups > 0 {
            previousUse.append(latestUse[situation])
            latestUse[situation] = Int32(previousUse.count - 1)
            uses.append(contentsOf: used)
        }
        return true
    }

    private func hasLess(_ situation: Int, _ used: [Int32]) -> Bool {
        var use = latestUse[situation]
        var left = Self.comparisons
        while use >= 0, left > 0 {
            var group = 0
            let first = Int(use) * groups
            while group < groups, uses[first + group] <= used[group] { group += 1 }
            if group == groups { return true }
            use = previousUse[Int(use)]
            left -= 1
        }
        return false
    }

    private func isEqual(_ situation: Int, _ key: [UInt64]) -> Bool {
        let first = start[situation]
        guard start[situation + 1] - first == key.count else { return false }
        for place in key.indices where words[first + place] != key[place] { return false }
        return true
    }

    private static func hash(_ key: some Sequence<UInt64>) -> Int {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for word in key {
            hash = (hash ^ word) &* 0xBF58_476D_1CE4_E5B9
            hash ^= hash >> 29
        }
        return Int(truncatingIfNeeded: hash >> 8)
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 4)
        for situation in latestUse.indices {
            var slot = Self.hash(words[start[situation]..<start[situation + 1]]) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(situation)
        }
    }
}
