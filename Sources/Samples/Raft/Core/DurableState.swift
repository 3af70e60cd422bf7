/// Something that must be on disk before what depends on it is said. Writes take effect in the order given.
enum DurableWrite: Equatable, Sendable {
    case hardState(term: Term, vote: NodeID?)
    /// Replaces everything from `firstIndex` on.
    case append(firstIndex: LogIndex, entries: [LogEntry])
    case checkpoint(Checkpoint)
}

/// A snapshot and the part of the log that stays beside it. Without a snapshot, nothing stays.
struct Checkpoint: Equatable, Sendable {
    var snapshot: Snapshot?
    var baseIndex: LogIndex
    var baseTerm: Term
    var entries: [LogEntry]
}

/// What a node finds on its disk when it starts.
struct DurableState: Equatable, Sendable {
    var term: Term = 0
    var vote: NodeID?
    var snapshot: Snapshot?
    var log = RaftLog()

    /// Joins a snapshot and a log that a crash may have left one step apart.
    ///
    /// A snapshot is put in place before the log is rewritten. If the log goes on from the snapshot (same entry at
    /// its index) its tail stays; otherwise the snapshot came from a leader with another history and replaces it.
    ///
    /// - Throws: where the log begins after the snapshot, so that committed entries are missing.
    mutating func reconcile() throws(RaftError) {
        guard let snapshot else {
            if log.baseIndex > 0 { throw RaftError("the log begins at \(log.baseIndex + 1) but there is no snapshot") }
            return
        }
        if log.term(at: snapshot.index) == snapshot.term { return }
        if log.baseIndex > snapshot.index {
            throw RaftError("the log begins at \(log.baseIndex + 1), after the snapshot at \(snapshot.index)")
        }
        log = RaftLog(baseIndex: snapshot.index, baseTerm: snapshot.term)
    }
}
