/// How often something failed.
public struct FailureTally: Hashable, Sendable {
    public var failures: Int
    public var runs: Int

    public init(failures: Int = 0, runs: Int = 0) {
        self.failures = failures
        self.runs = runs
    }

    public mutating func count(failed: Bool) {
        runs += 1
        if failed { failures += 1 }
    }

    public var rate: Double { runs == 0 ? 0 : Double(failures) / Double(runs) }

    /// The exact interval of Clopper and Pearson (Biometrika 26, 1934): failure rates that this tally does not speak
    /// against at the given confidence.
    public func interval(confidence: Double = 0.95) -> ClosedRange<Double> {
        guard runs > 0 else { return 0...1 }
        let tail = (1 - confidence) / 2
        // A tally at the end of the scale leaves its whole doubt on one side.
        let only = 1 - confidence
        let low =
            failures == 0
            ? 0 : Self.bisect { Self.atLeast(failures, of: runs, rate: $0) < (failures == runs ? only : tail) }
        let high =
            failures == runs
            ? 1 : Self.bisect { 1 - Self.atLeast(failures + 1, of: runs, rate: $0) > (failures == 0 ? only : tail) }
        return min(low, high)...max(low, high)
    }

    /// The rate at which a condition ceases to hold that holds for smaller ones.
    private static func bisect(_ holds: (Double) -> Bool) -> Double {
        var (low, high) = (0.0, 1.0)
        for _ in 0..<50 {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The probability of so many failures or more.
    private static func atLeast(_ failures: Int, of runs: Int, rate: Double) -> Double {
        guard failures <= runs else { return 0 }
        if rate <= 0 { return failures == 0 ? 1 : 0 }
        if rate >= 1 { return 1 }
        var sum = 0.0
        var binomial = 1.0
        for count in 0...runs {
            if count > 0 { binomial *= Double(runs - count + 1) / Double(count) }
            if count >= failures {
                sum += binomial * Self.power(rate, count) * Self.power(1 - rate, runs - count)
            }
        }
        return min(1, sum)
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1.0) { product, _ in product * base }
    }
}

/// Decides after as few runs as it can whether a schedule still fails: Wald's sequential probability ratio test
/// (Annals of Mathematical Statistics 16, 1945), with an end.
public struct SequentialTest: Hashable, Sendable {
    public enum Answer: Hashable, Sendable {
        /// As often as the whole schedule, nearly.
        case fails
        /// Much more seldom, or never.
        case passes
    }

    /// At this rate or above it fails.
    public let failing: Double
    /// At this rate or below it passes.
    public let passing: Double
    /// Runs after which the answer is what is more likely.
    public let limit: Int
    /// The ratio of likelihoods from which on the answer is clear: either mistake is made one time in ten at most.
    private static let clear = 9.0

    /// - Parameter whole: how often the whole schedule failed. What fails half as often counts as failing.
    public init(whole: FailureTally, limit: Int) {
        failing = min(0.5, max(0.1, whole.rate / 2))
        passing = failing / 5
        self.limit = limit
    }

    /// What the runs so far say; nil: more are needed.
    public func answer(_ tally: FailureTally) -> Answer? {
        var ratio = 1.0
        for _ in 0..<tally.failures { ratio *= failing / passing }
        for _ in 0..<(tally.runs - tally.failures) { ratio *= (1 - failing) / (1 - passing) }
        if ratio >= Self.clear { return .fails }
        if ratio <= 1 / Self.clear { return .passes }
        guard tally.runs >= limit else { return nil }
        return ratio > 1 ? .fails : .passes
    }
}
