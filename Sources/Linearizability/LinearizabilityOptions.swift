import PolygraphModels

/// How a history is read, and what a check may cost.
public struct LinearizabilityOptions: Sendable, Hashable {
    /// What a `cas` that completed `fail` with the error `mismatch` says.
    public enum FailedCAS: String, Sendable, Hashable, CaseIterable {
        /// The value was not the expected one at some instant between invocation and completion.
        case observes
        /// Nothing but that it did not happen.
        case ignored
    }

    /// Seconds that the whole check may take, proofs and explanations included.
    public var timeLimitSeconds: Double
    /// Bytes that the search may hold at any time, over all keys.
    public var memoryLimitBytes: Int
    public var failedCAS: FailedCAS
    /// Threads that decide keys; nil for one per core.
    public var threads: Int?
    /// Keys whose anomaly is minimised and explained in full; the others are named and listed.
    public var explainedKeys: Int

    public init(
        timeLimitSeconds: Double = 300, memoryLimitBytes: Int = 2 << 30, failedCAS: FailedCAS = .observes,
        threads: Int? = nil, explainedKeys: Int = 10
    ) {
        self.timeLimitSeconds = timeLimitSeconds
        self.memoryLimitBytes = memoryLimitBytes
        self.failedCAS = failedCAS
        self.threads = threads
        self.explainedKeys = explainedKeys
    }
}
