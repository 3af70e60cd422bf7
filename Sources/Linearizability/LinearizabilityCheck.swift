import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// One run of the checker over one history.
struct LinearizabilityCheck<M: Model>: Sendable {
    private let history: History
    private let model: M
    private let options: LinearizabilityOptions
    private let started = Budget.now()
    private let threads: Int
    private let partitions: [Partition]
    private let verifier: WitnessVerifier<M>

    /// What is made of the history at first.
    private enum Preparation: Sendable {
        case partitions([Partition])
        case verifier(WitnessVerifier<M>)
    }

    init(history: History, model: M, options: LinearizabilityOptions) {
        self.history = history
        self.model = model
        self.options = options
        threads = max(1, options.threads ?? WorkerPool.cores)
        let prepared = WorkerPool.map(2, threads: threads) { piece -> Preparation in
            piece == 0
                ? .partitions(
                    Partition.split(history, failedCAS: options.failedCAS, joinsKeys: model is any JoinsKeys))
                : .verifier(WitnessVerifier(history, model: model, failedCAS: options.failedCAS))
        }
        guard case .partitions(let partitions) = prepared[0], case .verifier(let verifier) = prepared[1] else {
            preconditionFailure("pieces of work come back in order")
        }
        self.partitions = partitions
        self.verifier = verifier
    }

    /// What is known of one key.
    private struct KeyOutcome: Sendable {
        enum Answer: Sendable {
            /// With the positions of the order, where they are kept.
            case valid(witness: [Int]?)
            case invalid(failed: Int, rank: Int32, suspects: [Int32]?)
            /// Why, in a sentence; `retry` when more time may help.
            case unknown(String, retry: Bool)
        }
        var answer: Answer
        var engine: KeySearch<M>.Engine?
        /// Nanoseconds without the replay of the witness.
        var deciding: Int64 = 0
        var visited = 0
        var largestFrontier = 0
        var elapsed: Int64 = 0
    }

    func run() -> CheckResult {
        let outcomes = decide(partitions)
        var results = zip(partitions, outcomes).map { partition, outcome in
            var result = PartitionResult(
                key: partition.key, verdict: .valid, operations: partition.invocations, elapsed: outcome.elapsed)
            switch outcome.answer {
            case .valid(let witness):
                result.witnessReplayed = true
                result.witness = witness
            case .invalid: result.verdict = .invalid
            case .unknown(let reason, _):
                result.verdict = .unknown
                result.reason = reason
            }
            return result
        }
        let anomalies = explain(partitions, outcomes, &results)
        return summary(results, anomalies, outcomes)
    }

    // MARK: - Deciding

    /// Bytes that the flat arrays of deciding and of replaying take for the operations of one key, whatever the search
    /// does.
    private func flatBytes(_ operations: Int) -> Int { operations * 100 }

    /// Bytes of the limit that are left beside what is kept of all keys.
    private func availableBytes(_ partitions: [Partition]) -> Int {
        let operations = partitions.reduce(0) { $0 + $1.operations.count }
        let kept = MemoryLayout<PartitionOperation>.stride + (options.keepsWitnesses ? MemoryLayout<Int>.stride : 0)
        return max(0, options.memoryLimitBytes - operations * kept)
    }

    /// Nanoseconds of the whole check.
    private var limit: Int64 { Int64(max(0, min(options.timeLimitSeconds, 1e9)) * 1e9) }

    /// A little is kept for saying how far it got; proofs have what deciding leaves.
    private var decisionDeadline: Int64 { started + limit - limit / 32 }

    /// Decides all keys, first each within its share of half the time, so that no hard key starves the others, then
    /// those that were not decided within what is left.
    private func decide(_ partitions: [Partition]) -> [KeyOutcome] {
        // As many at once as have room beside each other.
        let room = availableBytes(partitions) / max(1, flatBytes(partitions.reduce(0) { max($0, $1.operations.count) }))
        let workers = max(1, min(threads, partitions.count, room))
        let bytes = availableBytes(partitions) / workers
        let turns = Int64(max(1, (partitions.count + workers - 1) / workers))
        let share = turns == 1 ? limit : limit / 2 / turns
        // The largest first, so that no thread is left alone with one at the end.
        let order = partitions.indices.sorted {
            (partitions[$1].operations.count, $0) < (partitions[$0].operations.count, $1)
        }
        let sorted = WorkerPool.map(partitions.count, threads: workers, local: { RegisterZones.Scratch() }) {
            scratch, turn in
            decide(
                partitions[order[turn]], Budget(deadline: decisionDeadline, bytes: bytes).limited(to: share), scratch)
        }
        var outcomes = sorted
        for (turn, place) in order.enumerated() { outcomes[place] = sorted[turn] }
        let undecided = outcomes.indices.filter {
            if case .unknown(_, retry: true) = outcomes[$0].answer { true } else { false }
        }
        let left = decisionDeadline - Budget.now()
        let second = left / Int64(max(1, (undecided.count + workers - 1) / workers))
        guard second > share else { return outcomes }
        let again = WorkerPool.map(undecided.count, threads: workers, local: { RegisterZones.Scratch() }) {
            scratch, place in
            decide(
                partitions[undecided[place]], Budget(deadline: decisionDeadline, bytes: bytes).limited(to: second),
                scratch)
        }
        for (place, outcome) in zip(undecided, again) {
            let first = outcomes[place]
            outcomes[place] = outcome
            outcomes[place].elapsed += first.elapsed
            outcomes[place].visited += first.visited
        }
        return outcomes
    }

