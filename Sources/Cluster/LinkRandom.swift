import Glibc

/// The dice of one link: xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators,
/// scrambled", 2016), seeded by SplitMix64 so that neighbouring seeds have nothing in common.
struct LinkRandom {
    private var state: UInt64

    init(seed: UInt64, link: Int) {
        var mixed = seed &+ UInt64(truncatingIfNeeded: link &+ 1) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        // The one state that xorshift never leaves.
        state = mixed == 0 ? 1 : mixed
    }

    @inline(__always)
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }

    /// True with the probability that `threshold` stands for.
    @inline(__always)
    mutating func hits(_ threshold: UInt64) -> Bool {
        next() >> 32 < threshold
    }

    /// A probability as a number that `hits` understands.
    static func threshold(_ probability: Double) -> UInt64 {
        UInt64((min(max(probability, 0), 1) * 4_294_967_296).rounded())
    }

    /// Strictly between 0 and 1.
    @inline(__always)
    mutating func unit() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }

    /// From 0 to `limit` - 1.
    @inline(__always)
    mutating func next(below limit: Int) -> Int {
        Int((next() >> 32).multipliedFullWidth(by: UInt64(limit)).low >> 32)
    }

    /// Normally distributed, of mean 0 and deviation 1 (Box and Muller 1958).
    mutating func normal() -> Double {
        let radius = (-2 * log(unit())).squareRoot()
        return radius * cos(2 * .pi * unit())
    }
}

/// A delay in the form in which the switch draws from it.
struct DelaySampler {
    private enum Shape: UInt8 { case constant, uniform, normal, exponential, pareto }

    private let shape: Shape
    private let first: Double
    private let second: Double
    private let correlation: Double
    /// The share of a new number beside the one before, so that the deviation stays as it is.
    private let novelty: Double

    init(_ distribution: DelayDistribution, correlation: Double) {
        switch distribution {
        case .constant(let delay): (shape, first, second) = (.constant, Double(delay), 0)
        case .uniform(let range):
            (shape, first, second) = (
                .uniform, Double(range.lowerBound), Double(range.upperBound) - Double(range.lowerBound)
            )
        case .normal(let mean, let deviation): (shape, first, second) = (.normal, Double(mean), Double(deviation))
        case .exponential(let mean): (shape, first, second) = (.exponential, Double(mean), 0)
        case .pareto(let minimum, let shape):
            (self.shape, first, second) = (.pareto, Double(minimum), -1 / max(shape, 0.01))
        }
        self.correlation = min(max(correlation, 0), 0.999_999)
        novelty = (1 - self.correlation * self.correlation).squareRoot()
    }

    /// Nanoseconds.
    /// - Parameter memory: the normally distributed number behind the link's delay before this one, 0 at first.
    @inline(__always)
    func draw(_ random: inout LinkRandom, memory: inout Double) -> Int64 {
        if shape == .constant { return DelaySampler.bounded(first) }
        if correlation == 0 {
            if shape == .normal { return DelaySampler.bounded(first + second * random.normal()) }
            return DelaySampler.bounded(value(at: random.unit()))
        }
        // Consecutive normal numbers are correlated, and each is then bent into the wanted distribution.
        memory = correlation * memory + novelty * random.normal()
        if shape == .normal { return DelaySampler.bounded(first + second * memory) }
        return DelaySampler.bounded(value(at: 0.5 * erfc(-memory * 0.5.squareRoot())))
    }

    /// The distribution's value below which the share `part` of all values lies.
    private func value(at part: Double) -> Double {
        switch shape {
        case .constant, .normal: first
        case .uniform: first + second * part
        case .exponential: -first * log1p(-min(part, 1 - 0x1p-53))
        case .pareto: first * pow(1 - min(part, 1 - 0x1p-53), second)
        }
    }

    private static func bounded(_ delay: Double) -> Int64 {
        Int64(min(max(delay, 0), Double(DelayDistribution.longest)))
    }
}
