@testable import PolygraphSamples

/// A disk behind a cache. A process that is killed leaves what it has written; a power failure also takes any suffix of
/// what was written and not synced, and may tear the write that it interrupts.
struct SimulatedDisk {
    /// What the next process would read if this one were killed.
    private(set) var state = DurableState()
    /// What a power failure leaves for certain, and the appends since.
    private var synced = DurableState()
    private var unsynced: [DurableWrite] = []
    /// Batches handed over but not yet written, oldest first.
    private var pending: [(sequence: UInt64, writes: [DurableWrite])] = []
    private let bugs: Set<RaftBug>
    private var schedule: SyncSchedule

    init(bugs: Set<RaftBug>) {
        self.bugs = bugs
        schedule = SyncSchedule(bugs: bugs)
    }

    mutating func enqueue(_ writes: [DurableWrite], sequence: UInt64) { pending.append((sequence, writes)) }

    /// Writes everything that is pending, and syncs it as the server does; returns the number of the last write.
    mutating func flush(at now: Nanoseconds) -> UInt64? {
        let last = pending.last?.sequence
        for batch in pending {
            for write in batch.writes { perform(write) }
        }
        pending.removeAll()
        if !unsynced.isEmpty, schedule.isDue(now) { sync() }
        return last
    }

    /// The process is gone: of what was pending a random prefix has been written.
    mutating func kill(_ random: inout SplitMix64) throws {
        let writes = pending.flatMap(\.writes)
        pending.removeAll()
        let kept = Int.random(in: 0...writes.count, using: &random)
        for write in writes[..<kept] { perform(write) }
        if kept < writes.count, Bool.random(using: &random) { performHalf(of: writes[kept]) }
        try recover()
    }

    /// The power is gone: of what was not synced a random prefix is there, perhaps with a torn append behind it.
    mutating func powerFailure(_ random: inout SplitMix64) throws {
        let writes = unsynced + pending.flatMap(\.writes)
        pending.removeAll()
        state = synced
        unsynced.removeAll()
        let kept = Int.random(in: 0...writes.count, using: &random)
        for write in writes[..<kept] { perform(write) }
        if kept < writes.count, Bool.random(using: &random) {
            if case .append(let firstIndex, let entries) = writes[kept] {
                try tear(firstIndex, entries, &random)
            } else {
                performHalf(of: writes[kept])
            }
        }
        try recover()
    }

    /// As the server's storage does when it starts.
    private mutating func recover() throws {
        try state.reconcile()
        sync()
    }

    private mutating func sync() {
        synced = state
        unsynced.removeAll()
    }

    private mutating func perform(_ write: DurableWrite) {
        switch write {
        case .hardState(let term, let vote):
            state.term = term
            state.vote = vote
            synced.term = term
            synced.vote = vote
        case .append(let firstIndex, let entries):
            state.log.truncate(from: firstIndex)
            precondition(state.log.lastIndex + 1 == firstIndex, "a write leaves a hole in the log")
            state.log.append(entries[...])
            unsynced.append(write)
        case .checkpoint(let checkpoint):
            state.snapshot = checkpoint.snapshot
            state.log = RaftLog(
                baseIndex: checkpoint.baseIndex, baseTerm: checkpoint.baseTerm, entries: checkpoint.entries)
            sync()
        }
    }

    /// The snapshot of a checkpoint is put in place before its log.
    private mutating func performHalf(of write: DurableWrite) {
        if case .checkpoint(let checkpoint) = write, let snapshot = checkpoint.snapshot { state.snapshot = snapshot }
    }

    /// Writes the append as the bytes that it is, cut short or with blocks missing, and reads what that leaves.
    private mutating func tear(
        _ firstIndex: LogIndex, _ entries: [LogEntry], _ random: inout SplitMix64
    ) throws {
        var bytes = LogFile.header(baseIndex: firstIndex - 1, baseTerm: 0)
        let start = bytes.count
        LogFile.append(entries, from: firstIndex, to: &bytes)
        let torn = Int.random(in: start...bytes.count, using: &random)
        if Bool.random(using: &random) {
            bytes.removeSubrange(torn...)
        } else {
            for position in torn..<min(torn + 512, bytes.count) { bytes[position] = 0 }
        }
        let log = try LogFile.parse(bytes, trusting: bugs.contains(.tornLog)).log
        guard log.lastIndex >= firstIndex else { return }
        perform(.append(firstIndex: firstIndex, entries: log.suffix(after: firstIndex - 1)))
    }
}
