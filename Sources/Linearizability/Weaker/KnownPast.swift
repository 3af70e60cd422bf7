/// Draws the conclusions of causal and of sequential consistency, with one clock per operation: of each session the
/// last operation that is known to come before.
///
/// Causal convergence: a write that comes before a read by session order and reads-from is older than the one that the
/// read saw (Bouajjani, Enea, Guerraoui and Hamza, "On verifying causal consistency", 2017, pattern WriteCORead and
/// CyclicCF; the clocks as in "AWDIT", 2025). Sequential consistency repeats this with what was concluded so far, and
/// adds that a read comes before the write that replaced what it saw.
struct KnownPast {
    private let execution: Execution
    private let entries: [RegisterTrace.Entry]
    private let source: [Int32]
    private let sessions: Int
    private let deadline: Int64
    /// Rows of clocks, `sessions` numbers each; a row is free again when all that need it are done.
    private var rows: [Int32] = []
    private var freeRows: [Int32] = []
    private var rowOf: [Int32]
    private var needed: [Int32]
    private var clocks: [Int32]
    private var result: Inferences
    private let premises: Int32
    private let isSequential: Bool

    /// Clocks of this many sessions take 64 MiB.
    private static var sessionsAtMost: Int { 4096 }

    /// The conclusions beyond `known`.
    /// - Parameters:
    ///   - known: what was concluded so far; without a cycle.
    ///   - deadline: monotonic nanoseconds at which to give up.
    static func inferences(
        _ execution: Execution, known: [Inference], isSequential: Bool, deadline: Int64
    ) -> Inferences {
        if execution.trace.sessionCount > sessionsAtMost { return Inferences(isIncomplete: true) }
        var past = KnownPast(execution, known, isSequential, deadline)
        past.draw(known)
        return past.result
    }

    private init(_ execution: Execution, _ known: [Inference], _ isSequential: Bool, _ deadline: Int64) {
        self.execution = execution
        self.isSequential = isSequential
        self.deadline = deadline
        entries = execution.trace.entries
        source = execution.attribution.source
        sessions = execution.trace.sessionCount
        rowOf = Array(repeating: -1, count: execution.nodeCount)
        needed = (0..<execution.nodeCount).map { Int32(execution.readers.count($0)) }
        for inference in known { needed[Int(inference.from)] += 1 }
        clocks = sessions <= Self.sessionsAtMost ? Array(repeating: -1, count: sessions * sessions) : []
        result = Inferences()
        premises = Int32(known.count)
    }

    private mutating func draw(_ known: [Inference]) {
        let order = Arbitration(execution, known).sorted().order
        let incoming = GroupedPositions(rows: execution.nodeCount, row: known.map(\.to))
        for (done, place) in order.enumerated() {
            if done & 4095 == 0, Budget.now() > deadline || rows.count > 1 << 26 {
                result.isIncomplete = true
                return
            }
            let session = Int(entries[Int(place)].session)
            let seen = source[Int(place)]
            if seen >= 0 { join(session, rowOf[Int(seen)]) }
            for position in incoming[Int(place)] { join(session, rowOf[Int(known[Int(position)].from)]) }
            if seen >= Attribution.initial { compare(place, session, seen) }
            if isSequential, entries[Int(place)].isWrite { overtake(place, session) }
            if seen >= 0 { release(seen) }
            for position in incoming[Int(place)] { release(known[Int(position)].from) }
            clocks[session * sessions + session] = execution.index[Int(place)]
            if needed[Int(place)] > 0 { store(place, session) }
        }
    }

    /// The writes of the key that are known and that the write which was seen did not know of.
    private mutating func compare(_ place: Int32, _ session: Int, _ seen: Int32) {
        let key = Int(entries[Int(place)].key)
        let clock = session * sessions
        let row = seen >= 0 ? Int(rowOf[Int(seen)]) * sessions : -1
        for number in Int(execution.firstRun[key])..<Int(execution.firstRun[key + 1]) {
            let run = execution.runs[number]
            let before = row < 0 ? -1 : rows[row + Int(run.session)]
            let limit = clocks[clock + Int(run.session)]
            if limit <= before { continue }
            let write = execution.lastWrite(run, upTo: limit)
            if write < 0 || write == seen || execution.index[Int(write)] <= before { continue }
            let inference = Inference(from: write, to: seen, reader: place, premises: premises)
            if seen >= 0 {
                result.all.append(inference)
            } else if result.sawInitial == nil {
                result.sawInitial = inference
            }
        }
    }

    /// The readers of writes that this one comes after come before it too.
    private mutating func overtake(_ place: Int32, _ session: Int) {
        let key = Int(entries[Int(place)].key)
        let clock = session * sessions
        for number in Int(execution.firstRun[key])..<Int(execution.firstRun[key + 1]) {
            let run = execution.runs[number]
            let write = execution.lastWrite(run, upTo: clocks[clock + Int(run.session)])
            if write < 0 || write == place { continue }
            for reader in execution.readers[Int(write)] where reader != place {
                let other = entries[Int(reader)].session
                if execution.index[Int(reader)] <= clocks[clock + Int(other)] { continue }
                result.all.append(
                    Inference(
                        from: reader, to: place, reader: write, reason: .replaced, premises: premises))
            }
        }
    }

    @inline(__always)
    private mutating func join(_ session: Int, _ row: Int32) {
        let clock = session * sessions
        let other = Int(row) * sessions
        for place in 0..<sessions {
            let value = rows[other + place]
            if value > clocks[clock + place] { clocks[clock + place] = value }
        }
    }

    private mutating func store(_ place: Int32, _ session: Int) {
        let row: Int32
        if let free = freeRows.popLast() {
            row = free
        } else {
            row = Int32(rows.count / max(1, sessions))
            rows.append(contentsOf: repeatElement(-1, count: sessions))
        }
        rowOf[Int(place)] = row
        let clock = session * sessions
        for other in 0..<sessions { rows[Int(row) * sessions + other] = clocks[clock + other] }
    }

    private mutating func release(_ place: Int32) {
        needed[Int(place)] -= 1
        if needed[Int(place)] == 0 { freeRows.append(rowOf[Int(place)]) }
    }
}
