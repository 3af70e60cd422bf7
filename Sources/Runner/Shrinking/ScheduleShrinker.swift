import PolygraphNemesis

/// Searches for the smallest schedule that still fails: delta debugging (Zeller and Hildebrandt, IEEE Transactions on
/// Software Engineering 28, 2002) over whole kinds of fault, then single faults, then how long each lasts.
///
/// No run is like another, so every candidate is run until a sequential test knows whether it fails about as often as
/// the whole schedule does.
public struct ScheduleShrinker {
    public enum Phase: Sendable {
        case search
        /// The same few schedules again and again, for the table.
        case confirmation
    }

    /// What the search came to.
    public struct Outcome: Sendable {
        /// A schedule and how often it failed.
        public struct Row: Hashable, Sendable {
            public var what: String
            public var tally: FailureTally
        }

        public var smallest: ShrinkCandidate
        /// The first row is the schedule as recorded, the second the smallest one, the others leave one fault of the
        /// smallest out; only the first where it never failed.
        public var rows: [Row]
        /// Whether everything was tried that there was to try.
        public var isComplete: Bool

        public var isReproduced: Bool { (rows.first?.tally.failures ?? 0) > 0 }
    }

    /// A fault is not made shorter than this (nanoseconds).
    private static let shortest: Int64 = 50_000_000

    private let repeats: Int
    private let isOver: (Phase) -> Bool
    private let run: (ShrinkCandidate, Int) -> Bool?
    private let say: (String) -> Void
    private let improved: (ShrinkCandidate) -> Void

    private var tallies: [ShrinkCandidate: FailureTally] = [:]
    private var test = SequentialTest(whole: FailureTally(failures: 1, runs: 1), limit: 1)
    private var current: ShrinkCandidate
    /// Whether schedules fail that begin with their first fault; nil: not known yet.
    private var canMoveForward: Bool?
    private var ranOut = false
    /// Runs in succession that came to nothing.
    private var lost = 0

    /// - Parameters:
    ///   - whole: the schedule to begin with.
    ///   - repeats: runs of one schedule at most.
    ///   - isOver: whether the time for this phase is up.
    ///   - run: runs a schedule; the number (0, 1, 2, …) tells runs of the same schedule apart. True when it failed;
    ///     nil when the run came to no answer.
    ///   - say: takes lines that tell how it goes on.
    ///   - improved: called with each smaller schedule that fails.
    public init(
        _ whole: ShrinkCandidate, repeats: Int, isOver: @escaping (Phase) -> Bool,
        run: @escaping (ShrinkCandidate, Int) -> Bool?, say: @escaping (String) -> Void,
        improved: @escaping (ShrinkCandidate) -> Void
    ) {
        current = whole
        self.repeats = max(1, repeats)
        self.isOver = isOver
        self.run = run
        self.say = say
        self.improved = improved
    }

    /// Searches until there is nothing left to try or the time is up.
    public mutating func shrink() -> Outcome {
        let whole = current
        while tally(whole).failures < 3, tally(whole).runs < repeats {
            guard !isOver(.search), oneMore(whole) else { break }
        }
        let wholeRow = Outcome.Row(what: "as recorded, \(Self.count(whole.faults))", tally: tally(whole))
        say("\(wholeRow.what): fails \(Self.words(wholeRow.tally))")
        guard wholeRow.tally.failures > 0 else {
            return Outcome(smallest: whole, rows: [wholeRow], isComplete: false)
        }
        test = SequentialTest(whole: wholeRow.tally, limit: repeats)
        shrinkKinds()
        shrinkFaults()
        if current.faults.count == 1 { _ = stillFails([], "without any fault") }
        shrinkDurations()
        let isComplete = !ranOut
        return Outcome(smallest: current, rows: [wholeRow] + confirm(), isComplete: isComplete)
    }

    // MARK: Steps

    /// One kind alone; else every kind left out in turn.
    private mutating func shrinkKinds() {
        let kinds = Set(current.faults.map(\.function)).sorted()
        guard kinds.count > 1 else { return }
        for kind in kinds where !ranOut {
            if stillFails(current.faults.filter { $0.function == kind }, "only \(kind)") { return }
        }
        for kind in kinds where !ranOut && Set(current.faults.map(\.function)).count > 2 {
            _ = stillFails(current.faults.filter { $0.function != kind }, "without \(kind)")
        }
    }

