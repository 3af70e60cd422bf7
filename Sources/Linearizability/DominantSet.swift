/// Configurations of which none makes another superfluous, as far as it is worth looking; emptied in O(1).
///
/// A new one is compared with the newest of its state. Where there are very many of a state, only equal ones are sure
/// to be found: to keep one too many is slow, not wrong.
final class DominantSet {
    @exclusivity(unchecked) private(set) var pool: ConfigurationPool
    private let layout: ConfigurationLayout
    /// The newest configuration of each state: `round << 32 | place`.
    @exclusivity(unchecked) private var heads: UnsafeMutablePointer<UInt64>
    @exclusivity(unchecked) private var headCount: Int
    /// Of each configuration the one before it of the same state, or -1; `dead` once it is superfluous.
    @exclusivity(unchecked) private var links: UnsafeMutablePointer<Int32>
    @exclusivity(unchecked) private var isDead: UnsafeMutablePointer<Bool>
    @exclusivity(unchecked) private var linkCapacity = 64
    @exclusivity(unchecked) private var round: UInt64 = 1
    @exclusivity(unchecked) private(set) var deadCount = 0

    /// Comparisons for one new configuration.
    private static var depth: Int { 40 }

    // Equal configurations by hash, once a state has more than `depth`.
    @exclusivity(unchecked) private var exact: [UInt64] = []
    @exclusivity(unchecked) private var exactCount = 0
    @exclusivity(unchecked) private var usesExact = false

    init(_ layout: ConfigurationLayout, states: Int) {
        self.layout = layout
        pool = ConfigurationPool(width: layout.width)
        headCount = max(1, states)
        heads = .allocate(capacity: headCount)
        heads.initialize(repeating: 0, count: headCount)
        links = .allocate(capacity: linkCapacity)
        isDead = .allocate(capacity: linkCapacity)
    }

    deinit {
        heads.deallocate()
        links.deallocate()
        isDead.deallocate()
    }

    var bytes: Int { pool.bytes + headCount * 8 + linkCapacity * 5 + exact.count * 8 }
    var count: Int { pool.count }

    func removeAll() {
        pool.removeAll()
        deadCount = 0
        round &+= 1
        if usesExact {
            usesExact = false
            exact = []
            exactCount = 0
        }
        if round > UInt64(UInt32.max) {
            round = 1
            heads.update(repeating: 0, count: headCount)
        }
    }

    @inline(__always)
    func isSuperfluous(_ place: Int) -> Bool { isDead[place] }

    /// - Returns: the place of the configuration, or -1 when another makes it superfluous.
    @inline(__always)
    func insert(_ configuration: UnsafePointer<UInt64>) -> Int {
        let state = Int(layout.state(configuration))
        if state >= headCount { growHeads(state) }
        let head = heads[state]
        var place = head >> 32 == round ? Int(head & 0xffff_ffff) : -1
        let newest = place
        var compared = 0
        while place >= 0 {
            if compared == Self.depth {
                if !usesExact { startExact() }
                break
            }
            if !isDead[place] {
                let other = pool[place]
                if layout.dominates(other, configuration) { return -1 }
                if layout.dominates(configuration, other) {
                    isDead[place] = true
                    deadCount &+= 1
                }
                compared &+= 1
            }
            place = Int(links[place])
        }
        if usesExact && !insertExact(configuration) { return -1 }
        let new = pool.count
        if new == linkCapacity { growLinks() }
        links[new] = Int32(truncatingIfNeeded: newest)
        isDead[new] = false
        heads[state] = round << 32 | UInt64(new)
        pool.append(configuration)
        return new
    }

    /// Drops the superfluous ones and hands the others over; the set is empty then.
    func take(into other: inout ConfigurationPool) {
        if deadCount > 0 {
            var write = 0
            for read in 0..<pool.count where !isDead[read] {
                if write != read { pool.copy(pool[read], to: pool[write]) }
                write += 1
            }
            pool.truncate(write)
        }
        swap(&pool, &other)
        removeAll()
    }

    // MARK: - Equal ones

    private func startExact() {
        usesExact = true
        exact = [UInt64](repeating: 0, count: 1024)
        while exact.count < pool.count * 4 { exact = [UInt64](repeating: 0, count: exact.count * 2) }
        for place in 0..<pool.count { note(place) }
    }

    private func note(_ place: Int) {
        let mask = exact.count - 1
        var slot = hash(pool[place]) & mask
        while exact[slot] != 0 { slot = (slot + 1) & mask }
        exact[slot] = UInt64(place + 1)
        exactCount += 1
    }

    /// Notes the configuration that is about to be appended, unless there is an equal one.
    private func insertExact(_ configuration: UnsafePointer<UInt64>) -> Bool {
        if exactCount * 2 >= exact.count {
            exact = [UInt64](repeating: 0, count: exact.count * 2)
            exactCount = 0
            for place in 0..<pool.count { note(place) }
        }
        let mask = exact.count - 1
        var slot = hash(configuration) & mask
        while exact[slot] != 0 {
            let other = pool[Int(exact[slot]) - 1]
            var word = 0
            while word < layout.linkAt && other[word] == configuration[word] { word += 1 }
            if word == layout.linkAt { return false }
            slot = (slot + 1) & mask
        }
        exact[slot] = UInt64(pool.count + 1)
        exactCount += 1
        return true
    }

    private func hash(_ configuration: UnsafePointer<UInt64>) -> Int {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for word in 0..<layout.linkAt { hash = mix(hash ^ configuration[word]) }
        return Int(truncatingIfNeeded: hash)
    }

    // MARK: - Memory

    private func growHeads(_ state: Int) {
        let count = max(state + 1, headCount * 2)
        let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        larger.initialize(repeating: 0, count: count)
        larger.update(from: heads, count: headCount)
        heads.deallocate()
        heads = larger
        headCount = count
    }

    private func growLinks() {
        let (largerLinks, largerDead) = (
            UnsafeMutablePointer<Int32>.allocate(capacity: linkCapacity * 2),
            UnsafeMutablePointer<Bool>.allocate(capacity: linkCapacity * 2)
        )
        largerLinks.initialize(from: links, count: linkCapacity)
        largerDead.initialize(from: isDead, count: linkCapacity)
        links.deallocate()
        isDead.deallocate()
        (links, isDead) = (largerLinks, largerDead)
        linkCapacity *= 2
    }
}
