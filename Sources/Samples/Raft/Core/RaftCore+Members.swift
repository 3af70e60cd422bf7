/// How far a change of members has come.
enum MemberChangeProgress: Equatable, Sendable {
    /// It is committed.
    case done
    /// It has begun and may yet be committed; asking again drives it on.
    case underWay
    /// This node does not lead, or another change comes first. Nothing has been done.
    case refused
}

/// Members come and go one at a time (dissertation, chapter 4): majorities before and after such a change overlap.
extension RaftCore {
    var majority: Int { members.current.count / 2 + 1 }

    /// A leader that is being removed leads on until that is committed, without counting itself.
    var isMember: Bool { members.current.contains(configuration.id) }

    /// Who does not belong to the cluster keeps quiet, unless it may be the only one with the entry that removes it
    /// (dissertation 4.2.2).
    var mayCampaign: Bool { isMember || members.lastChange > commitIndex }

    func isMajority(_ nodes: Set<NodeID>) -> Bool {
        members.current.count { nodes.contains($0) } >= majority
    }

    /// The largest value that a majority of the members has reached; the leader's own is given.
    func reachedByMajority<Value: Comparable>(own: Value, _ value: (PeerProgress) -> Value) -> Value? {
        var values: [Value] = []
        for member in members.current {
            if member == configuration.id {
                values.append(own)
            } else if let peer = progress[member] {
                values.append(value(peer))
            }
        }
        guard values.count >= majority else { return nil }
        values.sort(by: >)
        return values[majority - 1]
    }

    /// Begins a change, or says how far it has come. Whoever wants it asks again until it is done.
    ///
    /// A node that is to join first gets the log as a learner without a vote, so that it does not hold up commits.
    /// A change waits until the one before is committed, and until an entry of this leader's term is: otherwise two
    /// leaders' changes of the same members could both pass without a common voter (Ongaro, "bug in single-server
    /// membership changes", raft-dev, 2015).
    mutating func change(_ change: MemberChange, _ now: Now) -> MemberChangeProgress {
        guard role == .leader else { return .refused }
        if bugs.contains(.splitConfig) { return force(change, now) }
        let wanted = change.applied(to: members.current)
        let isSettled = members.lastChange <= commitIndex && commitIndex >= firstIndexOfTerm
        if wanted == members.current { return isSettled ? .done : .underWay }
        guard isSettled, !wanted.isEmpty else { return .refused }
        if case .add(let node) = change {
            guard learn(node, now) else { return .refused }
            let isClose = (progress[node]?.matched ?? 0) + Self.learnerLag >= log.lastIndex
            guard isClose, progress[node]?.mode == .streaming else { return .underWay }
        }
        append(members: wanted, now)
        return .underWay
    }

    /// `split-config`: in one step from the members as they were to those that answer just now, with the change. The
    /// two may have no majority in common, and nobody is waited for.
    private mutating func force(_ change: MemberChange, _ now: Now) -> MemberChangeProgress {
        let answering = members.current.filter { member in
            guard member != configuration.id else { return true }
            return now.monotonic - (progress[member]?.lastAnswer ?? .min / 2) < 2 * configuration.electionTimeout
        }
        let wanted = change.applied(to: answering)
        if wanted != members.current, !wanted.isEmpty { append(members: wanted, now) }
        return .done
    }

    /// A learner that lacks no more entries than this will soon have them, too.
    private static var learnerLag: LogIndex { 64 }

    /// Begins or goes on to bring a node up to date; false while another one is.
    private mutating func learn(_ node: NodeID, _ now: Now) -> Bool {
        // Nobody asks for the other one any more.
        let isAbandoned = now.monotonic - learnerWanted >= 10 * configuration.electionTimeout
        guard learner == nil || learner == node || isAbandoned else { return false }
        learnerWanted = now.monotonic
        if learner != node {
            learner = node
            trackPeers(now)
        }
        return true
    }

    private mutating func append(members wanted: [NodeID], _ now: Now) {
        learner = nil
        appendToLog([LogEntry(term: term, members: wanted)], at: log.lastIndex + 1)
        trackPeers(now)
        commitByCounting()
    }

    /// The nodes that this one talks to: the members and, if it leads, a learner.
    mutating func refreshPeers() {
        peers = members.current.filter { $0 != configuration.id }
        if let learner, !peers.contains(learner) { peers.append(learner) }
    }

    /// Begins to follow the progress of those that came, and forgets those that went.
    mutating func trackPeers(_ now: Now) {
        refreshPeers()
        for peer in peers where progress[peer] == nil {
            progress[peer] = PeerProgress(next: log.lastIndex + 1, now: now.monotonic)
        }
        for peer in Array(progress.keys) where !peers.contains(peer) { progress[peer] = nil }
    }

    /// A leader that has been removed for good leaves the rest to the others.
    mutating func resignIfRemoved(_ now: Now) {
        if role == .leader, !isMember, members.lastChange <= commitIndex {
            becomeFollower(term: term, leader: nil, now)
        }
    }
}
