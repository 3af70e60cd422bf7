/// The log: how a leader sends it, how a follower takes it, and when it is committed.
extension RaftCore {
    // MARK: Leader

    /// Sends every follower what it is ready to take.
    mutating func replicate(_ now: Now) {
        for peer in peers {
            guard var peerProgress = progress[peer] else { continue }
            while let message = nextAppend(&peerProgress, now) { send(message, to: peer) }
            let needsSnapshot = peerProgress.next <= log.baseIndex
            progress[peer] = peerProgress
            if needsSnapshot, let snapshot {
                if case .snapshot = peerProgress.mode { continue }
                progress[peer]?.mode = .snapshot(snapshot, offset: 0)
                sendSnapshotPart(peer, index: snapshot.index, offset: 0, now)
            }
        }
    }

    private func nextAppend(_ peer: inout PeerProgress, _ now: Now) -> RaftMessage? {
        let previousIndex = peer.next - 1
        guard let previousTerm = log.term(at: previousIndex) else { return nil }
        switch peer.mode {
        case .snapshot, .probing(waiting: true): return nil
        case .probing(waiting: false): peer.lastProgress = now.monotonic
        case .streaming:
            guard peer.next <= log.lastIndex, peer.underWay.count < PeerProgress.window else { return nil }
            if peer.underWay.isEmpty { peer.lastProgress = now.monotonic }
        }
        let entries = log.batch(
            from: peer.next, maximumCount: 1024, maximumBytes: configuration.maximumMessageBytes)
        if case .probing = peer.mode {
            peer.mode = .probing(waiting: true)
        } else {
            peer.next += LogIndex(entries.count)
            peer.underWay.append(peer.next - 1)
        }
        return .append(
            previousIndex: previousIndex, previousTerm: previousTerm, entries: entries, commit: commitIndex)
    }

    mutating func acknowledge(_ peer: NodeID, index: LogIndex, _ now: Now) {
        guard role == .leader, index <= log.lastIndex else { return }
        progress[peer]?.lastAnswer = now.monotonic
        progress[peer]?.acknowledge(upTo: index, now: now.monotonic)
        commitByCounting()
    }

    mutating func moveBack(_ peer: NodeID, previousIndex: LogIndex, hint: LogIndex, _ now: Now) {
        guard role == .leader, var peerProgress = progress[peer] else { return }
        peerProgress.lastAnswer = now.monotonic
        if case .snapshot = peerProgress.mode {
            // An answer to an append from before the snapshot.
        } else {
            peerProgress.lastProgress = now.monotonic
            peerProgress.restart(from: max(1, min(previousIndex, hint + 1)))
        }
        progress[peer] = peerProgress
    }

    /// Begins again with every follower that owes an answer for too long: the message or the answer was lost.
    mutating func retransmit(_ now: Now) {
        for peer in peers {
            guard let state = progress[peer], state.expectsAnswer,
                now.monotonic - state.lastProgress >= configuration.electionTimeout
            else { continue }
            if case .snapshot(let snapshot, let offset) = state.mode {
                sendSnapshotPart(peer, index: snapshot.index, offset: offset, now)
            } else {
                progress[peer]?.restart(from: state.matched + 1)
            }
        }
    }

    /// Commits what a majority has on disk, if it is of this term (Raft §5.4.2).
    mutating func commitByCounting() {
        guard let index = reachedByMajority(own: syncedIndex, \.matched) else { return }
        if index > commitIndex, log.term(at: index) == term { advanceCommit(to: index) }
    }

    // MARK: Follower

    mutating func accept(
        _ entries: [LogEntry], after previousIndex: LogIndex, previousTerm: Term, commit: LogIndex, from sender: NodeID
    ) {
        // What is in our snapshot is committed and therefore equal; only what comes after it has to be compared.
        if previousIndex >= log.baseIndex, log.term(at: previousIndex) != previousTerm {
            let hint = min(log.lastIndex, log.endOfTermBefore(previousIndex, notBelow: 0))
            send(.appendRefused(previousIndex: previousIndex, hint: min(hint, previousIndex - 1)), to: sender)
            return
        }
        let known = previousIndex < log.baseIndex ? log.baseIndex - previousIndex : 0
        var index = previousIndex + known + 1
        var rest = entries.dropFirst(Int(known))
        while let entry = rest.first, let existing = log.term(at: index) {
            if existing != entry.term {
                guard takeBack(from: index) else { return }
                break
            }
            rest = rest.dropFirst()
            index += 1
        }
        if !rest.isEmpty { appendToLog(rest, at: index) }
        let last = previousIndex + LogIndex(entries.count)
        advanceCommit(to: min(commit, last))
        sendWhenDurable(.appended(index: last), to: sender)
    }

    /// Drops entries of an earlier leader that this one does not have.
    private mutating func takeBack(from index: LogIndex) -> Bool {
        if index <= commitIndex {
            // A correct cluster never gets here. With a bug switched on, the node joins again from nothing, so that
            // the damage shows in what clients see rather than in a stopped process.
            precondition(!bugs.isEmpty, "the leader of term \(term) contradicts the committed entry \(index)")
            startOver()
            return false
        }
        log.truncate(from: index)
        members.truncate(from: index)
        refreshPeers()
        syncedIndex = min(syncedIndex, index - 1)
        for position in unsynced.indices {
            unsynced[position].lastIndex = min(unsynced[position].lastIndex, index - 1)
        }
        return true
    }

    private mutating func startOver() {
        log = RaftLog()
        members = MemberHistory(base: configuration.members)
        refreshPeers()
        snapshot = nil
        commitIndex = 0
        syncedIndex = 0
        unsynced.removeAll()
        incoming = nil
        write(.checkpoint(Checkpoint(snapshot: nil, baseIndex: 0, baseTerm: 0, entries: [])))
        effects.restore = Snapshot(index: 0, term: 0, members: configuration.members, state: [])
    }
}
