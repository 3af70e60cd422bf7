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
}
