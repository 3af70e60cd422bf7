import PolygraphModels

/// How a history is read, and what a check may cost.
public struct LinearizabilityOptions: Sendable, Hashable {
    /// What a `cas` that completed `fail` says.
    public enum FailedCAS: String, Sendable, Hashable, CaseIterable {
        /// With the error `mismatch`, that the value was not the expected one at some instant between invocation and
        /// completion; with any other, nothing but that it did not happen.
        case mismatch
        /// Whatever its error is, that the value was not the expected one.
        case observes
        /// Nothing but that it did not happen.
        case ignored

        /// Whether a failed `cas` is an observation.
        public func observes(isMismatch: Bool) -> Bool {
            switch self {
            case .mismatch: isMismatch
            case .observes: true
            case .ignored: false
            }
        }
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
    /// Whether results carry the witness orders, for a certificate.
    public var keepsWitnesses: Bool
    /// Whether it is found out what still holds of a history that is not linearizable.
    public var judgesLevels: Bool

    public init(
        timeLimitSeconds: Double = 300, memoryLimitBytes: Int = 2 << 30, failedCAS: FailedCAS = .mismatch,
        threads: Int? = nil, explainedKeys: Int = 10, keepsWitnesses: Bool = false, judgesLevels: Bool = true
    ) {
        self.keepsWitnesses = keepsWitnesses
        self.judgesLevels = judgesLevels
        self.timeLimitSeconds = timeLimitSeconds
        self.memoryLimitBytes = memoryLimitBytes
        self.failedCAS = failedCAS
        self.threads = threads
        self.explainedKeys = explainedKeys
    }
}
