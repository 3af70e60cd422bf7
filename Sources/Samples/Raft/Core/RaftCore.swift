/// The Raft protocol of one node as a deterministic state machine: no clock, disk, network or thread of its own.
///
/// Inputs are method calls that carry the time; what they lead to is collected by `takeEffects`. The caller performs
/// `Effects.writes` in order and reports them by `persisted`; messages that depend on a write are held back until then.
/// So every node behaves as if its writes were instantaneous and its messages slower: a crash forgets a suffix of
/// what it decided, and nobody has heard of that suffix.
///
/// After Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014), and Ongaro's dissertation:
/// single-server membership changes (4), pre-vote (9.6), leader stickiness and check quorum (4.2.3, 6.2), ReadIndex (6.4), pipelining and parallel disk
/// writes (10.2). A message from an older term is dropped; its sender, where it leads, is sent a pre-vote, which carries
/// the newer term: a node that is ahead of its leader could never follow it.
struct RaftCore {
    enum Role: Equatable, Sendable { case follower, preCandidate, candidate, leader }

    /// The two clocks of a node. All timing is monotonic; the wall clock serves the `lease-clock` bug alone.
    struct Now: Equatable, Sendable {
        var monotonic: Nanoseconds
        var wall: Nanoseconds
    }

    struct Configuration: Sendable {
        var id: NodeID
        /// The members before the log says otherwise.
        var members: [NodeID]
        var bugs: Set<RaftBug> = []
        /// Shortest election timeout; also how long a node that heard from a leader refuses others its vote.
        var electionTimeout: Nanoseconds = 150_000_000
        /// Bytes of entries in one append, and of a snapshot in one part.
        var maximumMessageBytes = 256 << 10
        /// Proposals are refused while so many entries are not committed.
        var maximumUncommitted: UInt64 = 5_000

        var heartbeatInterval: Nanoseconds { electionTimeout / 5 }
    }

    /// What the caller has to do, in this order: restore, send, write, apply up to `commitIndex`, then answer reads.
    struct Effects {
        var restore: Snapshot?
        var messages: [Envelope] = []
        /// The number of the last write and the writes.
        var writeSequence: UInt64 = 0
        var writes: [DurableWrite] = []
        var readyReads: [UInt64] = []
        var failedReads: [UInt64] = []

        var isEmpty: Bool {
            restore == nil && messages.isEmpty && writes.isEmpty && readyReads.isEmpty && failedReads.isEmpty
        }
    }

    let configuration: Configuration
    var bugs: Set<RaftBug> { configuration.bugs }

    // What Raft calls persistent state.
    var term: Term
    var vote: NodeID?
    var log: RaftLog
    var snapshot: Snapshot?
    /// What log and snapshot say about the members.
    var members: MemberHistory
    /// The other members, and the learner.
    var peers: [NodeID] = []

    var role = Role.follower
    /// The leader of `term`, where known.
    var leader: NodeID?
    var commitIndex: LogIndex

    // Disk.
    var lastSequence: UInt64 = 0
    var persistedSequence: UInt64 = 0
    /// The log is on this node's own disk up to here.
    var syncedIndex: LogIndex
    /// Appends not yet on disk: the number of the write and its last index.
    var unsynced: [(sequence: UInt64, lastIndex: LogIndex)] = []
    /// Messages that wait for the write with that number.
    var heldBack: [(sequence: UInt64, envelope: Envelope)] = []

    // Elections.
    var electionDeadline: Nanoseconds
    /// When a leader of the current term was last heard. A node that has just started may have promised a leader,
    /// before it stopped, not to vote for others for a while; so it counts its start as such a time.
    var lastHeardLeader: Nanoseconds
    var supporters: Set<NodeID> = []
    var random: SplitMix64

