import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Histories with more operations open at once than a machine word has bits.
@Suite struct WideHistoryTests {
    static let rounds: UInt64 = {
        #if DEBUG
            40
        #else
            1_500
        #endif
    }()

    /// Wraps a history in operations that are open all the time and can always be put at its start: they change no
    /// verdict, but push all other operations into further words. Optional ones that are never possible fill counters.
    static func wrapped(_ history: History, initial: Value, width: Int) -> History {
        var events: [Operation] = []
        func add(_ operation: Operation) {
            var operation = operation
            operation.index = events.count
            operation.time = Int64(events.count) * 1_000_000
            events.append(operation)
        }
        var pads: [Operation] = []
        for _ in 0..<width {
            for function in ["read", "cas"] {
                pads.append(
                    Operation(
                        index: 0, time: 0, process: .client(10_000 + pads.count), kind: .invoke, function: function,
                        value: function == "read" ? .null : .list([initial, initial])))
            }
        }
        for pad in pads { add(pad) }
        for number in 0..<width {
            let pair: Value = .list([.string("from \(number)"), .string("to \(number)")])
            add(
                Operation(
                    index: 0, time: 0, process: .client(20_000 + number), kind: .invoke, function: "cas", value: pair))
        }
        for operation in history.operations { add(operation) }
        for var pad in pads {
            pad.kind = .ok
            if pad.function == "read" { pad.value = initial }
            add(pad)
        }
        guard let wide = try? History(events) else { preconditionFailure("no history") }
        return wide
    }

    @Test func wordsDoNotMatter() {
        for round in 0..<Self.rounds {
            let history = RandomHistory(seed: round &+ 900_000, hasCAS: true, maximumOperations: 6).make()
            let expected = ExhaustiveOracle().isLinearizable(history)
            let wide = Self.wrapped(history, initial: .null, width: 70)
            let partition = Partition.split(wide, failedCAS: .mismatch)[0]
            let search = KeySearch(partition.operations, columns: wide.columns, model: CASRegister())
            switch search.decide(within: Budget(deadline: .max, bytes: .max / 4)).answer {
            case .valid(let order):
                let positions = (order ?? []).map { Int(partition.operations[Int($0)].invoked) }
                let verifier = WitnessVerifier(wide, model: CASRegister(), failedCAS: .mismatch)
                #expect(expected && verifier.fault(in: positions, of: .none) == .none, "seed \(round &+ 900_000)")
            case .invalid: #expect(!expected, "seed \(round &+ 900_000)")
            case .exhausted, .unjudgeable: Issue.record("out of budget, seed \(round &+ 900_000)")
            }
        }
    }

    /// Longer histories than exhaustive search can decide: both engines must agree.
    @Test(arguments: [false, true])
    func theEnginesAgreeOnLongerHistories(hasCAS: Bool) {
        var decided = 0
        for round in 0..<Self.rounds {
            let seed = round &+ 700_000
            let history = RandomHistory(
                seed: seed, hasCAS: hasCAS, maximumOperations: 24, maximumProcesses: 7
            ).make()
            let partition = Partition.split(history, failedCAS: .mismatch)
            guard let operations = partition.first?.operations else { continue }
            let effort = SearchEffort(usesZones: round % 2 == 0, beam: round % 3 == 0 ? 1 : 16)
            let search = KeySearch(operations, columns: history.columns, model: CASRegister(), effort: effort)
            var second = DepthFirstSearch(search, model: CASRegister())
            let other = second.decide(within: Budget(deadline: .max, bytes: 64 << 20))
            if other == .undecided { continue }
            decided += 1
            switch search.decide(within: Budget(deadline: .max, bytes: .max / 4)).answer {
            case .valid: #expect(other == .linearizable, "seed \(seed)")
            case .invalid(let place, let rank, let suspects):
                #expect(other == .notLinearizable, "seed \(seed)")
                let refutation = Refutation.make(
                    search, failed: place, rank: rank, suspects: suspects,
                    within: Budget(deadline: .max / 2, bytes: 64 << 20))
                #expect(refutation.isMinimal && refutation.confirmation == .core, "seed \(seed): \(refutation)")
            case .exhausted, .unjudgeable: Issue.record("out of budget, seed \(seed)")
            }
        }
        #expect(decided > Int(Self.rounds) * 9 / 10)
    }

    /// Histories long enough for a search to go back to earlier snapshots, most of them valid up to a last read.
    @Test func theBeamChangesNoVerdict() {
        var counts = (valid: 0, invalid: 0)
        for round in 0..<Self.rounds {
            let seed = round &+ 300_000
            var random = SeededGenerator(seed)
            var script = HistoryScript()
            var state = Value.null
            var open: [Int: (function: String, value: Value, answer: Value?)] = [:]
            let clients = Int.random(in: 3...9, using: &random)
            var retired: Set<Int> = []
            for _ in 0..<Int.random(in: 200...700, using: &random) {
                var client = Int.random(in: 0..<clients, using: &random)
                while retired.contains(client) { client += clients }
                guard let running = open[client] else {
                    let value = Value.integer(Int64.random(in: 0..<6, using: &random))
                    let function = random.chance(0.6) ? "read" : "write"
                    open[client] = (function, function == "read" ? .null : value, nil)
                    script.invoke(client, function, function == "read" ? .null : value)
                    continue
                }
                if running.answer == nil, running.function == "write", random.chance(0.06), retired.count < 12 {
                    // Unknown, and what was used up too early is missed much later.
                    if random.chance(0.7) { state = running.value }
                    script.complete(client, .info)
                    open[client] = nil
                    retired.insert(client)
                    continue
                }
                if let answer = running.answer {
                    script.complete(client, .ok, answer)
                    open[client] = nil
                } else {
                    if running.function == "write" { state = running.value }
                    open[client]?.answer = running.function == "write" ? running.value : state
                }
            }
            // Nobody writes any more, and the value is another each time.
            if round % 2 == 0 {
                for value in [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1] as [Int64] {
                    script.run(9_999, "read", gets: .integer(value))
                }
            }
            let history = script.history
            let operations = Partition.split(history, failedCAS: .mismatch)[0].operations
            func verdict(_ beam: Int) -> Bool? {
                let effort = SearchEffort(usesZones: false, beam: beam, abstracts: beam != .max)
                let search = KeySearch(operations, columns: history.columns, model: Register(), effort: effort)
                switch search.decide(within: Budget(deadline: .max, bytes: .max / 4)).answer {
                case .valid: return true
                case .invalid: return false
                default: return nil
                }
            }
            let whole = verdict(.max)
            #expect(whole != nil && verdict(1) == whole && verdict(3) == whole, "seed \(seed)")
            if whole == true { counts.valid += 1 } else { counts.invalid += 1 }
        }
        #expect(counts.valid > Int(Self.rounds) / 10 && counts.invalid > Int(Self.rounds) / 10, "\(counts)")
    }
}
