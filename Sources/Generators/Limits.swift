import PolygraphHistory

/// The first so many calls of a generator.
public struct Limit<Base: Generator>: Generator {
    private var base: Base
    private var left: Int

    init(_ base: Base, _ count: Int) {
        self.base = base
        left = count
    }

    public mutating func next(_ context: Context) -> Next {
        guard left > 0 else { return .exhausted }
        let next = base.next(context)
        if case .invoke = next { left -= 1 }
        return next
    }

    public mutating func update(_ event: Operation, _ context: Context) { base.update(event, context) }
}

/// A generator for so long after it is first asked; what is overdue at the end is dropped.
public struct TimeLimit<Base: Generator>: Generator {
    private var base: Base
    private let duration: Int64
    private var end: Int64?

    init(_ base: Base, nanoseconds: Int64) {
        self.base = base
        duration = nanoseconds
    }

    public mutating func next(_ context: Context) -> Next {
        if end == nil {
            let (sum, overflow) = context.time.addingReportingOverflow(duration)
            end = overflow ? .max : sum
        }
        guard let end, context.time < end else { return .exhausted }
        let next = base.next(context)
        if case .pending(let until) = next { return .pending(until: min(until, end)) }
        return next
    }

    public mutating func update(_ event: Operation, _ context: Context) { base.update(event, context) }
}

/// A generator of which at most so many operations run at once.
public struct ConcurrencyLimit<Base: Generator>: Generator {
    private var base: Base
    private let limit: Int
    private var own = OwnOperations()

    init(_ base: Base, _ limit: Int) {
        self.base = base
        self.limit = limit
    }

    public mutating func next(_ context: Context) -> Next {
        guard own.count < limit else { return .pending(until: .max) }
        let next = base.next(context)
        if case .invoke(let invocation) = next { own.begin(invocation.worker) }
        return next
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        _ = own.end(event, context)
        base.update(event, context)
    }
}

/// A generator until one of its own operations ends as `ok`.
public struct UntilOk<Base: Generator>: Generator {
    private var base: Base
    private var own = OwnOperations()
    private var isDone = false

    init(_ base: Base) { self.base = base }

    public mutating func next(_ context: Context) -> Next {
        if isDone { return .exhausted }
        switch base.next(context) {
        case .invoke(let invocation):
            own.begin(invocation.worker)
            return .invoke(invocation)
        case .pending(let until): return .pending(until: until)
        case .exhausted: return .exhausted
        }
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        if own.end(event, context), event.kind == .ok { isDone = true }
        base.update(event, context)
    }
}

/// The operations that a generator has begun and that have not ended: one a worker at most.
struct OwnOperations: Sendable {
    private var workers: [UInt64] = []
    private(set) var count = 0

    mutating func begin(_ worker: Int) {
        WorkerBits.insert(worker, into: &workers)
        count += 1
    }

    /// Whether `event` ends one of them.
    mutating func end(_ event: Operation, _ context: Context) -> Bool {
        guard event.kind != .invoke, let process = event.process.number else { return false }
        let worker = context.worker(of: process)
        guard WorkerBits.contains(workers, worker) else { return false }
        WorkerBits.remove(worker, from: &workers)
        count -= 1
        return true
    }
}