    // Leadership.
    var progress: [NodeID: PeerProgress] = [:]
    /// The no-op of this term: before it is committed a leader does not know what is.
    var firstIndexOfTerm: LogIndex = 0
    var nextHeartbeat: Nanoseconds = 0
    /// A node that gets the log and has no vote yet, and when somebody last asked that it become a member (monotonic).
    var learner: NodeID?
    var learnerWanted: Nanoseconds = 0

    // Reads.
    var round: UInt64 = 0
    var roundStarted: Nanoseconds = 0
    var waitingReads: [UInt64] = []
    var confirmingReads: [ConfirmingRead] = []
    /// Wall-clock time at which each recent round was sent; `lease-clock` only.
    var wallTimeOfRound: [(round: UInt64, time: Nanoseconds)] = []
    var leaseStart: Nanoseconds = .min

    // A snapshot that is arriving in parts.
    var incoming: Snapshot?

    /// The name under which answers go out: with `dns-once`, the one by which this node was called.
    private var calledAs: NodeID

    var effects = Effects()

    init(configuration: Configuration, state: DurableState, seed: UInt64, now: Now) {
        self.configuration = configuration
        term = state.term
        vote = state.vote
        log = state.log
        snapshot = state.snapshot
        commitIndex = state.snapshot?.index ?? 0
        members = MemberHistory(base: state.snapshot?.members ?? configuration.members)
        members.record(log.suffix(after: commitIndex)[...], from: commitIndex + 1)
        calledAs = configuration.id
        syncedIndex = state.log.lastIndex
        random = SplitMix64(seed: seed)
        lastHeardLeader = now.monotonic
        electionDeadline = 0
        resetElectionDeadline(now)
        effects.restore = state.snapshot
        refreshPeers()
    }

    /// When `tick` has something to do at the latest (monotonic).
    var nextDeadline: Nanoseconds { role == .leader ? nextHeartbeat : electionDeadline }

    // MARK: Inputs

    /// Lets time pass: campaigns, heartbeats, retransmissions, and the end of a leadership without followers.
    mutating func tick(_ now: Now) {
        guard role == .leader else {
            if now.monotonic >= electionDeadline { loseLeader(now) }
            return
        }
        if hasLostQuorum(now) {
            becomeFollower(term: term, leader: nil, now)
        } else if now.monotonic >= nextHeartbeat {
            retransmit(now)
            startRound(now)
        }
    }

    /// Takes a message from another member. One that is meant for another node is dropped.
    mutating func receive(_ envelope: Envelope, _ now: Now) {
        let sender = envelope.from
        if envelope.to != configuration.id {
            guard bugs.contains(.dnsOnce), envelope.message.isQuestion else { return }
            calledAs = envelope.to
        }
        defer { calledAs = configuration.id }
        switch envelope.message {
        case .preVote(let lastIndex, let lastTerm):
            return answerPreVote(sender, senderTerm: envelope.term, lastIndex: lastIndex, lastTerm: lastTerm, now)
        case .vote where refusesToVote(now):
            return
        default: break
        }
        if envelope.term > term { becomeFollower(term: envelope.term, leader: nil, now) }
        guard envelope.term == term else {
            // The leader of old need not be a member as this node knows them, and so may never hear it otherwise.
            if envelope.message.isLeaders {
                send(.preVote(lastIndex: log.lastIndex, lastTerm: log.lastTerm), to: sender)
            }
            return
        }

        switch envelope.message {
        case .preVote: break
        case .preVoteGranted(let campaign): countPreVote(sender, campaign: campaign, now)
        case .vote(let lastIndex, let lastTerm):
            answerVote(sender, lastIndex: lastIndex, lastTerm: lastTerm, now)
        case .voteGranted: countVote(sender, now)
        case .append(let previousIndex, let previousTerm, let entries, let commit):
            hear(leader: sender, now)
            accept(entries, after: previousIndex, previousTerm: previousTerm, commit: commit, from: sender)
        case .appended(let index): acknowledge(sender, index: index, now)
        case .appendRefused(let previousIndex, let hint):
            moveBack(sender, previousIndex: previousIndex, hint: hint, now)
        case .heartbeat(let round, let commit):
            hear(leader: sender, now)
            advanceCommit(to: commit)
            send(.heartbeatAnswer(round: round), to: sender)
        case .heartbeatAnswer(let round): confirm(sender, round: round, now)
        case .snapshotPart(let part, let offset, let isLast):
            hear(leader: sender, now)
            accept(part: part, offset: offset, isLast: isLast, from: sender)
        case .snapshotWanted(let index, let offset): sendSnapshotPart(sender, index: index, offset: offset, now)
        }
    }

