import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// One climb of the ladder: decides the levels of one history.
struct Climb {
    let history: History
    let trace: RegisterTrace
    /// With the reads whose source is certain only, and with the likeliest source of the others.
    let facts: Execution
    let guess: Execution
    /// Small histories can afford to try others.
    let furtherGuesses: [Execution]
    /// Whether session order and reads-from of `guess` do not contradict each other, which would break every level.
    let guessIsAcyclic: Bool
    let deadline: Int64

    var ambiguous: Int { facts.attribution.ambiguous }

    var ambiguity: String {
        "\(Phrases.count(ambiguous, "read")) saw a value that was written more than once"
    }

    func index(_ place: Int32) -> Int { history.operations[Int(trace.entries[Int(place)].invoked)].index }

    func sentence(_ place: Int32) -> String {
        Access(
            at: Int(trace.entries[Int(place)].invoked), in: history, model: CASRegister(), failedCAS: trace.failedCAS
        ).sentence
    }

    /// Whether the cas that were refused are left out of a level, as a clause.
    var withoutRefusals: String { trace.hasRefusals ? " Refused cas are left out of this." : "" }

    // MARK: - Real time

    func boundedStaleness() -> LevelResult {
        let level = ConsistencyLevel.boundedStaleness
        guard trace.hasTimes else {
            return LevelResult(
                level: level, verdict: .unknown,
                detail: "The history's times do not follow the order of record, so that staleness cannot be measured.")
        }
        if ambiguous > 0, let result = leastStaleness() { return result }
        let usable = (guess.attribution.impossible.isEmpty ? [guess] : []) + furtherGuesses
        let bounds = usable.map { StalenessBound($0) }.filter { $0.delta != nil }
        if let bound = bounds.min(by: { ($0.delta ?? .max) < ($1.delta ?? .max) }), let delta = bound.delta {
            return LevelResult(
                level: level, verdict: .holds,
                detail: told(bound, delta) + (ambiguous > 0 ? "; it may be less, as \(ambiguity)" : "") + "."
                    + withoutRefusals, staleness: delta)
        }
        let known = StalenessBound(facts)
        if let reader = known.futureReader, case let writer = facts.attribution.source[Int(reader)], writer >= 0 {
            let summary =
                "Operation \(index(reader)) saw what operation \(index(writer)) wrote only after it: no staleness "
                + "explains that."
            return LevelResult(
                level: level, verdict: .fails, detail: summary,
                proof: Anomaly(
                    name: Diagnosis.Name.futureRead.rawValue, key: trace.keys[Int(trace.entries[Int(reader)].key)],
                    summary: summary, explanation: [sentence(reader), sentence(writer), summary],
                    failedAt: index(reader), operations: [index(reader), index(writer)].sorted()))
        }
        return LevelResult(level: level, verdict: .unknown, detail: "It was not decided: \(ambiguity).")
    }

    func told(_ bound: StalenessBound, _ delta: Int64) -> String {
        if delta == 0 {
            return "No read is stale by the clock; what fails is the order within one instant"
                + (trace.entries.contains { $0.observed >= 0 && $0.isWrite }
                    ? ", or that a cas reads and writes at once" : "")
        }
        let detail = "Reads are at most \(Phrases.spanRoundedUp(delta)) stale"
        guard let (first, second) = bound.decisive else { return detail }
        let readers = [first.lastReader, second.lastReader].filter { $0 >= 0 }.map { "\(index($0))" }
        return detail + ": had they begun that much earlier, the history would be linearizable"
            + " (reads that decide it: operation\(readers.count == 1 ? "" : "s") \(Phrases.list(readers)))"
    }

