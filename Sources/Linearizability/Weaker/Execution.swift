/// What is certain of a register history without looking at clocks: who did what after what, and who saw whose write.
///
/// The nodes are the entries of the trace that took effect.
struct Execution: Sendable {
    let trace: RegisterTrace
    let attribution: Attribution
    /// Of each entry its place in its session, or -1 for an entry that did not take effect.
    let index: [Int32]
    /// The live entries of each session, in order.
    let members: GroupedPositions
    /// The live entries that saw each entry's write.
    let readers: GroupedPositions
    /// Live writes of one key by one session, in order; `runs` of a key follow each other.
    let runs: [Run]
    /// The live writes, by key, session and order.
    let writes: [Int32]
    /// Of each key its first run; one more at the end.
    let firstRun: [Int32]

    struct Run: Sendable {
        var session: Int32
        var start: Int32
        var end: Int32
    }

    var nodeCount: Int { trace.entries.count }

    init(_ trace: RegisterTrace, _ attribution: Attribution) {
        self.trace = trace
        self.attribution = attribution
        let entries = trace.entries
        var index = [Int32](repeating: -1, count: entries.count)
        var counts = [Int32](repeating: 0, count: trace.sessionCount)
        var sessions = [Int32](repeating: -1, count: entries.count)
        for place in entries.indices where attribution.isLive[place] {
            let session = Int(entries[place].session)
            index[place] = counts[session]
            counts[session] += 1
            sessions[place] = Int32(session)
        }
        self.index = index
        members = GroupedPositions(rows: trace.sessionCount, row: sessions)
        var sources = attribution.source
        for place in sources.indices where !attribution.isLive[place] { sources[place] = -1 }
        readers = GroupedPositions(rows: entries.count, row: sources)

        // Sorted by session, then stably by key.
        var bySession: [Int32] = []
        for session in 0..<trace.sessionCount {
            for place in members[session] where entries[Int(place)].isWrite { bySession.append(place) }
        }
        let byKey = GroupedPositions(rows: trace.keys.count, row: bySession.map { entries[Int($0)].key })
        var writes: [Int32] = []
        writes.reserveCapacity(bySession.count)
        var runs: [Run] = []
        var firstRun: [Int32] = []
        for key in trace.keys.indices {
            firstRun.append(Int32(runs.count))
            for position in byKey[key] {
                let place = bySession[Int(position)]
                let session = entries[Int(place)].session
                if runs.count > Int(firstRun[key]), runs[runs.count - 1].session == session {
                    runs[runs.count - 1].end += 1
                } else {
                    let start = Int32(writes.count)
                    runs.append(Run(session: session, start: start, end: start + 1))
                }
                writes.append(place)
            }
        }
        firstRun.append(Int32(runs.count))
        self.writes = writes
        self.runs = runs
        self.firstRun = firstRun
    }

    /// The next live entry of the same session, or -1.
    @inline(__always)
    func next(_ place: Int32) -> Int32 {
        let members = members[Int(trace.entries[Int(place)].session)]
        let following = members.startIndex + Int(index[Int(place)]) + 1
        return following < members.endIndex ? members[following] : -1
    }

    /// The last write of a run whose place in its session is at most `limit`, or -1.
    @inline(__always)
    func lastWrite(_ run: Run, upTo limit: Int32) -> Int32 {
        var low = Int(run.start)
        var high = Int(run.end)
        while low < high {
            let middle = (low + high) >> 1
            if index[Int(writes[middle])] <= limit { low = middle + 1 } else { high = middle }
        }
        return low > Int(run.start) ? writes[low - 1] : -1
    }
}

/// A conclusion that one operation comes before another in every order that a level asks for.
struct Inference: Sendable {
    enum Reason: UInt8, Sendable {
        /// `reader` saw the write `to` although it knew of the other write `from`.
        case overlooked
        /// `from` saw a write that `to` replaced later (sequential consistency only).
        case replaced
        /// A step of the bookkeeping that stands for several conclusions of the kind `overlooked`.
        case collected
    }

    var from: Int32
    var to: Int32
    /// The read that it follows from: of `to` for `overlooked`; for `replaced` the write that `from` saw, or -1.
    var reader: Int32
    /// How the reader knew: an earlier operation of its session, or -1.
    var via: Int32 = -1
    /// For writes follow reads: the operation by which another process had seen `from`, or -1.
    var witness: Int32 = -1
    var reason = Reason.overlooked
    /// How many inferences were there when this one was drawn: it rests on none that is younger.
    var premises: Int32 = 0
}

/// The inferences of a level, or a read of the initial value that none can explain.
struct Inferences: Sendable {
    var all: [Inference] = []
    /// Nodes beyond the entries that the inferences use.
    var collectors = 0
    /// A read of the initial value by a process that knew of a write (`from`).
    var sawInitial: Inference?
    /// The budget ended the work.
    var isIncomplete = false
}
