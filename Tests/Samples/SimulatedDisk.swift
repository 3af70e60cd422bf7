@testable import PolygraphSamples

/// A disk that loses, at a crash, any suffix of what it was not told to keep for good.
struct SimulatedDisk {
    private(set) var state = DurableState()
    /// Batches handed over but not yet on disk, oldest first.
    private var pending: [(sequence: UInt64, writes: [DurableWrite])] = []

    mutating func enqueue(_ writes: [DurableWrite], sequence: UInt64) { pending.append((sequence, writes)) }

    /// Puts everything that is pending on disk; returns the number of the last write.
    mutating func flush() -> UInt64? {
        let last = pending.last?.sequence
        for batch in pending {
            for write in batch.writes { perform(write) }
        }
        pending.removeAll()
        return last
    }

    /// Keeps a random prefix of what was pending, perhaps with a part of an append or half of a checkpoint.
    mutating func crash(_ random: inout SplitMix64) throws {
        let writes = pending.flatMap(\.writes)
        pending.removeAll()
        let kept = Int.random(in: 0...writes.count, using: &random)
        for write in writes[..<kept] { perform(write) }
        if kept < writes.count, Bool.random(using: &random) {
            switch writes[kept] {
            case .hardState: break
            case .append(let firstIndex, let entries):
                let torn = Int.random(in: 0...entries.count, using: &random)
                if torn > 0 { perform(.append(firstIndex: firstIndex, entries: Array(entries[..<torn]))) }
            case .checkpoint(let checkpoint):
                state.snapshot = checkpoint.snapshot
            }
        }
        try state.reconcile()
    }

    private mutating func perform(_ write: DurableWrite) {
        switch write {
        case .hardState(let term, let vote):
            state.term = term
            state.vote = vote
        case .append(let firstIndex, let entries):
            state.log.truncate(from: firstIndex)
            precondition(state.log.lastIndex + 1 == firstIndex, "a write leaves a hole in the log")
            state.log.append(entries[...])
        case .checkpoint(let checkpoint):
            state.snapshot = checkpoint.snapshot
            state.log = RaftLog(
                baseIndex: checkpoint.baseIndex, baseTerm: checkpoint.baseTerm, entries: checkpoint.entries)
        }
    }
}
