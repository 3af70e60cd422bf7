/// Random numbers that depend on a seed only: xoshiro256** (Blackman, Vigna 2018), seeded through SplitMix64.
///
/// Every independent part of a plan has a stream of its own, split off by name or number. A split depends on the
/// seeds and names that led to it, never on how many numbers were drawn, so that one more draw in one part shifts no
/// other part. All derived numbers use integers and IEEE arithmetic only: the same on every machine.
public struct RandomSource: RandomNumberGenerator, Hashable, Sendable {
    /// What splits are derived from.
    private let identity: UInt64
    private var state: (UInt64, UInt64, UInt64, UInt64)

    public init(seed: UInt64) { self.init(identity: Self.mix(seed ^ 0x506F_6C79_6772_6170)) }

    private init(identity: UInt64) {
        self.identity = identity
        var counter = identity
        func word() -> UInt64 {
            counter &+= 0x9E37_79B9_7F4A_7C15
            return Self.mix(counter)
        }
        state = (word(), word(), word(), word())
    }

    /// The finalizer of SplitMix64: every bit of the input changes about half of the output.
    static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The stream of this name.
    public func split(_ name: String) -> RandomSource {
        // FNV-1a over the name; the length keeps names apart from numbers.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return RandomSource(identity: Self.mix(identity ^ Self.mix(hash &+ UInt64(name.utf8.count) << 56)))
    }

    /// The stream of this number.
    public func split(_ number: Int) -> RandomSource {
        RandomSource(
            identity: Self.mix(identity &+ Self.mix(UInt64(bitPattern: Int64(number)) &+ 0xA076_1D64_78BD_642F)))
    }

    /// The number at this place of a sequence that belongs to the stream, without drawing from it.
    public func word(at place: Int) -> UInt64 {
        Self.mix(identity &+ (UInt64(bitPattern: Int64(place)) &+ 1) &* 0xD1B5_4A32_D192_ED03)
    }

    public mutating func next() -> UInt64 {
        func rotated(_ number: UInt64, _ by: UInt64) -> UInt64 { number << by | number >> (64 - by) }
        let result = rotated(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, 45)
        return result
    }

    /// A number in 0 ..< `bound`, each equally likely (Lemire 2019).
    public mutating func next(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "there is no number below 0")
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// A number in 0 ..< `bound`, each equally likely.
    public mutating func next(below bound: Int) -> Int { Int(next(below: UInt64(bound))) }

    /// A number in 0 ..< 1, in steps of 2^-53.
    public mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// True with this probability.
    public mutating func nextBool(probability: Double) -> Bool { nextUnit() < probability }

    /// A number from the exponential distribution with mean 1: the gap between two events of a Poisson process.
    public mutating func nextExponential() -> Double { -Self.logarithm(1 - nextUnit()) }

    /// One of the elements, each equally likely; there must be one.
    public mutating func pick<Elements: RandomAccessCollection>(_ elements: Elements) -> Elements.Element {
        elements[elements.index(elements.startIndex, offsetBy: next(below: elements.count))]
    }

    /// The elements in random order (Fisher, Yates).
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, next(below: last + 1)) }
        return elements
    }

    /// The natural logarithm of a number in 0 < x <= 1, by the series of the inverse hyperbolic tangent. The library's
    /// `log` may differ in the last bit from one version to the next, and a replay must not.
    private static func logarithm(_ number: Double) -> Double {
        var exponent = Double(number.exponent)
        var significand = number.significand
        if significand > 1.414_213_562_373_095 {
            significand /= 2
            exponent += 1
        }
        let ratio = (significand - 1) / (significand + 1)
        let square = ratio * ratio
        // |ratio| <= 0.172: eleven terms leave an error below 2^-53.
        var sum = 0.0
        for term in stride(from: 21.0, through: 1.0, by: -2.0) { sum = sum * square + 1 / term }
        return exponent * 0.693_147_180_559_945_3 + 2 * ratio * sum
    }

    public static func == (left: RandomSource, right: RandomSource) -> Bool {
        left.identity == right.identity && left.state == right.state
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(identity)
        hasher.combine(state.0)
        hasher.combine(state.1)
        hasher.combine(state.2)
        hasher.combine(state.3)
    }
}

extension Duration {
    /// The whole nanoseconds, at most 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, stillOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || stillOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