    private func decide(_ partition: Partition, _ budget: Budget, _ scratch: RegisterZones.Scratch) -> KeyOutcome {
        let start = Budget.now()
        if budget.timeIsUp {
            return KeyOutcome(
                answer: .unknown(
                    "The time limit was over before this key's turn; a longer limit would help.", retry: true))
        }
        let flat = flatBytes(partition.operations.count)
        if flat > budget.bytes {
            return KeyOutcome(
                answer: .unknown(
                    "The memory limit of \(options.memoryLimitBytes >> 20) MiB for all keys does not suffice for "
                        + "\(Phrases.count(partition.operations.count, "operation")), which take about "
                        + "\(flat >> 20) MiB before any search; a higher limit would help.", retry: false))
        }
        var budget = budget
        budget.bytes -= flat
        var effort = SearchEffort()
        effort.threads = max(1, threads / max(1, partitions.count))
        let result = KeySearch(
            partition.operations, columns: history.columns, model: model, scratch: scratch, effort: effort
        ).decide(within: budget)
        var outcome = KeyOutcome(
            answer: .valid(witness: nil), engine: result.engine, visited: result.visited,
            largestFrontier: result.largestFrontier)
        outcome.deciding = Budget.now() - start
        switch result.answer {
        case .valid(let order): outcome.answer = replay(order, partition)
        case .invalid(let place, let rank, let suspects):
            outcome.answer = .invalid(failed: place, rank: rank, suspects: suspects)
        case .unjudgeable(let problem):
            outcome.answer = .unknown("It cannot be judged: \(problem).", retry: false)
        case .exhausted(let limit, let done, let events, let rank):
            outcome.answer = .unknown(
                exhaustion(limit, done: done, events: events, rank: rank, partition), retry: limit == .time)
        }
        outcome.elapsed = Budget.now() - start
        return outcome
    }

    private func replay(_ order: [Int32]?, _ partition: Partition) -> KeyOutcome.Answer {
        var fault: String? = "the search could not say which order it found"
        if let order {
            let positions = order.map { Int(partition.operations[Int($0)].invoked) }
            fault = verifier.fault(in: positions, of: partition.key)
            if fault == nil { return .valid(witness: options.keepsWitnesses ? positions : nil) }
        }
        return .unknown(
            "The search found an order, but the verifier rejects it (\(fault ?? "")). This is a defect of Polygraph; please "
                + "report it with the history.", retry: false)
    }

    private func exhaustion(_ limit: Exhaustion, done: Int, events: Int, rank: Int32, _ partition: Partition) -> String
    {
        let time = Phrases.seconds(history.operations[Int(rank)].time)
        let open = partition.operations.count { !$0.isMandatory }
        let cause =
            limit == .time ? "The time limit" : "The memory limit of \(options.memoryLimitBytes >> 20) MiB for all keys"
        let remedy = limit == .time ? "A longer time limit" : "A higher memory limit"
        return "\(cause) ended the search at event \(done) of \(events) (at \(time)); up to there an order exists. "
            + "\(remedy), fewer clients on one key, distinct values, or fewer operations of unknown outcome "
            + "(\(open) here) would help."
    }

    // MARK: - Explaining

