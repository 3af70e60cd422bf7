/// Elections: pre-vote, vote, and how leaderships begin and end.
extension RaftCore {
    /// Whether a leader was heard so recently that voting for another would break what it may rely on.
    func hearsLeader(_ now: Now) -> Bool {
        now.monotonic - lastHeardLeader < configuration.electionTimeout
    }

    /// A node that leads, or hears from a leader, takes no notice of candidates: they are cut off or late.
    func refusesToVote(_ now: Now) -> Bool { role == .leader || hearsLeader(now) }

    mutating func resetElectionDeadline(_ now: Now) {
        let timeout = configuration.electionTimeout
        electionDeadline = now.monotonic + timeout + Nanoseconds.random(in: 0...timeout, using: &random)
    }

    mutating func hear(leader sender: NodeID, _ now: Now) {
        if role != .follower { becomeFollower(term: term, leader: sender, now) }
        leader = sender
        lastHeardLeader = now.monotonic
        resetElectionDeadline(now)
    }

    mutating func becomeFollower(term newTerm: Term, leader newLeader: NodeID?, _ now: Now) {
        if newTerm > term {
            term = newTerm
            vote = nil
            writeHardState()
        }
        if role == .leader { resetElectionDeadline(now) }
        role = .follower
        leader = newLeader
        supporters.removeAll()
        progress.removeAll()
        learner = nil
        refreshPeers()
        incoming = nil
        effects.failedReads.append(contentsOf: waitingReads)
        effects.failedReads.append(contentsOf: confirmingReads.map(\.token))
        waitingReads.removeAll()
        confirmingReads.removeAll()
        wallTimeOfRound.removeAll()
        leaseStart = .min
    }

    /// Puts term and vote on disk, before anything that depends on them is said.
    private mutating func writeHardState() {
        if bugs.contains(.forgetVote) { return }
        write(.hardState(term: term, vote: vote))
    }

    // MARK: Campaigning

    /// There is no leader, as far as this node can tell: it campaigns, if that is its business.
    mutating func loseLeader(_ now: Now) {
        if mayCampaign { return startPreVote(now) }
        role = .follower
        leader = nil
        resetElectionDeadline(now)
    }

    mutating func startPreVote(_ now: Now) {
        role = .preCandidate
        leader = nil
        supporters = [configuration.id]
        resetElectionDeadline(now)
        for peer in peers { send(.preVote(lastIndex: log.lastIndex, lastTerm: log.lastTerm), to: peer) }
        if isMajority(supporters) { startElection(now) }
    }

    mutating func answerPreVote(
        _ sender: NodeID, senderTerm: Term, lastIndex: LogIndex, lastTerm: Term, _ now: Now
    ) {
        // The sender drops what it hears from older terms. If that includes its leader, the leader must learn of the
        // newer term, or the sender could never follow it; and where there is no leader, terms have to meet.
        if senderTerm > term, role == .leader || !hearsLeader(now) {
            becomeFollower(term: senderTerm, leader: nil, now)
        }
        guard senderTerm >= term, !refusesToVote(now), log.isNotAhead(ofLastIndex: lastIndex, term: lastTerm) else {
            return
        }
        send(.preVoteGranted(campaign: senderTerm + 1), to: sender)
    }

    mutating func countPreVote(_ sender: NodeID, campaign: Term, _ now: Now) {
        guard role == .preCandidate, campaign == term + 1 else { return }
        supporters.insert(sender)
        if isMajority(supporters) { startElection(now) }
    }

    private mutating func startElection(_ now: Now) {
        role = .candidate
        leader = nil
        term += 1
        vote = configuration.id
        writeHardState()
        supporters = [configuration.id]
        resetElectionDeadline(now)
        for peer in peers { sendWhenDurable(.vote(lastIndex: log.lastIndex, lastTerm: log.lastTerm), to: peer) }
        if isMajority(supporters) { becomeLeader(now) }
    }

    mutating func answerVote(_ sender: NodeID, lastIndex: LogIndex, lastTerm: Term, _ now: Now) {
        guard vote == nil || vote == sender, log.isNotAhead(ofLastIndex: lastIndex, term: lastTerm) else { return }
        if vote == nil {
            vote = sender
            writeHardState()
        }
        // A campaign of our own would only get in the way of the one we support.
        role = .follower
        supporters.removeAll()
        resetElectionDeadline(now)
        sendWhenDurable(.voteGranted, to: sender)
    }

    mutating func countVote(_ sender: NodeID, _ now: Now) {
        guard role == .candidate else { return }
        supporters.insert(sender)
        if isMajority(supporters) { becomeLeader(now) }
    }

    private mutating func becomeLeader(_ now: Now) {
        role = .leader
        leader = configuration.id
        supporters.removeAll()
        progress.removeAll()
        trackPeers(now)
        firstIndexOfTerm = log.lastIndex + 1
        appendToLog([LogEntry(term: term, command: [])], at: firstIndexOfTerm)
        startRound(now)
    }

    /// Check quorum: whether a majority has been silent for so long that another leader may have been elected.
    func hasLostQuorum(_ now: Now) -> Bool {
        // Who answers without asking the others does not notice either that they are gone.
        if bugs.contains(.staleReads) || bugs.contains(.dirtyReads) || bugs.contains(.splitConfig) { return false }
        let patience = 2 * configuration.electionTimeout
        if bugs.contains(.leaseClock), leaseStart > .min {
            return now.wall >= leaseStart + patience
        }
        guard let lastAnswer = reachedByMajority(own: now.monotonic, \.lastAnswer) else { return false }
        return now.monotonic - lastAnswer >= patience
    }
}
