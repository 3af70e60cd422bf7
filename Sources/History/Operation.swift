/// One event of a history: an invocation, a completion, or something that the nemesis did.
public struct Operation: Hashable, Sendable {
    /// How the event stands in the life of an operation.
    public enum Kind: String, Sendable, CaseIterable {
        /// The request is about to leave.
        case invoke
        /// It happened.
        case ok
        /// It certainly did not happen.
        case fail
        /// Unknown: it may take effect at any later time, or never.
        case info
    }

    /// Who acts: a logical client, or the nemesis.
    public enum Process: Hashable, Sendable {
        case client(Int)
        case nemesis

        /// The number of a logical client, or nil for the nemesis.
        public var number: Int? {
            if case .client(let number) = self { number } else { nil }
        }
    }

    /// Position in the order of record, the only order that checkers trust.
    public var index: Int
    /// Nanoseconds of the controller's monotonic clock since the run began.
    public var time: Int64
    public var process: Process
    public var kind: Kind
    /// The function: `read`, `write`, `cas`, or the name of a fault.
    public var function: String
    /// The key, where the function has one.
    public var key: Value?
    public var value: Value
    /// The node that the client spoke to, where there is one.
    public var node: String?
    /// Why it failed or stayed unknown; `mismatch` for a refused compare.
    public var error: String?
    /// For an invocation: the time at which the generator wanted it, in nanoseconds since the run began.
    /// Latency counts from here, so that a slow system cannot hide its queue (coordinated omission).
    public var intended: Int64?

    public init(
        index: Int, time: Int64, process: Process, kind: Kind, function: String, key: Value? = nil,
        value: Value = .null, node: String? = nil, error: String? = nil, intended: Int64? = nil
    ) {
        self.index = index
        self.time = time
        self.process = process
        self.kind = kind
        self.function = function
        self.key = key
        self.value = value
        self.node = node
        self.error = error
        self.intended = intended
    }
}
