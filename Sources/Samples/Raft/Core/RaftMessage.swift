/// Position of a member in the cluster, from 1.
typealias NodeID = UInt8
/// Election term; 0 before the first election.
typealias Term = UInt64
/// Position in the log, from 1; 0 is "before the log".
typealias LogIndex = UInt64
/// Nanoseconds of a clock that the caller names.
typealias Nanoseconds = Int64

/// One entry of the replicated log. An empty command is the no-op with which a leader opens its term;
/// one that begins with `membersKind` names the members.
struct LogEntry: Equatable, Sendable {
    var term: Term
    var command: [UInt8]
}

/// The state machine at one index, and what the log had there.
struct Snapshot: Equatable, Sendable {
    var index: LogIndex
    var term: Term
    /// The members as of that index.
    var members: [NodeID]
    var state: [UInt8]
}

/// What the members tell one another. Only positive votes are sent: no answer means no.
enum RaftMessage: Equatable, Sendable {
    /// "Would you vote for me in the term after mine?", asked before a term is spent on it.
    case preVote(lastIndex: LogIndex, lastTerm: Term)
    case preVoteGranted(campaign: Term)
    case vote(lastIndex: LogIndex, lastTerm: Term)
    case voteGranted
    case append(previousIndex: LogIndex, previousTerm: Term, entries: [LogEntry], commit: LogIndex)
    /// Everything up to `index` equals the leader's log and is on disk.
    case appended(index: LogIndex)
    /// The log did not have the leader's entry at `previousIndex`; it may agree up to `hint`.
    case appendRefused(previousIndex: LogIndex, hint: LogIndex)
    /// Leadership is confirmed per numbered round, apart from appends, which have to wait for a disk.
    case heartbeat(round: UInt64, commit: LogIndex)
    case heartbeatAnswer(round: UInt64)
    /// The snapshot with a part of its state only, which begins at `offset`.
    case snapshotPart(Snapshot, offset: UInt64, isLast: Bool)
    /// The next part of snapshot `index` that the follower wants begins at `offset`.
    case snapshotWanted(index: LogIndex, offset: UInt64)

    /// Whether it is said of a candidate's or leader's own accord, rather than in answer to one.
    var isQuestion: Bool {
        switch self {
        case .preVote, .vote: true
        default: isLeaders
        }
    }

    /// Whether only a leader says it.
    var isLeaders: Bool {
        switch self {
        case .append, .heartbeat, .snapshotPart: true
        case .preVote, .vote, .preVoteGranted, .voteGranted, .appended, .appendRefused, .heartbeatAnswer,
            .snapshotWanted:
            false
        }
    }
}

/// A message with its sender, receiver and the sender's term.
struct Envelope: Equatable, Sendable {
    var from: NodeID
    var to: NodeID
    var term: Term
    var message: RaftMessage
}
