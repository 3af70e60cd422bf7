import PolygraphHistory

/// What a client is asked to do.
public struct Call: Hashable, Sendable {
    /// `read`, `write`, `cas`, …
    public var function: String
    public var key: Value?
    public var value: Value

    public init(_ function: String, key: Value? = nil, _ value: Value = .null) {
        self.function = function
        self.key = key
        self.value = value
    }
}

/// A call with the time at which it is due and the worker that shall make it.
public struct Invocation: Hashable, Sendable {
    /// Nanoseconds since the run began. May lie in the past when all workers were busy: latency counts from here.
    public var time: Int64
    /// The worker (0 ..< workers), which must be free; its present process number is the runner's business.
    public var worker: Int
    public var call: Call

    public init(time: Int64, worker: Int, call: Call) {
        self.time = time
        self.worker = worker
        self.call = call
    }
}

/// The answer of a generator.
public enum Next: Hashable, Sendable {
    /// The next call, due now or overdue (its time is not after the context's): the runner makes it at once.
    case invoke(Invocation)
    /// Nothing at this moment; ask again at this time (nanoseconds since the run began) or after the next event,
    /// whichever comes first. `.max`: only an event can change it.
    case pending(until: Int64)
    /// Nothing ever again.
    case exhausted
}

/// Decides which operation comes next, for whom, and when. A value: copying it copies its whole future, and the same
/// seed and the same events give the same calls.
///
/// The runner asks one generator, in place, and keeps it after every answer: `pending` may change it too (a generator
/// remembers when it was first asked, or that its next phase has begun). So asking costs no copy, and `invoke` is only
/// ever given for a call that is due. Who asks just to see what would come asks a copy.
public protocol Generator: Sendable {
    /// The next call for one of the workers that are free in `context`.
    mutating func next(_ context: Context) -> Next

    /// Tells of an event: an invocation or completion of a client, or a nemesis event. `context` is that after the
    /// event: a worker whose operation has completed is free again.
    mutating func update(_ event: Operation, _ context: Context)
}

extension Generator {
    public mutating func update(_ event: Operation, _ context: Context) {}
}
