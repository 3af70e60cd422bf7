import PolygraphChecking
import PolygraphHistory
import PolygraphReports

/// SplitMix64: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A run that looks like a real one: clients on a register, faults that slow them down and make them time out.
struct SyntheticRun {
    var operations = 2_000
    var workers = 10
    var keys = 12
    var seed: UInt64 = 42
    /// Operations a second of all workers together.
    var rate = 1_000.0
    var faults = true
    var verdict = Verdict.invalid
    var anomalies = 1
    var interrupted = false
    /// Put into a value, an error, a node's name, a key and the workload file.
    var hostile: String?

    private static let nodeNames = ["n1", "n2", "n3", "n4", "n5"]

    struct Event {
        var time: Int64
        var operation: Operation
    }

    func make() throws -> (record: RunRecord, history: History) {
        var random = SeededGenerator(seed: seed)
        let span = Int64(Double(operations) / rate * 1e9)
        let schedule = faults ? faultEvents(span: span, &random) : (events: [], windows: [])
        var events = clientEvents(during: schedule.windows, &random) + schedule.events
        if interrupted { events.removeAll { $0.time > span * 2 / 3 } }
        events = events.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
        let recorded = events.enumerated().map { offset, event in
            var operation = event.operation
            operation.index = offset
            operation.time = event.time
            return operation
        }
        let history = try History(recorded)
        return try plantStaleReads(record(history, span: span), history)
    }