    private func explain(
        _ partitions: [Partition], _ outcomes: [KeyOutcome], _ results: inout [PartitionResult]
    ) -> [Anomaly] {
        var failures: [(place: Int, failed: Int, rank: Int32, suspects: [Int32]?)] = []
        for (place, outcome) in outcomes.enumerated() {
            if case .invalid(let failed, let rank, let suspects) = outcome.answer {
                failures.append((place, failed, rank, suspects))
            }
        }
        if failures.isEmpty { return [] }
        // The first violations in time say most.
        failures.sort { $0.rank < $1.rank }
        let full = min(failures.count, max(0, options.explainedKeys))
        let workers = min(threads, max(1, full))
        let share = (started + limit - Budget.now()) / Int64(max(1, (full + workers - 1) / workers))
        let explanation = Explanation(
            history: history, model: model, failedCAS: options.failedCAS, faults: FaultTimeline(history))
        let bytes = options.memoryLimitBytes / workers
        let chosen = Array(failures.prefix(full))
        let refutations = WorkerPool.map(full, threads: workers) { number in
            let failure = chosen[number]
            return Refutation.make(
                KeySearch(partitions[failure.place].operations, columns: history.columns, model: model),
                failed: failure.failed, rank: failure.rank, suspects: failure.suspects,
                within: Budget(deadline: started + limit, bytes: bytes).limited(to: share))
        }
        var anomalies: [Anomaly] = []
        for (number, failure) in failures.enumerated() {
            let partition = partitions[failure.place]
            guard number < full else {
                anomalies.append(explanation.shortAnomaly(failed: failure.failed, in: partition))
                continue
            }
            if refutations[number].confirmation == .contradicted {
                results[failure.place].verdict = .unknown
                results[failure.place].reason =
                    "One search found no order up to event \(failure.rank), the other found one. This is a defect of "
                    + "Polygraph; please report it with the history."
                continue
            }
            anomalies.append(explanation.anomaly(for: refutations[number], in: partition))
        }
        return anomalies
    }

    // MARK: - Summary

    /// How many keys each engine decided.
    private func engines(_ outcomes: [KeyOutcome]) -> String {
        let counts = KeySearch<M>.Engine.allCases.compactMap { engine -> String? in
            let count = outcomes.count { $0.engine == engine }
            return count == 0 ? nil : "\(engine.rawValue): \(count)"
        }
        return counts.joined(separator: ", ")
    }

    private func summary(
        _ results: [PartitionResult], _ anomalies: [Anomaly], _ outcomes: [KeyOutcome]
    ) -> CheckResult {
        let verdict = results.reduce(Verdict.valid) { $0.combined(with: $1.verdict) }
        let operations = results.reduce(0) { $0 + $1.operations }
        let replayed = results.count { $0.witnessReplayed }
        let undecided = results.count { $0.verdict == .unknown }
        let what = "\(Phrases.count(operations, "operation")) on \(Phrases.count(results.count, "key"))"
        let reason: String
        switch verdict {
        case .valid:
            reason =
                "\(what) \(operations == 1 ? "has" : "have") an order that the model \(model.name) allows; each was replayed."
        case .invalid:
            let broken = results.count { $0.verdict == .invalid }
            reason =
                "\(broken) of \(Phrases.count(results.count, "key")) \(broken == 1 ? "has" : "have") no order that the model \(model.name) allows. "
                + (anomalies.first?.summary ?? "")
        case .unknown:
            let first = results.first { $0.verdict == .unknown }
            let key = first?.key.map { "Key \($0): " } ?? ""
            reason =
                "\(undecided) of \(Phrases.count(results.count, "key")) could not be decided. \(key)\(first?.reason ?? "")"
        }
        let levels =
            options.explainedKeys == 0 || !options.judgesLevels
            ? []
            : ConsistencyLadder.levels(
                of: history, model: model, options: options, verdict: verdict, deadline: started + limit)
        let facts: [CheckResult.Fact] = [
            .init("model", .string(model.name)),
            .init("operations", .integer(Int64(operations))),
            .init("keys", .integer(Int64(results.count))),
            .init("keys undecided", .integer(Int64(undecided))),
            .init("witness orders replayed", .string("\(replayed) of \(results.count)")),
            .init("engines", .string(engines(outcomes))),
            .init("deciding seconds", .double(Double(outcomes.reduce(0) { $0 + $1.deciding }) / 1e9)),
            .init("configurations visited", .integer(Int64(outcomes.reduce(0) { $0 + $1.visited }))),
            .init("largest frontier", .integer(Int64(outcomes.reduce(0) { max($0, $1.largestFrontier) }))),
            .init("initial value", .string(LinearizabilityOptions.text(of: model.initial))),
            .init("read with", .string(options.readings(of: model, in: history))),
            .init("elapsed seconds", .double(Double(Budget.now() - started) / 1e9)),
            .init("time limit seconds", .double(options.timeLimitSeconds)),
            .init("memory limit bytes", .integer(Int64(options.memoryLimitBytes))),
        ]
        return CheckResult(
            checker: "linearizable", verdict: verdict, reason: reason, anomalies: anomalies, partitions: results,
            facts: facts, levels: levels)
    }
}
