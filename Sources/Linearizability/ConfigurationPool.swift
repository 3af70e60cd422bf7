/// A growing list of configurations of one width, in flat memory.
///
/// Not `Sendable`: it belongs to the one search that made it.
final class ConfigurationPool {
    /// Words of one configuration.
    let width: Int
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private(set) var base: UnsafeMutablePointer<UInt64>
    @exclusivity(unchecked) private var capacity: Int

    init(width: Int) {
        self.width = width
        capacity = 64
        base = .allocate(capacity: capacity * width)
        base.initialize(repeating: 0, count: capacity * width)
    }

    deinit { base.deallocate() }

    var bytes: Int { capacity * width * 8 }

    @inline(__always)
    subscript(_ place: Int) -> UnsafeMutablePointer<UInt64> { base + place &* width }

    @inline(__always)
    func append(_ configuration: UnsafePointer<UInt64>) {
        if count == capacity { grow() }
        copy(configuration, to: self[count])
        count &+= 1
    }

    /// Copies one configuration.
    @inline(__always)
    func copy(_ from: UnsafePointer<UInt64>, to: UnsafeMutablePointer<UInt64>) {
        for word in 0..<width { to[word] = from[word] }
    }

    func removeAll() { count = 0 }

    /// Keeps only the configurations at `places`, which ascend.
    func keep(_ places: [Int32]) {
        for (new, old) in places.enumerated() where new != Int(old) { copy(self[Int(old)], to: self[new]) }
        count = places.count
    }

    /// Keeps only the first `count` configurations.
    func truncate(_ count: Int) { self.count = count }

    private func grow() {
        let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity * 2 * width)
        larger.initialize(repeating: 0, count: capacity * 2 * width)
        larger.update(from: base, count: count * width)
        base.deallocate()
        base = larger
        capacity *= 2
    }
}
