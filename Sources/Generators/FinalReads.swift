import PolygraphHistory

/// Reads every key once from each of some workers, at the end of a run when all is healed: what was lost for good
/// shows here. A read that does not end as `ok` is made again after a pause.
public struct FinalReads: Generator {
    private struct Reader: Sendable {
        /// The position of its present key.
        var key = 0
        var attempts = 0
        /// Not before this time.
        var notBefore = Int64.min
        var isReading = false
    }

    private let keys: [Value]
    private let attempts: Int
    private let pause: Int64
    private let readerCount: Int?
    private var readers: [Reader] = []

    /// - Parameters:
    ///   - readers: how many workers, counted from 0, read; with one a node, every node is asked. All when nil.
    ///   - attempts: after so many a reader gives the key up, so that this always ends.
    ///   - pause: before a read is made again.
    public init(keys: [Value], readers: Int? = nil, attempts: Int = 20, pause: Duration = .milliseconds(200)) {
        self.keys = keys
        self.attempts = attempts
        self.pause = pause.nanoseconds
        readerCount = readers
    }

    public mutating func next(_ context: Context) -> Next {
        if readers.isEmpty {
            readers = Array(repeating: Reader(), count: min(readerCount ?? context.workers, context.workers))
        }
        var until = Int64.max
        var isExhausted = true
        for worker in readers.indices where WorkerBits.contains(context.members, worker) {
            let reader = readers[worker]
            guard reader.key < keys.count else { continue }
            isExhausted = false
            guard !reader.isReading, context.isFree(worker) else { continue }
            guard reader.notBefore <= context.time else {
                until = min(until, reader.notBefore)
                continue
            }
            readers[worker].isReading = true
            readers[worker].attempts += 1
            return .invoke(
                Invocation(
                    time: context.dueTime, worker: worker,
                    // Readers begin at different keys, so that they do not all ask for the same one.
                    call: Call("read", key: keys[(reader.key + worker) % keys.count])))
        }
        return isExhausted ? .exhausted : .pending(until: until)
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        guard event.kind != .invoke, let process = event.process.number else { return }
        let worker = context.worker(of: process)
        guard worker < readers.count, readers[worker].isReading else { return }
        readers[worker].isReading = false
        if event.kind == .ok || readers[worker].attempts >= attempts {
            readers[worker].key += 1
            readers[worker].attempts = 0
        } else {
            readers[worker].notBefore = event.time + pause
        }
    }
}
