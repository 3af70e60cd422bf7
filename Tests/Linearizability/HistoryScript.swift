import PolygraphHistory

/// Builds a history by hand: events in the order of the calls, 10 ms apart.
struct HistoryScript {
    private(set) var events: [Operation] = []

    /// Invokes; returns the index of the invocation.
    @discardableResult
    mutating func invoke(
        _ process: Int, _ function: String, _ value: Value = .null, key: Value? = 3, node: String = "n1"
    ) -> Int {
        add(
            Operation(
                index: 0, time: 0, process: .client(process), kind: .invoke, function: function, key: key,
                value: value, node: node))
    }

    /// Completes the open operation of a process.
    mutating func complete(
        _ process: Int, _ kind: Operation.Kind = .ok, _ value: Value? = .none, error: String? = nil
    ) {
        guard var completion = events.last(where: { $0.process == .client(process) && $0.kind == .invoke }) else {
            preconditionFailure("process \(process) never invoked")
        }
        completion.kind = kind
        completion.error = error
        if let value { completion.value = value }
        add(completion)
    }

    /// An operation that nothing overlaps; returns the index of its invocation.
    @discardableResult
    mutating func run(
        _ process: Int, _ function: String, _ value: Value = .null, gets: Value? = .none,
        _ kind: Operation.Kind = .ok, error: String? = nil, key: Value? = 3, node: String = "n1"
    ) -> Int {
        let index = invoke(process, function, value, key: key, node: node)
        complete(process, kind, gets, error: error)
        return index
    }

    mutating func fault(_ function: String, _ value: Value) {
        add(Operation(index: 0, time: 0, process: .nemesis, kind: .info, function: function, value: value))
    }

    @discardableResult
    private mutating func add(_ operation: Operation) -> Int {
        var operation = operation
        operation.index = events.count
        operation.time = Int64(events.count) * 10_000_000
        events.append(operation)
        return operation.index
    }

    var history: History {
        guard let history = try? History(events) else { preconditionFailure("the script makes no history") }
        return history
    }
}
