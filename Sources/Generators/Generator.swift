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
    /// The next call. It counts as taken only when the runner keeps the generator that gave it.
    case invoke(Invocation)
    /// Nothing at this moment; ask again at this time (nanoseconds since the run began) or after the next event,
    /// whichever comes first.
    case pending(until: Int64)
    /// Nothing ever again.
    case exhausted
}

/// What a generator may know of the run.
public struct Context: Hashable, Sendable {
    /// Nanoseconds since the run began.
    public var time: Int64
    /// How many workers there are in all.
    public let workers: Int
    /// Which workers are free, a bit a worker, 64 a word.
    public var free: [UInt64]
    /// The worker's present process number.
    public var processes: [Int]

    /// All workers free, at time zero; worker i runs process i.
    public init(workers: Int) {
        self.time = 0
        self.workers = workers
        self.free = (0..<(workers + 63) / 64).map { word in
            let bits = min(64, workers - word * 64)
            return bits == 64 ? .max : (1 << UInt64(bits)) - 1
        }
        self.processes = Array(0..<workers)
    }

    public func isFree(_ worker: Int) -> Bool { free[worker >> 6] >> UInt64(worker & 63) & 1 == 1 }

    public mutating func setFree(_ worker: Int, _ isFree: Bool) {
        if isFree { free[worker >> 6] |= 1 << UInt64(worker & 63) } else { free[worker >> 6] &= ~(1 << UInt64(worker & 63)) }
    }

    /// The worker that runs a process: process numbers of one worker differ by multiples of `workers`.
    public func worker(of process: Int) -> Int { process % workers }
}

/// Decides which operation comes next, for whom, and when. A value: copying it copies its whole future, and the same
/// seed and the same events give the same calls.
public protocol Generator: Sendable {
    /// The next call for one of the workers that are free in `context`. The runner keeps the changed generator only
    /// if it carries the call out; until then it asks a copy.
    mutating func next(_ context: Context) -> Next

    /// Tells of an event: an invocation or completion of a client, or a nemesis event.
    mutating func update(_ event: Operation, _ context: Context)
}

extension Generator {
    public mutating func update(_ event: Operation, _ context: Context) {}
}
