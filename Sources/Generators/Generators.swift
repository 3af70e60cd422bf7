import PolygraphHistory

/// Where generators begin. What follows is chained to it:
///
/// ```swift
/// Generators.mix([reads, writes], seed: 1).stagger(rate: 500, seed: 2).timeLimit(.seconds(60))
/// ```
public enum Generators {
    /// Each call from one of the parts, each equally likely.
    public static func mix(_ parts: [any Generator], seed: UInt64) -> Mix {
        Mix(parts.map { (1, $0) }, seed: seed)
    }

    /// Each call from one of the parts, drawn by weight.
    public static func weighted(_ parts: [(weight: Int, generator: any Generator)], seed: UInt64) -> Mix {
        Mix(parts, seed: seed)
    }

    /// Calls from a pure function, which gets a random source of its own and the number of the call, from 0.
    public static func function(
        seed: UInt64, _ make: @escaping @Sendable (inout RandomSource, Int) -> Call
    ) -> FunctionGenerator {
        FunctionGenerator(seed: seed, make)
    }

    /// One call.
    public static func once(_ call: Call) -> CallList { CallList([call]) }

    /// These calls, in their order.
    public static func calls(_ calls: [Call]) -> CallList { CallList(calls) }

    /// The same call again and again.
    public static func `repeat`(_ call: Call) -> CallList { CallList([call], isEndless: true) }

    /// These calls in their order, again and again.
    public static func cycle(_ calls: [Call]) -> CallList { CallList(calls, isEndless: true) }

    /// The same call once from every worker.
    public static func eachWorkerOnce(_ call: Call) -> OncePerWorker { OncePerWorker(call) }

    /// One generator after another; the next begins only when all workers are free.
    public static func phases(_ parts: [any Generator]) -> Phases { Phases(parts, isSynchronized: true) }

    /// One generator after another, without waiting for what is still open.
    public static func sequence(_ parts: [any Generator]) -> Phases { Phases(parts, isSynchronized: false) }

    /// Several generators at once, for the same workers.
    public static func any(_ parts: [any Generator]) -> Concurrently { Concurrently(parts) }

    /// The first workers for one generator, the next ones for another, what is left for the last.
    public static func reserve(_ parts: [(workers: Int, generator: any Generator)], rest: any Generator) -> Reserve {
        Reserve(parts, rest: rest)
    }

    /// A generator of its own for every worker.
    public static func perWorker(_ make: @escaping @Sendable (Int) -> any Generator) -> PerWorker { PerWorker(make) }

    /// Many independent keys: groups of workers, each with one key at a time and a fresh generator for each.
    /// - Parameter limit: calls for each key; nil: as many as its generator gives.
    public static func perKey(
        keys: [Value], workersPerKey: Int, limit: Int? = nil, _ make: @escaping @Sendable (Value) -> any Generator
    ) -> PerKey {
        PerKey(keys: keys, workersPerKey: workersPerKey) { key in
            let generator = AnyGenerator(make(key))
            if let limit { return generator.limit(limit) }
            return generator
        }
    }

    /// The calls of the register workload; see `RegisterGenerator`.
    public static func register(
        keys: Int, cas: Bool, values: RegisterGenerator.Values = .distinct, seed: UInt64
    ) -> RegisterGenerator {
        RegisterGenerator(keys: keys, cas: cas, values: values, seed: seed)
    }

    /// Each key read once, until ok, by each of some workers; see `FinalReads`.
    public static func finalReads(keys: [Value], readers: Int? = nil) -> FinalReads {
        FinalReads(keys: keys, readers: readers)
    }
}

extension Generator {
    /// The first so many calls.
    public func limit(_ count: Int) -> Limit<Self> { Limit(self, count) }

    /// For so long after it is first asked.
    public func timeLimit(_ duration: Duration) -> TimeLimit<Self> {
        TimeLimit(self, nanoseconds: duration.nanoseconds)
    }

    /// At most so many operations at once.
    public func concurrencyLimit(_ count: Int) -> ConcurrencyLimit<Self> { ConcurrencyLimit(self, count) }

    /// At times that the seed fixes, so many a second over all workers.
    public func stagger(rate perSecond: Double, gaps: Gaps = .exponential, seed: UInt64) -> Stagger<Self> {
        precondition(perSecond > 0, "the rate of a stagger must be above 0")
        return Stagger(self, every: max(1, Int64((1e9 / perSecond).rounded())), gaps: gaps, seed: seed)
    }

    /// At times that the seed fixes, one in this time on average over all workers.
    public func stagger(every mean: Duration, gaps: Gaps = .exponential, seed: UInt64) -> Stagger<Self> {
        Stagger(self, every: mean.nanoseconds, gaps: gaps, seed: seed)
    }

    /// One call each time that this much has passed, over all workers.
    public func delay(_ gap: Duration) -> Stagger<Self> {
        Stagger(self, every: gap.nanoseconds, gaps: .fixed, seed: 0)
    }

    /// Begins so long after it is first asked.
    public func startingAfter(_ duration: Duration) -> Delayed<Self> {
        Delayed(self, nanoseconds: duration.nanoseconds)
    }

    /// Only on the workers with these numbers.
    public func onWorkers(_ range: Range<Int>) -> OnWorkers<Self> { OnWorkers(self, range) }

    /// Until one of its own operations ends as `ok`.
    public func untilOk() -> UntilOk<Self> { UntilOk(self) }

    /// Active by what the nemesis does; `function` is `partition`, `kill`, `pause`, `clock`, or nil for any.
    public func onNemesis(_ function: String? = nil, _ window: FaultWindow = .during) -> OnFault<Self> {
        OnFault(self, function: function, window: window)
    }

    /// Then the other one, once all workers are free.
    public func then(_ next: any Generator) -> Phases { Phases([self, next], isSynchronized: true) }

    /// At the same time as the other one, for the same workers.
    public func concurrentWith(_ other: any Generator) -> Concurrently { Concurrently([self, other]) }
}
