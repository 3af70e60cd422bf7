import PolygraphHistory

/// What is known of a history that is not finished.
public struct VerdictSoFar: Sendable, Hashable {
    /// `invalid` is final: whatever comes, the history stays invalid. `valid` and `unknown` are about what was seen.
    public var verdict: Verdict
    /// Operations (invocations) that were seen.
    public var operations: Int
    /// For `invalid`: one sentence on what is wrong.
    public var summary: String?

    public init(verdict: Verdict, operations: Int, summary: String? = nil) {
        self.verdict = verdict
        self.operations = operations
        self.summary = summary
    }
}

/// Judges a history while it grows. It belongs to one thread at a time.
public protocol HistoryFollower: AnyObject {
    /// Takes further events, in the order of record.
    func take(_ events: [Operation])

    /// Judges all that was taken. Takes at most about `seconds`; what was not decided in that time is `unknown`.
    func judge(withinSeconds seconds: Double) -> VerdictSoFar
}

/// A checker that can follow a run while it goes on.
public protocol FollowingChecker: Checker {
    func follower() -> any HistoryFollower
}
