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
    /// Entries are acknowledged when they are written, and put on disk for good up to a second later.
    case ackBeforeFsync = "ack-before-fsync"
    /// The log is read without its checksums.
    case tornLog = "torn-log"
    /// Of two writes the one with the later time stamp wins.
    case trustClockOrdering = "trust-clock-ordering"
    /// Names are looked up once, and whoever is at the address is believed to be the peer.
    case dnsOnce = "dns-once"
    /// Members change in one step, to those that answer just now, without waiting for anybody's consent.
    case splitConfig = "split-config"

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
        case .ackBeforeFsync:
            "entries are acknowledged once written and synced once a second, so a power failure loses some"
        case .tornLog:
            "the log is read without its checksums, so a record that a power failure tore is taken for an entry"
        case .trustClockOrdering:
            "a write whose time stamp, by the wall clock of the node asked, is older than the last one's is dropped"
        case .dnsOnce:
            "peers' names are looked up once, at start, and whoever answers at an address counts as that peer"
        case .splitConfig:
            "a change of members makes members of those that answer just now, at once and without a majority's consent"
        }
    }
}
