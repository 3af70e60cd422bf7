import PolygraphHistory

/// How the gaps between calls are spread.
public enum Gaps: Hashable, Sendable {
    /// A Poisson process: as many independent users would arrive. Bursts come by themselves.
    case exponential
    /// Anything between 0 and twice the mean, each equally likely.
    case uniform
    /// Always the mean.
    case fixed
}

/// Gives the calls of a generator times that the seed fixes in advance, at a mean rate over all workers.
///
/// The times do not wait for the system: when all workers are busy, a call is made late, but keeps the time at which
/// it was wanted. Whoever measures latency from that time sees what a user would have seen (no coordinated omission).
/// Times count from when the generator is first asked; the first call comes after the first gap.
public struct Stagger<Base: Generator>: Generator {
    private var base: Base
    private let mean: Double
    private let gaps: Gaps
    private var random: RandomSource
    /// When the next call is wanted.
    private var due: Int64?

    init(_ base: Base, every mean: Int64, gaps: Gaps, seed: UInt64) {
        precondition(mean > 0, "the mean gap of a stagger must be above 0")
        self.base = base
        self.mean = Double(mean)
        self.gaps = gaps
        random = RandomSource(seed: seed).split("stagger")
    }

    private mutating func gap() -> Int64 {
        switch gaps {
        case .exponential: Int64(min(random.nextExponential() * mean, 0x1p62).rounded())
        case .uniform: Int64((random.nextUnit() * 2 * mean).rounded())
        case .fixed: Int64(mean)
        }
    }

    private mutating func time(after time: Int64) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(gap())
        return overflow ? .max : sum
    }

    public mutating func next(_ context: Context) -> Next {
        let due = self.due ?? time(after: context.time)
        self.due = due
        guard due <= context.time else { return .pending(until: due) }
        var inner = context
        // Whoever paces from outside and wants it later has the last word.
        inner.wanted = max(due, context.wanted ?? due)
        let next = base.next(inner)
        if case .invoke = next { self.due = time(after: due) }
        return next
    }

    public mutating func update(_ event: Operation, _ context: Context) { base.update(event, context) }
}

/// A generator that begins some time after it is first asked.
public struct Delayed<Base: Generator>: Generator {
    private var base: Base
    private let duration: Int64
    private var start: Int64?

    init(_ base: Base, nanoseconds: Int64) {
        self.base = base
        duration = nanoseconds
    }

    public mutating func next(_ context: Context) -> Next {
        let (sum, overflow) = context.time.addingReportingOverflow(duration)
        let start = self.start ?? (overflow ? .max : sum)
        self.start = start
        return context.time < start ? .pending(until: start) : base.next(context)
    }

    public mutating func update(_ event: Operation, _ context: Context) { base.update(event, context) }
}