    private func clientEvents(
        during windows: [(from: Int64, to: Int64)], _ random: inout SeededGenerator
    ) -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(2 * operations)
        var process = Array(0..<workers)
        var free = [Int64](repeating: 1_000_000, count: workers)
        var state: [Int64: Int64] = [:]
        var written: Int64 = 0
        let gap = 1e9 / rate
        for number in 0..<operations {
            let intended = Int64(Double(number) * gap) + 1_000_000
            let worker = free.indices.min { free[$0] < free[$1] } ?? 0
            let start = max(intended, free[worker])
            let isFaulty = windows.contains { $0.from <= start && start < $0.to }
            var latency = Int64(300_000 + 900_000 * Double.random(in: 0..<1, using: &random))
            if Int.random(in: 0..<50, using: &random) == 0 { latency *= 8 }
            if isFaulty { latency *= Int64.random(in: 2...14, using: &random) }
            let timesOut = isFaulty && Int.random(in: 0..<100, using: &random) < 3
            if timesOut { latency = 60_000_000 }

            let key = Int64.random(in: 0..<Int64(max(keys, 1)), using: &random)
            let current = state[key].map(Value.integer) ?? .null
            var kind = Operation.Kind.ok
            var error: String?
            var (function, sent, back): (String, Value, Value)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: (function, sent, back) = ("read", .null, current)
            case 5..<8:
                written += 1
                (function, sent, back) = ("write", .integer(written), .integer(written))
                state[key] = written
            default:
                written += 1
                (function, sent) = ("cas", [current, .integer(written)])
                back = sent
                if Int.random(in: 0..<3, using: &random) == 0 {
                    (kind, error) = (.fail, "mismatch")
                } else {
                    state[key] = written
                }
            }
            if timesOut {
                (kind, error) = (function == "read" ? .fail : .info, "timed out after 60 ms")
                back = sent
            }
            if let hostile, number % 97 == 3 {
                (function, sent, back) = ("write", .string(hostile), .string(hostile))
                error = kind == .ok ? nil : hostile
            }
            let node = Self.nodeNames[worker % Self.nodeNames.count]
            let keyValue: Value = hostile != nil && number % 131 == 5 ? .string(hostile ?? "") : .integer(key)
            let invocation = Operation(
                index: 0, time: start, process: .client(process[worker]), kind: .invoke, function: function,
                key: keys > 0 ? keyValue : Value?.none, value: sent, node: node, intended: intended)
            events.append(Event(time: start, operation: invocation))
            // Every eleventh that times out never completes, as after the end of a run.
            if kind != .info || Int.random(in: 0..<11, using: &random) > 0 {
                var completion = invocation
                (completion.kind, completion.value, completion.error) = (kind, back, error)
                completion.intended = nil
                events.append(Event(time: start + latency, operation: completion))
            }
            if kind == .info { process[worker] += workers }
            free[worker] = start + latency + 20_000
        }
        return events
    }

    /// What still holds, with a value of the system under test in it.
    private func levels(_ anomaly: Anomaly?) -> [LevelResult] {
        [
            LevelResult(
                level: .boundedStaleness, verdict: .holds, detail: "Reads are at most 340 ms stale.",
                staleness: 339_500_000),
            LevelResult(level: .sequential, verdict: .unknown, detail: "It was not decided."),
            LevelResult(level: .causal, verdict: .holds, detail: "One order of writes suits all."),
            LevelResult(level: .pram, verdict: .holds, detail: "It follows from causal consistency."),
            LevelResult(
                level: .regular, verdict: .fails, detail: hostile ?? "Operation 3 saw an old value.", proof: anomaly),
        ]
    }

    private func faultEvents(
        span: Int64, _ random: inout SeededGenerator
    ) -> (events: [Event], windows: [(from: Int64, to: Int64)]) {
        var events: [Event] = []
        var windows: [(from: Int64, to: Int64)] = []
        let plans: [(String, String?, [String], String, [String: Value])] = [
            (
                "partition", "majority-ring", Self.nodeNames, "every node sees a majority, no two the same",
                ["frames_cut": 312]
            ),
            ("kill", nil, ["n2", "n5"], "killed n2 and n5", ["n2": ["processes": 1], "n5": ["processes": 1]]),
            (
                "clock", "bump", ["n1"], "put the clock of n1 forward by 60 s",
                ["n1": ["processes": 2, "measured_offset": 59_999_000_123]]
            ),
            ("pause", nil, ["n3"], "paused n3, the primary", ["n3": ["stopped": true]]),
            ("partition", "one-way", ["n4"], "cut n4 from n1 and n2, one way", ["frames_cut": 0]),
        ]
        let slot = span / Int64(plans.count + 1)
        for (number, plan) in plans.enumerated() {
            let from = slot / 2 + Int64(number) * slot + Int64.random(in: 0..<max(slot / 8, 1), using: &random)
            let to = from + slot * 2 / 3
            func event(_ time: Int64, _ action: String, _ stage: String, _ more: [String: Value] = [:]) {
                var fields: [String: Value] = [
                    "fault": .integer(Int64(number + 1)), "action": .string(action), "stage": .string(stage),
                    "targets": .list(plan.2.map(Value.string)), "summary": .string(plan.3),
                ]
                if let kind = plan.1 { fields["kind"] = .string(kind) }
                fields.merge(more) { _, new in new }
                let operation = Operation(
                    index: 0, time: time, process: .nemesis, kind: .info, function: plan.0, value: .object(fields))
                events.append(Event(time: time, operation: operation))
            }
            event(from - 400_000, "inject", "intent")
            let isClock = plan.0 == "clock"
            event(
                from, "inject", "effect",
                ["proved": .bool(number != 4), "proof": .object(plan.4)].merging(
                    isClock ? ["skew": ["n1": ["offset": 60_000_000_000, "rate": -20_000]]] : [:]
                ) { $1 })
            // The last one is never undone: the run ended before.
            if number < plans.count - 1 {
                event(to - 300_000, "undo", "intent")
                event(
                    to, "undo", "effect",
                    ["proof": ["elapsed_ns": 40_000]].merging(
                        isClock ? ["skew": ["n1": ["offset": 0, "rate": 0]]] : [:]
                    ) { $1 })
            }
            windows.append((from, to))
        }
        return (events, windows)
    }

    /// A proof that cites real operations: two writes, and a read that began later.
    private func anomaly(_ number: Int, _ history: History) -> Anomaly? {
        let calls = history.invocations
        guard calls.count > 50 else { return nil }
        let start = calls.count * (number * 7 + 3) / max(anomalies * 7 + 5, 12)
        let key = history.operations[calls[start]].key
        let same = calls[start...].filter { history.operations[$0].key == key }.prefix(400)
        let writes = same.filter {
            history.operations[$0].function == "write" && history.completion(of: $0)?.kind == .ok
        }.prefix(2)
        guard let first = writes.first, let second = writes.last, first != second,
            let read = same.first(where: {
                history.operations[$0].function == "read" && history.completion(of: $0)?.kind == .ok
                    && history.operations[$0].time > (history.completion(of: second)?.time ?? .max)
            })
        else { return nil }
        let indices = [first, second, read].map { history.operations[$0].index }
        let name = Self.text(key)
        let old = history.operations[first].value
        let new = history.operations[second].value
        return Anomaly(
            name: "stale read", key: key,
            summary: "a read of key \(name) returned \(old) after the write of \(new) had been acknowledged.",
            explanation: [
                "Process \(history.operations[first].process.number ?? 0) wrote \(old) to key \(name) (operation \(indices[0])).",
                "Then \(new) was written and acknowledged (operation \(indices[1])).",
                "The read (operation \(indices[2])) began after that and returned \(old), which had been overwritten: "
                    + "no order of operations \(indices[0]), \(indices[1]) and \(indices[2]) that keeps real time allows it.",
                "In force meanwhile: partition majority-ring. n3 had been paused and answered as if it were still the primary.",
            ], failedAt: indices[2], operations: indices)
    }

    /// Makes every read that an anomaly is about return what its proof says.
    private func plantStaleReads(
        _ record: RunRecord, _ history: History
    ) throws -> (record: RunRecord, history: History) {
        var operations = Array(history.operations)
        for anomaly in record.results.flatMap(\.anomalies) {
            guard let read = anomaly.failedAt, let write = anomaly.operations.first else { continue }
            operations[Int(history.partner[read])].value = operations[write].value
        }
        return (record, try History(operations))
    }

    private static func text(_ key: Value?) -> String { key?.stringValue ?? key?.description ?? "–" }

    private func record(_ history: History, span: Int64) -> RunRecord {
        let found = verdict == .invalid ? (0..<anomalies).compactMap { anomaly($0, history) } : []
        var counts: [Value: Int] = [:]
        for position in history.invocations { counts[history.operations[position].key ?? .null, default: 0] += 1 }
        let bad = Set(found.compactMap(\.key))
        var partitions = counts.sorted { $0.key.description < $1.key.description }.map { key, count in
            PartitionResult(
                key: key == .null ? Value?.none : key, verdict: bad.contains(key) ? .invalid : .valid,
                operations: count,
                reason: bad.contains(key) ? "stale read at operation \(found.first?.failedAt ?? 0)" : nil,
                witnessReplayed: !bad.contains(key), elapsed: Int64(count) * 1_300)
        }
        if verdict == .unknown, !partitions.isEmpty {
            partitions[0].verdict = .unknown
            partitions[0].reason =
                "the time budget of 60 s ran out after operation 412; a higher --time-limit would help"
            partitions[0].witnessReplayed = false
        }
        let result = CheckResult(
            checker: "linearizable", verdict: verdict,
            reason: [
                .valid:
                    "all \(partitions.count) keys have an order that explains them, replayed by an independent verifier.",
                .invalid: "\(bad.count) of \(partitions.count) keys cannot be explained by any order.",
                .unknown: "1 of \(partitions.count) keys could not be decided within the budget of 60 s.",
            ][verdict] ?? "", anomalies: found, partitions: partitions,
            facts: [
                .init("operations checked", .integer(Int64(operations))), .init("largest frontier", 14),
                .init("configurations visited", 48_211), .init("witness replayed", "11 of 12 keys"),
                .init("read with", "initial value null; a failed operation did not happen"),
            ], levels: verdict == .invalid ? levels(found.first) : [])
        let names = Self.nodeNames.enumerated().map { offset, name in
            NodeRecord(
                name: name, address: "10.0.0.\(offset + 1)",
                command: "polygraph sample raft --id \(offset + 1) --data /data --client-port 7000 --peer-port 7001")
        }
        return RunRecord(
            workload: hostile.map { "raft-register \($0)" } ?? "raft-stale-reads", verdict: verdict,
            exitCode: [.valid: 0, .invalid: 1, .unknown: 2][verdict] ?? 2, seed: 18_446_744_073_709_551_557,
            started: "2026-11-21T05:20:27Z", duration: span, interrupted: interrupted, results: [result], nodes: names,
            workers: workers,
            environment: [
                .init("polygraph", "0.1.0"), .init("kernel", "6.18.0"), .init("architecture", "x86_64"),
                .init("processors", 2), .init("memory", "23.4 GB"), .init("user", "root"),
                .init("Swift build", "release"),
            ],
            primaries: [
                PrimaryChange(time: 0, node: nil), PrimaryChange(time: span / 40, node: "n3"),
                PrimaryChange(time: span / 3, node: nil), PrimaryChange(time: span * 3 / 8, node: "n1"),
            ],
            measurements: [.init("frames forwarded", 1_204_331), .init("rate reached", "98.2 %")],
            warnings: faults ? [] : ["No fault was injected: the run shows only that the system works in peace."],
            rerunCommand:
                "polygraph run raft-stale-reads --seed 18446744073709551557 --set client.rate=1000/s --time 60s",
            recheckCommand:
                "polygraph check Reports/raft-stale-reads/20261121T052027-7f3a/history.jsonl --model cas-register",
            workloadText: """
                # A Raft whose followers answer reads by themselves.
                name: raft-stale-reads
                nodes: 5
                system:
                  start: ["{{polygraph}}", "sample", "raft", "--id", "{{node.index}}", "--bug", "stale-reads"]
                workload: {register: {keys: 12, cas: true}}
                clients: {count: 10, rate: 1000/s, timeout: 60ms}
                check: linearizable
                \(hostile ?? "")
                """,
            paths: RunPaths(
                directory: "Reports/raft-stale-reads/20261121T052027-7f3a",
                history: "Reports/raft-stale-reads/20261121T052027-7f3a/history.jsonl",
                report: "Reports/raft-stale-reads/20261121T052027-7f3a/report.html",
                workload: "Workloads/raft-stale-reads.yaml"))
    }
}
