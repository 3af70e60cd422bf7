import PolygraphGenerators
import PolygraphHistory

/// Ends a generator as soon as something outside has failed (a full disk under the journal, for one).
struct FailureStop: Generator {
    private var base: any Generator
    private let hasFailed: @Sendable () -> Bool

    init(_ base: any Generator, when hasFailed: @escaping @Sendable () -> Bool) {
        self.base = base
        self.hasFailed = hasFailed
    }

    mutating func next(_ context: Context) -> Next { hasFailed() ? .exhausted : base.next(context) }

    mutating func update(_ event: Operation, _ context: Context) { base.update(event, context) }
}
