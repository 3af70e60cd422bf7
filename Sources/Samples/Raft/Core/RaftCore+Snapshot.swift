/// Snapshots: cutting the log, and bringing followers up to date that the log no longer reaches.
extension RaftCore {
    /// Takes a snapshot of the state machine at `index`, which it has applied, and cuts the log; some entries stay for
    /// followers that are only a little behind.
    mutating func compact(at index: LogIndex, state: [UInt8], keeping kept: LogIndex) {
        guard index > (snapshot?.index ?? 0), index <= commitIndex, let term = log.term(at: index) else { return }
        let taken = Snapshot(index: index, term: term, members: members.members(at: index), state: state)
        snapshot = taken
        members.compact(to: index)
        log.compact(to: index > kept ? index - kept : 0)
        writeCheckpoint(taken)
    }

    private mutating func writeCheckpoint(_ taken: Snapshot) {
        write(
            .checkpoint(
                Checkpoint(
                    snapshot: taken, baseIndex: log.baseIndex, baseTerm: log.baseTerm,
                    entries: log.suffix(after: log.baseIndex))))
        // The rewritten log holds everything, also appends whose own writes are still under way.
        unsynced.removeAll()
        if syncedIndex < log.lastIndex { unsynced.append((lastSequence, log.lastIndex)) }
    }

    // MARK: Leader

    mutating func sendSnapshotPart(_ peer: NodeID, index: LogIndex, offset: UInt64, _ now: Now) {
        guard role == .leader, var peerProgress = progress[peer] else { return }
        if offset > 0 { peerProgress.lastAnswer = now.monotonic }
        guard case .snapshot(let snapshot, _) = peerProgress.mode, snapshot.index == index,
            offset <= UInt64(snapshot.state.count)
        else {
            progress[peer] = peerProgress
            return
        }
        peerProgress.lastProgress = now.monotonic
        peerProgress.mode = .snapshot(snapshot, offset: offset)
        progress[peer] = peerProgress
        let end = min(snapshot.state.count, Int(offset) + configuration.maximumMessageBytes)
        var part = snapshot
        part.state = Array(snapshot.state[Int(offset)..<end])
        send(.snapshotPart(part, offset: offset, isLast: end == snapshot.state.count), to: peer)
    }

    // MARK: Follower

    mutating func accept(part: Snapshot, offset: UInt64, isLast: Bool, from sender: NodeID) {
        guard part.index > commitIndex else {
            // Committed here already, so equal; on disk once everything before this answer is.
            incoming = nil
            sendWhenDurable(.appended(index: part.index), to: sender)
            return
        }
        if offset == 0 {
            incoming = Snapshot(index: part.index, term: part.term, members: part.members, state: [])
        }
        guard var arriving = incoming, arriving.index == part.index, arriving.term == part.term else {
            return send(.snapshotWanted(index: part.index, offset: 0), to: sender)
        }
        incoming = nil
        if offset == UInt64(arriving.state.count) {
            arriving.state.append(contentsOf: part.state)
            if isLast { return install(arriving, from: sender) }
        }
        send(.snapshotWanted(index: part.index, offset: UInt64(arriving.state.count)), to: sender)
        incoming = arriving
    }

    private mutating func install(_ arrived: Snapshot, from sender: NodeID) {
        if log.term(at: arrived.index) == arrived.term {
            log.compact(to: arrived.index)
            members.compact(to: arrived.index)
        } else {
            members = MemberHistory(base: arrived.members)
            log = RaftLog(baseIndex: arrived.index, baseTerm: arrived.term)
            syncedIndex = 0
        }
        refreshPeers()
        snapshot = arrived
        commitIndex = arrived.index
        writeCheckpoint(arrived)
        effects.restore = arrived
        sendWhenDurable(.appended(index: arrived.index), to: sender)
    }
}
