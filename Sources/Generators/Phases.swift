import PolygraphHistory

/// One generator after another.
public struct Phases: Generator {
    private var parts: [any Generator]
    private var current = 0
    private let isSynchronized: Bool

    /// - Parameter isSynchronized: whether each part begins only when all workers are free, so that no operation of
    ///   one part overlaps one of the next.
    public init(_ parts: [any Generator], isSynchronized: Bool) {
        self.parts = parts
        self.isSynchronized = isSynchronized
    }

    /// Whether the part before has ended, but its operations may not have.
    private var isWaiting = false

    public mutating func next(_ context: Context) -> Next {
        while current < parts.count {
            if isWaiting {
                guard context.areAllFree else { return .pending(until: .max) }
                isWaiting = false
            }
            let next = parts[current].next(context)
            guard next == .exhausted else { return next }
            current += 1
            isWaiting = isSynchronized
        }
        return .exhausted
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        // Parts that have not begun hear of the nemesis: a fault may already be in force when their turn comes.
        if event.process == .nemesis {
            for part in current..<max(current, parts.count) { parts[part].update(event, context) }
        } else if current < parts.count {
            parts[current].update(event, context)
        }
    }
}

/// Several generators at once, for the same workers: whoever has a call that is due, in turns when several have.
/// Exhausted when all are.
public struct Concurrently: Generator {
    private var parts: [any Generator]
    private var turn = 0

    public init(_ parts: [any Generator]) { self.parts = parts }

    public mutating func next(_ context: Context) -> Next {
        var until = Int64.max
        var isExhausted = true
        for offset in parts.indices {
            let part = (turn + offset) % parts.count
            switch parts[part].next(context) {
            case .invoke(let invocation):
                turn = (part + 1) % parts.count
                return .invoke(invocation)
            case .pending(let time):
                isExhausted = false
                until = min(until, time)
            case .exhausted: continue
            }
        }
        return isExhausted ? .exhausted : .pending(until: until)
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        for part in parts.indices { parts[part].update(event, context) }
    }
}
