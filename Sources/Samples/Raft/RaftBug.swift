/// The mistakes that can be switched on in the sample Raft server, each one that real databases have shipped.
public enum RaftBug: String, CaseIterable, Sendable {
    /// Reads are answered by whoever believes it leads.
    case staleReads = "stale-reads"
    /// Reads rely on a lease that is timed by the wall clock.
    case leaseClock = "lease-clock"
    /// Writes are acknowledged before a majority has them.
    case ackBeforeQuorum = "ack-before-quorum"
    /// Term and vote do not survive a restart.
    case forgetVote = "forget-vote"
    /// Retried requests are applied again.
    case doubleApply = "double-apply"
    /// Reads see entries that are not committed.
    case dirtyReads = "dirty-reads"

    /// One line for lists and help texts.
    public var summary: String {
        switch self {
        case .staleReads:
            "the leader answers reads from local state without confirming that it still leads"
        case .leaseClock:
            "reads under a leader lease timed by the wall clock, wrong when that clock jumps back or runs slow"
        case .ackBeforeQuorum:
            "the leader acknowledges writes after its own append, before a majority has them"
        case .forgetVote:
            "term and vote are kept in memory only, so a restarted node forgets them"
        case .doubleApply:
            "the session table is not consulted, so a retried request is applied twice"
        case .dirtyReads:
            "reads of a key with uncommitted writes are served from the uncommitted tail of the leader's log"
        }
    }
}