    func regular() -> LevelResult {
        let level = ConsistencyLevel.regular
        let violations = RegularReads(trace).violations
        guard let first = violations.max(by: { ($0.staleness, -$0.reader) < ($1.staleness, -$1.reader) }) else {
            return LevelResult(
                level: level, verdict: .holds,
                detail: "Every read returned a concurrent write or the last one: only the order in which overlapping "
                    + "operations were seen is wrong." + withoutRefusals)
        }
        var places = [first.reader]
        if first.writer >= 0 { places.append(first.writer) }
        var summary =
            "Operation \(index(first.reader)) saw "
            + "\(Access.text(trace.values[Int(trace.entries[Int(first.reader)].observed)]))"
        var last: String
        if first.newer >= 0 {
            places.append(first.newer)
            summary += ", which operation \(index(first.newer)) had replaced"
            last =
                (first.writer >= 0
                    ? "Operation \(index(first.newer)) began after operation \(index(first.writer)) had ended"
                    : "Operation \(index(first.newer)) replaced the initial value")
                + " and was over \(Phrases.span(first.staleness)) before operation \(index(first.reader)) began"
        } else {
            summary += " before anybody began to write it"
            last = "It ended before the write began"
        }
        places.sort()
        let proof = Anomaly(
            name: first.newer >= 0 ? Diagnosis.Name.staleRead.rawValue : Diagnosis.Name.futureRead.rawValue,
            key: trace.keys[Int(trace.entries[Int(first.reader)].key)], summary: summary + ".",
            explanation: places.map(sentence) + [last + "."], failedAt: index(first.reader),
            operations: places.map(index))
        let count = violations.count
        return LevelResult(
            level: level, verdict: .fails,
            detail: "\(Phrases.count(count, "read")) returned a value that had certainly been replaced"
                + "\(violations.contains { $0.newer < 0 } ? " or was not yet written" : "") (the worst "
                + "\(Phrases.span(first.staleness)) before): \(summary).",
            proof: proof)
    }

    // MARK: - One order of writes for all

    /// What one execution says of a level.
    enum Answer {
        case holds
        case fails(Anomaly?, String)
        case undecided(String)
    }

    /// Sequential, causal, PRAM, and the session guarantees.
    func agreedOrders() -> [LevelResult] {
        var results: [ConsistencyLevel: LevelResult] = [:]
        if hasGreedyOrder {
            results[.sequential] = held(.sequential)
        } else {
            let causal = decide(.causal)
            results[.causal] = causal
            if causal.verdict == .fails {
                var sequential = causal
                sequential.level = .sequential
                sequential.detail = "It is not even causal: \(causal.proof?.summary ?? "")"
                results[.sequential] = sequential
            } else {
                results[.sequential] = decide(.sequential)
            }
        }
        let order: [ConsistencyLevel] = [
            .sequential, .causal, .pram, .readYourWrites, .monotonicReads, .monotonicWrites, .writesFollowReads,
        ]
        for level in order {
            let stronger = order.first { $0 != level && $0.implies(level) && results[$0]?.verdict == .holds }
            if let stronger {
                results[level] = LevelResult(
                    level: level, verdict: .holds, detail: "It follows from \(stronger.rawValue) consistency.")
            } else if results[level] == nil {
                results[level] = decide(level)
            }
        }
        return order.compactMap { results[$0] }
    }

    /// Whether an order of all operations is found without a search, which is how most histories are decided.
    private var hasGreedyOrder: Bool {
        ([guess] + furtherGuesses).contains { execution in
            guard execution.attribution.impossible.isEmpty else { return false }
            var search = SequentialOrder(execution, [])
            return search.findGreedily() && SequentialOrder.replays(search.order, execution)
        }
    }

    func held(_ level: ConsistencyLevel) -> LevelResult {
        LevelResult(
            level: level, verdict: .holds,
            detail: holding(level) + (ambiguous == 0 ? "" : " \(ambiguity); one of its writes was chosen for each.")
                + (level == .sequential ? "" : withoutRefusals))
    }

    private func decide(_ level: ConsistencyLevel) -> LevelResult {
        let refusals = level == .sequential ? "" : withoutRefusals
        let likely =
            guess.attribution.impossible.isEmpty
            ? answer(level, guess, isAcyclic: guessIsAcyclic) : .undecided("It was not decided: \(ambiguity).")
        if case .holds = likely { return held(level) }
        // The greedy search has tried them for an order of all.
        if level != .sequential {
            let isFound = furtherGuesses.contains {
                if case .holds = answer(level, $0, proves: false) { true } else { false }
            }
            if isFound { return held(level) }
        }
        switch (likely, ambiguous) {
        case (.fails(let proof, let detail), 0):
            return LevelResult(level: level, verdict: .fails, detail: detail + refusals, proof: proof)
        case (.undecided(let why), 0):
            return tryAll(level) ?? LevelResult(level: level, verdict: .unknown, detail: why)
        default: break
        }
        switch answer(level, facts) {
        case .fails(let proof, let detail):
            return LevelResult(level: level, verdict: .fails, detail: detail + refusals, proof: proof)
        case .holds:
            return tryAll(level)
                ?? LevelResult(level: level, verdict: .unknown, detail: "It was not decided: \(ambiguity).")
        case .undecided(let why):
            return tryAll(level) ?? LevelResult(level: level, verdict: .unknown, detail: why)
        }
    }

