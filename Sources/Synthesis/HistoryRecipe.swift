import PolygraphHistory

/// What a synthetic history is made of. What a recipe has no use for is ignored.
public struct HistoryParameters: Sendable, Hashable {
    /// Operations, about; some recipes add a few to make their point.
    public var operations: Int
    /// Clients that run at the same time.
    public var clients: Int
    public var keys: Int
    /// How many different values are written; 0 where every write has a value of its own.
    public var values: Int
    /// Operations whose outcome is unknown.
    public var crashed: Int
    public var seed: UInt64
    /// Nanoseconds by which recorded times are moved and rounded, so that some are equal and some run backwards. The
    /// order of record stays as it is.
    public var jitter: Int64

    public init(
        operations: Int, clients: Int = 10, keys: Int = 1, values: Int = 0, crashed: Int = 0, seed: UInt64 = 1,
        jitter: Int64 = 0
    ) {
        self.operations = operations
        self.clients = clients
        self.keys = keys
        self.values = values
        self.crashed = crashed
        self.seed = seed
        self.jitter = jitter
    }
}

/// A seeded generator of histories whose verdict is known.
///
/// ```swift
/// let recipe = Recipes.named("stale-read")!
/// recipe.generate { operation in write(operation) }
/// ```
public struct HistoryRecipe: Sendable {
    /// What the history is, by construction, under `model`.
    public enum Expectation: String, Sendable, Hashable, CaseIterable {
        case valid
        case invalid
        /// The construction does not tell.
        case unknown
    }

    public let name: String
    /// One line on what is in the history.
    public let summary: String
    /// The name of the model to check it with; the initial value is the model's own.
    public let model: String
    public let expectation: Expectation
    /// The parameters that the recipe is meant for.
    public let parameters: HistoryParameters
    private let make: @Sendable (HistoryParameters, inout EventSink) -> Void

    init(
        _ name: String, _ summary: String, model: String, _ expectation: Expectation, _ parameters: HistoryParameters,
        make: @escaping @Sendable (HistoryParameters, inout EventSink) -> Void
    ) {
        self.name = name
        self.summary = summary
        self.model = model
        self.expectation = expectation
        self.parameters = parameters
        self.make = make
    }

    /// Hands on the events of the history in the order of record; the same for the same parameters, on every machine.
    /// Sizes below 1 count as 1.
    public func generate(_ parameters: HistoryParameters? = nil, _ body: (Operation) -> Void) {
        var parameters = parameters ?? self.parameters
        parameters.operations = max(1, parameters.operations)
        parameters.clients = max(1, parameters.clients)
        parameters.keys = max(1, parameters.keys)
        parameters.values = max(0, parameters.values)
        parameters.crashed = max(0, min(parameters.operations, parameters.crashed))
        parameters.jitter = max(0, min(1 << 40, parameters.jitter))
        withoutActuallyEscaping(body) { body in
            var sink = EventSink(jitter: parameters.jitter, seed: parameters.seed, body: body)
            make(parameters, &sink)
        }
    }

    /// All events at once.
    public func operations(_ parameters: HistoryParameters? = nil) -> [Operation] {
        var operations: [Operation] = []
        generate(parameters) { operations.append($0) }
        return operations
    }
}
