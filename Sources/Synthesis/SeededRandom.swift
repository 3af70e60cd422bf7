/// A small, fast, seeded source of random numbers, the same on every machine
/// (SplitMix64; Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SeededRandom {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    @inline(__always)
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// A number from 0 to `limit` - 1; `limit` is at least 1.
    @inline(__always)
    mutating func below(_ limit: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(limit)).high) }

    /// True in `percent` of 100 cases.
    @inline(__always)
    mutating func chance(percent: Int) -> Bool { below(100) < percent }
}
