/// Draws that depend on a seed only (SplitMix64; Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014, figure 1).
struct DrawnNumbers {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// Draws of its own for each name, whatever is drawn for others.
    func derived(_ name: String) -> DrawnNumbers {
        // FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var result = DrawnNumbers(seed: state ^ hash)
        _ = result.next()
        return result
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// 0 ..< bound, which must not be 0.
    mutating func next(below bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }

    /// 0 ..< 1.
    mutating func nextShare() -> Double { Double(next() >> 11) * 0x1p-53 }
}
