import PolygraphHistory

/// A generator for some of the workers only.
public struct OnWorkers<Base: Generator>: Generator {
    private var base: Base
    private let range: Range<Int>
    private var view: WorkerView?

    init(_ base: Base, _ range: Range<Int>) {
        self.base = base
        self.range = range
    }

    private mutating func prepare(_ context: Context) {
        guard view == nil else { return }
        var members = Array(repeating: UInt64(0), count: context.members.count)
        for worker in range where WorkerBits.contains(context.members, worker) {
            WorkerBits.insert(worker, into: &members)
        }
        view = WorkerView(members)
    }

    public mutating func next(_ context: Context) -> Next {
        prepare(context)
        // No worker will ever be free here.
        if view!.members.allSatisfy({ $0 == 0 }) { return .exhausted }
        return base.next(view!.narrow(context))
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        prepare(context)
        if view!.concerns(event, context) { base.update(event, view!.narrow(context)) }
    }
}

/// Several generators side by side, each with workers of its own.
///
/// The base of `Reserve`, `PerWorker` and `PerKey`. Exhausted when all parts are.
struct SideBySide: Sendable {
    private var views: [WorkerView] = []
    private var parts: [any Generator] = []
    private var isOver: [Bool] = []
    private var turn = 0

    /// - Parameter members: the workers of each part; no worker in two of them.
    init(_ parts: [any Generator], members: [[UInt64]]) {
        self.parts = parts
        views = members.map(WorkerView.init)
        isOver = members.map { $0.allSatisfy { $0 == 0 } }
    }

    /// The number of the part that answers, with its answer.
    /// - Parameter successor: gives what follows a part that is exhausted, or nil.
    mutating func next(
        _ context: Context, successor: (Int) -> (any Generator)? = { _ in nil }
    ) -> (part: Int, next: Next) {
        var until = Int64.max
        var isExhausted = true
        for offset in parts.indices {
            let part = turn + offset < parts.count ? turn + offset : turn + offset - parts.count
            // A part whose workers are all busy is asked all the same: it may be exhausted, or know a time.
            switch ask(part, views[part].narrow(context), successor) {
            case .invoke(let invocation):
                turn = part + 1 == parts.count ? 0 : part + 1
                return (part, .invoke(invocation))
            case .pending(let time):
                isExhausted = false
                until = min(until, time)
            case .exhausted: continue
            }
        }
        return (-1, isExhausted ? .exhausted : .pending(until: until))
    }

    private mutating func ask(_ part: Int, _ view: Context, _ successor: (Int) -> (any Generator)?) -> Next {
        while !isOver[part] {
            let next = parts[part].next(view)
            guard next == .exhausted else { return next }
            if let generator = successor(part) { parts[part] = generator } else { isOver[part] = true }
        }
        return .exhausted
    }

    mutating func update(_ event: Operation, _ context: Context) {
        for part in parts.indices where !isOver[part] && views[part].concerns(event, context) {
            parts[part].update(event, views[part].narrow(context))
        }
    }
}

/// The first workers for one generator, the next ones for another, what is left for the last.
public struct Reserve: Generator {
    private let counts: [Int]
    private let generators: [any Generator]
    private var sides: SideBySide?

    public init(_ parts: [(workers: Int, generator: any Generator)], rest: any Generator) {
        counts = parts.map(\.workers)
        generators = parts.map(\.generator) + [rest]
    }

    private mutating func prepare(_ context: Context) {
        guard sides == nil else { return }
        var workers = WorkerBits.list(context.members)[...]
        let members = (counts + [workers.count]).map { count in
            var words = Array(repeating: UInt64(0), count: context.members.count)
            for worker in workers.prefix(count) { WorkerBits.insert(worker, into: &words) }
            workers = workers.dropFirst(count)
            return words
        }
        sides = SideBySide(generators, members: members)
    }

    public mutating func next(_ context: Context) -> Next {
        prepare(context)
        return sides!.next(context).next
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        prepare(context)
        sides!.update(event, context)
    }
}

/// A generator of its own for every worker.
public struct PerWorker: Generator {
    private let make: @Sendable (Int) -> any Generator
    private var sides: SideBySide?

    /// - Parameter make: gives the generator of a worker.
    public init(_ make: @escaping @Sendable (Int) -> any Generator) { self.make = make }

    private mutating func prepare(_ context: Context) {
        guard sides == nil else { return }
        let workers = WorkerBits.list(context.members)
        sides = SideBySide(
            workers.map(make),
            members: workers.map { worker in
                var words = Array(repeating: UInt64(0), count: context.members.count)
                WorkerBits.insert(worker, into: &words)
                return words
            })
    }

    public mutating func next(_ context: Context) -> Next {
        prepare(context)
        return sides!.next(context).next
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        prepare(context)
        sides!.update(event, context)
    }
}