    private mutating func shrinkFaults() {
        var parts = 2
        while current.faults.count >= 2, !ranOut {
            parts = min(parts, current.faults.count)
            let chunks = Self.split(current.faults, into: parts)
            // The last ones first: what went wrong just before the violation is the likeliest cause.
            if chunks.reversed().contains(where: { stillFails($0, "only \(Self.count($0))") }) {
                parts = 2
            } else if parts > 2, chunks.contains(where: { without($0) }) {
                parts -= 1
            } else if parts == current.faults.count {
                return
            } else {
                parts *= 2
            }
        }
    }

    private mutating func without(_ chunk: [PlannedFault]) -> Bool {
        stillFails(current.faults.filter { !chunk.contains($0) }, "without \(Self.count(chunk))")
    }

    private mutating func shrinkDurations() {
        for position in current.faults.indices {
            while !ranOut, current.faults[position].end - current.faults[position].start >= 2 * Self.shortest {
                let shorter = current.halving(position)
                guard answer(shorter, "\(Self.name(current.faults[position])) half as long") == .fails else { break }
                accept(shorter)
            }
        }
    }

    /// How sure it is: the smallest schedule, and each that leaves one of its faults out, as often as may be.
    private mutating func confirm() -> [Outcome.Row] {
        let smallest = current
        var candidates = [(what: "smallest, \(Self.count(smallest.faults))", candidate: smallest)]
        for fault in smallest.faults {
            let others = smallest.faults.filter { $0 != fault }
            let what = others.isEmpty ? "without any fault" : "without \(Self.name(fault))"
            candidates.append((what, ShrinkCandidate(faults: others, duration: smallest.duration)))
        }
        if !isOver(.confirmation) { say("making sure") }
        rounds: for round in 0..<repeats {
            for (_, candidate) in candidates where tally(candidate).runs <= round {
                guard !isOver(.confirmation), oneMore(candidate) else { break rounds }
            }
        }
        return candidates.map { Outcome.Row(what: $0.what, tally: tally($0.candidate)) }
    }

    // MARK: One candidate

    /// Whether these faults of the current schedule are enough; if so, they are the current schedule.
    private mutating func stillFails(_ faults: [PlannedFault], _ what: String) -> Bool {
        guard !ranOut else { return false }
        let plain = current.keeping(faults)
        let moved = plain.movedForward
        if moved != plain, canMoveForward != false {
            if answer(moved, what) == .fails {
                canMoveForward = true
                accept(moved)
                return true
            }
            // What fails only late in a run is told by a schedule that fails where it stands, and not further ahead.
            if canMoveForward == true || ranOut { return false }
        }
        guard answer(plain, moved == plain ? what : what + ", at their old times") == .fails else { return false }
        if moved != plain { canMoveForward = false }
        accept(plain)
        return true
    }

    private mutating func accept(_ candidate: ShrinkCandidate) {
        current = candidate
        improved(candidate)
    }

    /// Nil when there was no time to find out.
    private mutating func answer(_ candidate: ShrinkCandidate, _ what: String) -> SequentialTest.Answer? {
        while true {
            if let answer = test.answer(tally(candidate)) {
                say("\(what): fails \(Self.words(tally(candidate)))\(answer == .fails ? ", enough" : "")")
                return answer
            }
            guard !isOver(.search), oneMore(candidate) else {
                ranOut = true
                return nil
            }
        }
    }

    /// - Returns: false when runs come to nothing again and again.
    private mutating func oneMore(_ candidate: ShrinkCandidate) -> Bool {
        guard let failed = run(candidate, tally(candidate).runs) else {
            lost += 1
            return lost < 3
        }
        lost = 0
        tallies[candidate, default: FailureTally()].count(failed: failed)
        return true
    }

    private func tally(_ candidate: ShrinkCandidate) -> FailureTally { tallies[candidate] ?? FailureTally() }

    // MARK: Words

    private static func split(_ faults: [PlannedFault], into parts: Int) -> [[PlannedFault]] {
        (0..<parts).map { part in
            Array(faults[(part * faults.count / parts)..<((part + 1) * faults.count / parts)])
        }
    }

    private static func count(_ faults: [PlannedFault]) -> String {
        switch faults.count {
        case 0: "no fault"
        case 1: name(faults[0])
        default: "\(faults.count) faults"
        }
    }

    private static func name(_ fault: PlannedFault) -> String { "\(fault.id + 1) (\(fault.summary))" }

    private static func words(_ tally: FailureTally) -> String { "\(tally.failures) of \(tally.runs)" }
}
