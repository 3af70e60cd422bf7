import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

extension DepthFirstSearch {
    /// All operations of a key as they are.
    init(_ search: KeySearch<M>, model: M) {
        let candidates = search.operations.indices.map {
            Candidate(
                invoked: search.operations[$0].invoked, returned: search.operations[$0].returned,
                call: search.call($0))
        }
        self.init(candidates, required: Set(candidates.indices), model: model)
    }
}

/// Both engines and the verifier against exhaustive search.
@Suite struct OracleTests {
    /// The same model without shapes: the search then knows nothing but its steps.
    struct Opaque<Base: Model>: Model {
        let base: Base
        var name: String { base.name }
        var initial: Base.State { base.initial }
        func step(_ state: Base.State, _ call: Call) -> Base.State? { base.step(state, call) }
        func isObserver(_ call: Call) -> Bool { base.isObserver(call) }
    }

    static let rounds: UInt64 = {
        #if DEBUG
            6_000
        #else
            110_000
        #endif
    }()

    /// Every engine for itself: the frontier search whole, with the narrowest beam, and without counting first.
    static let efforts = [
        SearchEffort(usesZones: false, beam: .max, abstracts: false),
        SearchEffort(usesZones: false, beam: 1, abstracts: false),
        SearchEffort(usesZones: false, beam: 1, abstracts: true),
    ]

    /// The verdict of the searches, with its witness replayed and its refutation confirmed.
    static func decide<M: Model>(
        _ history: History, _ model: M, failedCAS: LinearizabilityOptions.FailedCAS = .mismatch,
        effort: SearchEffort = SearchEffort(), seed: UInt64
    ) -> Bool {
        let budget = Budget(deadline: .max, bytes: .max / 4)
        var valid = true
        let verifier = WitnessVerifier(history, model: model, failedCAS: failedCAS)
        for partition in Partition.split(history, failedCAS: failedCAS) {
            let search = KeySearch(
                partition.operations, columns: history.columns, model: model, effort: effort)
            var second = DepthFirstSearch(search, model: model)
            let other = second.decide(within: budget)
            switch search.decide(within: budget).answer {
            case .valid(let order):
                #expect(other == .linearizable, "the engines disagree, seed \(seed), \(M.self)")
                let positions = order?.map { Int(partition.operations[Int($0)].invoked) }
                let fault = positions.map { verifier.fault(in: $0, of: partition.key) }
                #expect(positions != nil && fault == .some(nil), "witness: \(String(describing: fault)), seed \(seed)")
            case .invalid(let place, let rank, let suspects):
                valid = false
                if let suspects {
                    var alone = DepthFirstSearch(search.restricted(to: suspects.sorted()), model: model)
                    #expect(alone.decide(within: budget) == .notLinearizable, "suspects \(suspects), seed \(seed)")
                }
                #expect(other == .notLinearizable, "the engines disagree, seed \(seed), \(M.self)")
                #expect(partition.operations[place].returned == rank)
            case .exhausted, .unjudgeable:
                Issue.record("out of budget, seed \(seed)")
            }
        }
        return valid
    }

    @Test(arguments: [false, true])
    func agreesWithExhaustiveSearch(hasCAS: Bool) {
        var counts = (valid: 0, invalid: 0)
        for round in 0..<Self.rounds {
            let seed = round &* 2 &+ (hasCAS ? 1 : 0)
            let initial: Value = round % 5 == 0 ? 0 : .null
            let reading: LinearizabilityOptions.FailedCAS = round % 7 == 0 ? .ignored : .mismatch
            let history = RandomHistory(
                seed: seed, hasCAS: hasCAS, keys: round % 11 == 0 ? 2 : 0, initial: initial
            ).make()
            let expected = ExhaustiveOracle(initial: initial, mismatchObserves: reading != .ignored)
                .isLinearizable(history)
            if expected { counts.valid += 1 } else { counts.invalid += 1 }
            let actual: Bool
            if hasCAS {
                let model = CASRegister(initial: initial)
                actual = Self.decide(history, model, failedCAS: reading, seed: seed)
                for effort in Self.efforts {
                    #expect(
                        Self.decide(history, model, failedCAS: reading, effort: effort, seed: seed) == expected,
                        "\(effort), seed \(seed)")
                }
                if round % 4 == 0 {
                    #expect(
                        Self.decide(history, Opaque(base: model), failedCAS: reading, seed: seed) == expected,
                        "without shapes, seed \(seed)")
                }
            } else {
                let model = Register(initial: initial)
                actual = Self.decide(history, model, seed: seed)
                for effort in Self.efforts {
                    #expect(
                        Self.decide(history, model, effort: effort, seed: seed) == expected, "\(effort), seed \(seed)")
                }
                if round % 4 == 0 {
                    #expect(
                        Self.decide(history, Opaque(base: model), seed: seed) == expected,
                        "without shapes, seed \(seed)")
                }
            }
            #expect(actual == expected, "expected \(expected), seed \(seed)")
            if actual != expected { return }
        }
        #expect(counts.valid > Int(Self.rounds) / 10 && counts.invalid > Int(Self.rounds) / 10, "\(counts)")
    }
}