    private func holding(_ level: ConsistencyLevel) -> String {
        switch level {
        case .sequential: "There is one order of all operations that respects every process's own."
        case .causal: "No read overlooks a write that its process could know of, and one order of writes suits all."
        case .pram: "No read overlooks what its process wrote, read, or what came before that from the same writer."
        case .readYourWrites: "No process overlooked what it had written itself."
        case .monotonicReads: "No process saw an older value after a newer one."
        case .monotonicWrites: "No process saw a write without the same writer's earlier ones."
        case .writesFollowReads: "No process saw a write without what its writer had seen before."
        case .boundedStaleness, .regular: ""
        }
    }

    private static let noTime = "It was not decided: the time or the memory for it was used up."

    /// - Parameter isAcyclic: whether session order and reads-from are known not to contradict each other.
    func answer(
        _ level: ConsistencyLevel, _ execution: Execution, proves: Bool = true, isAcyclic: Bool = false
    ) -> Answer {
        if !isAcyclic {
            let base = Arbitration(execution, [])
            if let cycle = base.cycle() { return failure(cycle, base, level, proves) }
        }
        if Budget.now() > deadline { return .undecided(Self.noTime) }
        let premise: SessionPremise
        switch level {
        case .sequential: return sequential(execution)
        case .causal:
            return answer(
                level, execution,
                KnownPast.inferences(execution, known: [], isSequential: false, deadline: deadline), proves)
        case .pram: premise = .writesBefore(inclusive: true)
        case .readYourWrites: premise = .ownWrites
        case .monotonicReads: premise = .earlierReads
        case .monotonicWrites: premise = .writesBefore(inclusive: false)
        case .writesFollowReads: premise = .readsBefore
        case .boundedStaleness, .regular: return .undecided("")
        }
        return answer(level, execution, SessionPremises.inferences(premise, execution, deadline: deadline), proves)
    }

    func answer(
        _ level: ConsistencyLevel, _ execution: Execution, _ inferences: Inferences, _ proves: Bool
    ) -> Answer {
        let graph = Arbitration(execution, inferences.all, collectors: inferences.collectors)
        if let found = inferences.sawInitial {
            guard proves else { return .fails(nil, "") }
            let proof = LevelProof.initialRead(found, in: graph, of: level, history)
            return .fails(proof, proof.summary)
        }
        if let cycle = graph.cycle() { return failure(cycle, graph, level, proves) }
        return inferences.isIncomplete ? .undecided(Self.noTime) : .holds
    }

    private func failure(
        _ cycle: [Arbitration.Edge], _ graph: Arbitration, _ level: ConsistencyLevel, _ proves: Bool
    ) -> Answer {
        guard proves else { return .fails(nil, "") }
        let proof = LevelProof.cycle(cycle, in: graph, of: level, history)
        return .fails(proof, proof.summary)
    }

    private func sequential(_ execution: Execution) -> Answer {
        switch SequentialSearch.decide(execution, deadline: deadline) {
        case .order: return .holds
        case .cycle(let graph, let cycle): return failure(cycle, graph, .sequential, true)
        case .sawInitial(let graph, let inference):
            let proof = LevelProof.initialRead(inference, in: graph, of: .sequential, history)
            return .fails(proof, proof.summary)
        case .exhausted:
            // A write that nobody saw may still be what a cas was refused for.
            if trace.hasRefusals, execution.attribution.isLive.contains(false) { break }
            return .fails(nil, "Every order of the writes was tried, and none suits all reads.")
        case .undecided: break
        }
        return .undecided("It was not decided: what was tried led neither to an order nor to a contradiction.")
    }
}
