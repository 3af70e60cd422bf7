/// Tries out which write each read saw, for the reads that saw a value written more than once.
///
/// One read after the other gets a source. A choice for some of the reads that already breaks a promise is not followed
/// further: what fails while the other reads are open fails whatever they saw.
struct SourceSearch {
    /// What became of the search.
    enum End {
        /// A choice for all reads was accepted.
        case found
        /// Every choice was tried.
        case exhausted
        /// There are too many of them.
        case undecided
    }

    private let trace: RegisterTrace
    private let deadline: Int64
    /// Choices, whole or partial, that may still be looked at.
    private var choices: Int

    /// Enough for some twenty operations whatever they are. Larger histories get less: each choice costs more there, and
    /// decides less.
    private static var work: Int { 400_000_000 }

    /// - Parameter deadline: monotonic nanoseconds at which to give up.
    init(_ trace: RegisterTrace, deadline: Int64) {
        self.trace = trace
        self.deadline = deadline
        let count = max(20, trace.entries.count)
        choices = Self.work / count / count / count
    }

    /// - Parameters:
    ///   - admits: whether the reads that have a source so far contradict nothing.
    ///   - accepts: whether a choice for all reads ends the search.
    mutating func run(admits: (Execution) -> Bool, accepts: (Execution) -> Bool) -> End {
        extend([:], admits, accepts)
    }

    private mutating func extend(
        _ chosen: [Int32: Int32], _ admits: (Execution) -> Bool, _ accepts: (Execution) -> Bool
    ) -> End {
        choices -= 1
        if choices < 0 || Budget.now() > deadline { return .undecided }
        let attribution = Attribution(trace, guessing: false, chosen: chosen)
        guard attribution.impossible.isEmpty else { return .exhausted }
        let execution = Execution(trace, attribution)
        guard admits(execution) else { return .exhausted }
        let place = attribution.firstOpen
        if place < 0 { return accepts(execution) ? .found : .exhausted }
        for source in Attribution.candidates(place, trace) {
            var next = chosen
            next[place] = source
            switch extend(next, admits, accepts) {
            case .found: return .found
            case .undecided: return .undecided
            case .exhausted: break
            }
        }
        return .exhausted
    }
}