    /// Takes a command into the log. Returns its index, or nil where this node cannot take it now, in which case it
    /// will never be applied.
    mutating func propose(_ command: [UInt8]) -> LogIndex? {
        guard role == .leader, log.lastIndex - commitIndex < configuration.maximumUncommitted else { return nil }
        appendToLog([LogEntry(term: term, command: command)], at: log.lastIndex + 1)
        return log.lastIndex
    }

    /// All writes up to the one with this number are on disk.
    mutating func persisted(upTo sequence: UInt64) {
        persistedSequence = max(persistedSequence, sequence)
        while let first = unsynced.first, first.sequence <= persistedSequence {
            syncedIndex = max(syncedIndex, first.lastIndex)
            unsynced.removeFirst()
        }
        let ready = heldBack.prefix { $0.sequence <= persistedSequence }.count
        effects.messages.append(contentsOf: heldBack[..<ready].map(\.envelope))
        heldBack.removeSubrange(..<ready)
        if role == .leader { commitByCounting() }
    }

    /// A new connection to a member: what was under way on the old one is lost.
    mutating func connected(to peer: NodeID) {
        guard role == .leader, var peerProgress = progress[peer] else { return }
        if case .snapshot = peerProgress.mode { return }
        peerProgress.restart(from: peerProgress.matched + 1)
        progress[peer] = peerProgress
    }

    /// Hands over what has to be done since the last call, with appends for everything proposed meanwhile.
    mutating func takeEffects(_ now: Now) -> Effects {
        resignIfRemoved(now)
        if role == .leader {
            replicate(now)
            confirmWaitingReads(now)
        }
        effects.writeSequence = lastSequence
        let result = effects
        effects = Effects()
        return result
    }

    // MARK: Shared steps

    mutating func send(_ message: RaftMessage, to peer: NodeID) {
        effects.messages.append(Envelope(from: calledAs, to: peer, term: term, message: message))
    }

    /// Sends once everything written so far is on disk.
    mutating func sendWhenDurable(_ message: RaftMessage, to peer: NodeID) {
        guard lastSequence > persistedSequence else { return send(message, to: peer) }
        let envelope = Envelope(from: calledAs, to: peer, term: term, message: message)
        heldBack.append((lastSequence, envelope))
    }

    mutating func write(_ write: DurableWrite) {
        lastSequence += 1
        effects.writes.append(write)
    }

    mutating func appendToLog(_ entries: ArraySlice<LogEntry>, at firstIndex: LogIndex) {
        if members.record(entries, from: firstIndex) { refreshPeers() }
        log.append(entries)
        if case .append(let first, var batched) = effects.writes.last,
            first + LogIndex(batched.count) == firstIndex
        {
            // The writes of one pass share a record, so that a batch of proposals is one write and one fsync.
            effects.writes.removeLast()
            batched.append(contentsOf: entries)
            effects.writes.append(.append(firstIndex: first, entries: batched))
            lastSequence += 1
        } else {
            write(.append(firstIndex: firstIndex, entries: Array(entries)))
        }
        unsynced.append((lastSequence, log.lastIndex))
    }

    mutating func advanceCommit(to index: LogIndex) {
        commitIndex = max(commitIndex, min(index, log.lastIndex))
    }
}
