import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// Finds which weaker promises a history of registers keeps that is not linearizable: how stale its reads are, whether
/// they are regular, and whether it is sequential, causal, PRAM, or at least keeps the four session guarantees.
///
/// Sequential, causal, PRAM and the session guarantees concern all keys together, and are decided for one order of
/// writes that all processes agree on (the convergent variants), in the axiomatic form of Biswas and Enea ("On the
/// complexity of checking transactional consistency", 2019): a level holds if and only if some total order of the
/// operations extends session order and reads-from, and no read overlooks a newer write of its key that its process
/// knew of. What a process knows of is what the level says.
///
/// A successful cas reads and writes. A failed operation did not happen; one of unknown outcome happened if somebody saw
/// it. An operation of unknown outcome that its process did not wait for is a session of its own.
public struct ConsistencyLadder: Sendable {
    private let history: History
    private let trace: RegisterTrace

    /// - Parameters:
    ///   - history: operations `read`, `write` and `cas`, with or without keys.
    ///   - initial: the value of every key before any write.
    ///   - failedCAS: what a refused cas says. Only sequential consistency counts it; the other levels leave it out.
    ///   - nullReadsConstrain: whether a read that returned null says that the value was null.
    public init(
        history: History, initial: Value = .null, failedCAS: LinearizabilityOptions.FailedCAS = .mismatch,
        nullReadsConstrain: Bool = true
    ) {
        self.history = history
        trace = RegisterTrace(
            history, initial: initial, failedCAS: failedCAS, nullReadsConstrain: nullReadsConstrain)
    }

    /// What still holds of a history that a check found `invalid`; empty for any other verdict, and for models that are
    /// no registers.
    /// - Parameter deadline: monotonic nanoseconds at which the check must be over.
    static func levels(
        of history: History, model: some Model, options: LinearizabilityOptions, verdict: Verdict, deadline: Int64
    ) -> [LevelResult] {
        guard verdict == .invalid, model.family == .register, let initial = model.initial as? Value else { return [] }
        let operations = Int64(history.columns.count / 2)
        let left = Double(deadline - Budget.now()) / 1e9
        if left * 1e9 < Double(operations * nanosecondsPerOperation) {
            return undecided("It was not decided: the time limit does not suffice for it.")
        }
        if operations * bytesPerOperation > Int64(options.memoryLimitBytes) {
            return undecided("It was not decided: the memory limit does not suffice for it.")
        }
        return ConsistencyLadder(
            history: history, initial: initial, failedCAS: options.failedCAS,
            nullReadsConstrain: LinearizabilityOptions.nullReadsConstrain(model)
        ).climb(timeLimitSeconds: min(left, 10))
    }

    /// What a climb takes for every operation at least, before it can look at the clock.
    private static var nanosecondsPerOperation: Int64 { 700 }
    private static var bytesPerOperation: Int64 { 700 }

    private static func undecided(_ why: String) -> [LevelResult] {
        ConsistencyLevel.allCases.map { LevelResult(level: $0, verdict: .unknown, detail: why) }
    }

    /// Decides every level, strongest first; what the time does not suffice for is `unknown`.
    /// - Parameter timeLimitSeconds: for all levels together.
    public func climb(timeLimitSeconds: Double = 10) -> [LevelResult] {
        let deadline = Budget.now() + Int64(max(0, min(timeLimitSeconds, 1e9)) * 1e9)
        if let problem = trace.problem {
            return Self.undecided("It cannot be judged: \(problem).")
        }
        let facts = Attribution(trace, guessing: false)
        if let first = facts.impossible.first { return impossible(first, facts) }
        let guess = facts.ambiguous == 0 ? facts : Attribution(trace, guessing: true)
        let others = facts.ambiguous > 0 && trace.entries.count <= Self.operationsOfManyGuesses ? Self.guesses : 0
        let further = (0..<others).map { Attribution(trace, guessing: true, variant: UInt64($0 + 1)) }
            .filter(\.impossible.isEmpty)
        let likely = Execution(trace, guess)
        let climb = Climb(
            history: history, trace: trace, facts: facts.ambiguous == 0 ? likely : Execution(trace, facts),
            guess: likely, furtherGuesses: further.map { Execution(trace, $0) },
            guessIsAcyclic: Arbitration(likely, []).sorted().incoming.allSatisfy { $0 <= 0 }, deadline: deadline)
        return [climb.boundedStaleness(), climb.regular()] + climb.agreedOrders()
    }

    private static var operationsOfManyGuesses: Int { 2_000 }
    private static var guesses: Int { 16 }

    /// A value that nobody can have written breaks every promise.
    private func impossible(_ place: Int32, _ facts: Attribution) -> [LevelResult] {
        let entry = trace.entries[Int(place)]
        let access = Access(at: Int(entry.invoked), in: history, model: CASRegister(), failedCAS: trace.failedCAS)
        let value = Access.text(trace.values[Int(entry.observed)])
        let failed = trace.failedWriter[Int(entry.observed)]
        var sentences = [access.sentence]
        var cited = [access.invocation.index]
        let who = "Operation \(access.invocation.index) saw \(value), "
        var summary = who + "which nobody ever wrote."
        if failed >= 0 {
            let writer = Access(at: Int(failed), in: history, model: CASRegister(), failedCAS: .ignored)
            sentences.append(writer.sentence)
            cited.append(writer.invocation.index)
            summary = who + "which only failed operations wrote."
        }
        return ConsistencyLevel.allCases.map { level in
            LevelResult(
                level: level, verdict: .fails, detail: "\(summary) No level allows that.",
                proof: Anomaly(
                    name: failed >= 0
                        ? Diagnosis.Name.failedWrite.rawValue : Diagnosis.Name.neverWritten.rawValue,
                    key: access.invocation.key, summary: summary, explanation: sentences + [summary],
                    failedAt: access.invocation.index, operations: cited.sorted()))
        }
    }
}
