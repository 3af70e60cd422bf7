/// A growing list of configurations of one width, in flat memory.
///
/// Not `Sendable`: it belongs to the one search that made it.
final class ConfigurationPool {
    /// Words of one configuration.
    let width: Int
    private(set) var count = 0
    private(set) var base: UnsafeMutablePointer<UInt64>
    private var capacity: Int

    init(width: Int) {
        self.width = width
        capacity = 64
        base = .allocate(capacity: capacity * width)
    }

    deinit { base.deallocate() }

    var bytes: Int { capacity * width * 8 }

    @inline(__always)
    subscript(_ place: Int) -> UnsafeMutablePointer<UInt64> { base + place * width }

    @inline(__always)
    func append(_ configuration: UnsafePointer<UInt64>) {
        if count == capacity { grow() }
        self[count].update(from: configuration, count: width)
        count += 1
    }

    func removeAll() { count = 0 }

    /// Keeps only the configurations at `places`, which ascend.
    func keep(_ places: [Int32]) {
        for (new, old) in places.enumerated() where new != Int(old) {
            self[new].update(from: self[Int(old)], count: width)
        }
        count = places.count
    }

    private func grow() {
        let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity * 2 * width)
        larger.update(from: base, count: count * width)
        base.deallocate()
        base = larger
        capacity *= 2
    }
}

/// A set of places in a `ConfigurationPool`, by the first `keyWords` words of the configurations; emptied in O(1).
final class ConfigurationSet {
    private let keyWords: Int
    /// `generation << 32 | place`; entries of older generations count as free.
    private var entries: [UInt64]
    private var generation: UInt64 = 1
    private var count = 0

    init(keyWords: Int) {
        self.keyWords = keyWords
        entries = [UInt64](repeating: 0, count: 256)
    }

    var bytes: Int { entries.count * 8 }

    func removeAll() {
        generation += 1
        count = 0
        if generation > UInt64(UInt32.max) {
            generation = 1
            entries = [UInt64](repeating: 0, count: entries.count)
        }
    }

    /// Appends the configuration to the pool unless the pool has it already.
    /// - Returns: its place, or -1 when it was there.
    @inline(__always)
    func insert(_ configuration: UnsafePointer<UInt64>, into pool: ConfigurationPool) -> Int {
        if count * 2 >= entries.count { grow(pool) }
        let mask = entries.count - 1
        var place = hash(configuration) & mask
        while entries[place] >> 32 == generation {
            let other = pool[Int(entries[place] & 0xffff_ffff)]
            var equal = true
            for word in 0..<keyWords where other[word] != configuration[word] {
                equal = false
                break
            }
            if equal { return -1 }
            place = (place + 1) & mask
        }
        entries[place] = generation << 32 | UInt64(pool.count)
        count += 1
        pool.append(configuration)
        return pool.count - 1
    }

    @inline(__always)
    private func hash(_ configuration: UnsafePointer<UInt64>) -> Int {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for word in 0..<keyWords { hash = mix(hash ^ configuration[word]) }
        return Int(truncatingIfNeeded: hash)
    }

    private func grow(_ pool: ConfigurationPool) {
        let old = entries
        entries = [UInt64](repeating: 0, count: old.count * 2)
        let mask = entries.count - 1
        for entry in old where entry >> 32 == generation {
            var place = hash(pool[Int(entry & 0xffff_ffff)]) & mask
            while entries[place] != 0 { place = (place + 1) & mask }
            entries[place] = entry
        }
    }
}
