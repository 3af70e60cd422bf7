import PolygraphHistory

/// Any generator as one type, so that what is composed while a program runs can be chained too:
/// `AnyGenerator(generator).timeLimit(.seconds(60))`.
public struct AnyGenerator: Generator {
    private var base: any Generator

    public init(_ base: any Generator) {
        // A box in a box would only cost time.
        self.base = (base as? AnyGenerator)?.base ?? base
    }

    public mutating func next(_ context: Context) -> Next { base.next(context) }

    public mutating func update(_ event: Operation, _ context: Context) { base.update(event, context) }
}
