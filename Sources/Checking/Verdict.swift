import PolygraphHistory

/// What a checker says of a history.
public enum Verdict: String, Sendable, Codable, CaseIterable {
    /// Some correct system could have shown this.
    case valid
    /// No correct system could have shown this.
    case invalid
    /// Not decided; the result says why, and what would help.
    case unknown

    /// The verdict of two parts together: invalid wins over unknown, unknown over valid.
    public func combined(with other: Verdict) -> Verdict {
        if self == .invalid || other == .invalid { return .invalid }
        if self == .unknown || other == .unknown { return .unknown }
        return .valid
    }
}

/// A named way in which a history breaks a promise, with its proof.
public struct Anomaly: Sendable, Hashable {
    /// The field's name: `stale read`, `lost write`, …
    public var name: String
    /// The key, where the model has keys.
    public var key: Value?
    /// One sentence for a headline.
    public var summary: String
    /// The proof in words, one step a sentence.
    public var explanation: [String]
    /// Index (order of record) of the invocation of the operation at which the history became impossible.
    public var failedAt: Int?
    /// Indices of the invocations of all operations that the proof cites, in order of record.
    public var operations: [Int]

    public init(
        name: String, key: Value? = nil, summary: String, explanation: [String], failedAt: Int? = nil,
        operations: [Int] = []
    ) {
        self.name = name
        self.key = key
        self.summary = summary
        self.explanation = explanation
        self.failedAt = failedAt
        self.operations = operations
    }
}

/// The result for one partition (key) of a history.
public struct PartitionResult: Sendable, Hashable {
    public var key: Value?
    public var verdict: Verdict
    /// Operations (invocations) in this partition.
    public var operations: Int
    /// For `unknown`: why, how far it got, and what would help.
    public var reason: String?
    /// For `valid`: whether the independent verifier replayed the witness order.
    public var witnessReplayed: Bool
    /// For `valid`, where the checker was asked to keep it: positions of the invocations in a valid order.
    public var witness: [Int]?
    /// Nanoseconds it took.
    public var elapsed: Int64

    public init(
        key: Value?, verdict: Verdict, operations: Int, reason: String? = nil, witnessReplayed: Bool = false,
        witness: [Int]? = nil, elapsed: Int64 = 0
    ) {
        self.witness = witness
        self.key = key
        self.verdict = verdict
        self.operations = operations
        self.reason = reason
        self.witnessReplayed = witnessReplayed
        self.elapsed = elapsed
    }
}

/// The result of one checker on one history.
public struct CheckResult: Sendable, Hashable {
    /// The checker's name, as in a workload file: `linearizable`.
    public var checker: String
    public var verdict: Verdict
    /// One sentence: what the verdict rests on, or why there is none.
    public var reason: String
    public var anomalies: [Anomaly]
    public var partitions: [PartitionResult]
    /// Further facts for the report, in order: name and value.
    public var facts: [Fact]
    /// For a history that breaks the promise: which weaker ones it still keeps; empty where nobody asked.
    public var levels: [LevelResult]

    /// A named value for the report.
    public struct Fact: Sendable, Hashable {
        public var name: String
        public var value: Value
        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    public init(
        checker: String, verdict: Verdict, reason: String, anomalies: [Anomaly] = [],
        partitions: [PartitionResult] = [], facts: [Fact] = [], levels: [LevelResult] = []
    ) {
        self.checker = checker
        self.verdict = verdict
        self.reason = reason
        self.anomalies = anomalies
        self.partitions = partitions
        self.facts = facts
        self.levels = levels
    }
}

/// Turns a history into a verdict with evidence.
public protocol Checker: Sendable {
    /// The name of the promise it checks, as in a workload file.
    var name: String { get }

    /// Decides; never throws and always returns within its budget.
    func check(_ history: History) -> CheckResult
}
