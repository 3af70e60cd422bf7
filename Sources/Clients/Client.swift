import PolygraphHistory

/// One operation, as a client gets it.
public struct Request: Hashable, Sendable {
    /// `read`, `write`, `cas`, …
    public var function: String
    public var key: Value?
    public var value: Value
    /// The logical process that makes it.
    public var process: Int
    /// The index of its invocation in the history: unique in the run.
    public var operation: Int
    /// When it must be over, in nanoseconds of `CLOCK_MONOTONIC`.
    public var deadline: Int64

    public init(function: String, key: Value?, value: Value, process: Int, operation: Int, deadline: Int64) {
        self.function = function
        self.key = key
        self.value = value
        self.process = process
        self.operation = operation
        self.deadline = deadline
    }
}

/// How an operation ended.
public struct Completion: Hashable, Sendable {
    /// `ok`, `fail` or `info`.
    public var kind: Operation.Kind
    /// What it returned; nil repeats the value of the invocation.
    public var value: Value?
    /// Why it is not `ok`; `mismatch` for a refused compare.
    public var error: String?

    public init(_ kind: Operation.Kind, value: Value? = nil, error: String? = nil) {
        self.kind = kind
        self.value = value
        self.error = error
    }
}

/// How a request went wrong, and whether it may have happened all the same.
public enum ClientError: Error, Hashable, CustomStringConvertible {
    /// It certainly did not happen.
    case definite(String)
    /// It may have happened, or happen yet.
    case indeterminate(String)

    public var description: String {
        switch self {
        case .definite(let message), .indeterminate(let message): message
        }
    }
}

/// Carries operations to one node and says how they ended. A client lives on one thread, which it may block; it serves
/// one logical process and is closed when that process is retired.
public protocol Client: AnyObject {
    /// Carries out one operation, before its deadline.
    /// - Throws: `ClientError`; the runner makes `fail` or `info` of it, by the function.
    func invoke(_ request: Request) throws(ClientError) -> Completion

    /// Gives back what it holds, at once.
    func close()
}
