import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

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

    /// The verdict of the frontier search, with its witness replayed and its refutation confirmed.
    static func decide<M: Model>(
        _ history: History, _ model: M, failedCAS: LinearizabilityOptions.FailedCAS = .observes, seed: UInt64
    ) -> Bool {
        let budget = Budget(deadline: .max, bytes: .max / 4)
        var valid = true
        let verifier = WitnessVerifier(history, model: model, failedCAS: failedCAS)
        for partition in Partition.split(history, model: model, failedCAS: failedCAS) {
            let search = KeySearch(partition.operations, model: model)
            var second = DepthFirstSearch(
                partition.operations, required: Set(partition.operations.indices), model: model)
            let other = second.decide(within: budget)
            switch search.decide(within: budget).answer {
            case .valid(let order):
                #expect(other == .linearizable, "the engines disagree, seed \(seed), \(M.self)")
                let positions = order?.map { Int(partition.operations[Int($0)].invoked) }
                let fault = positions.map { verifier.fault(in: $0, of: partition.key) }
                #expect(positions != nil && fault == .some(nil), "witness: \(String(describing: fault)), seed \(seed)")
            case .invalid(let place, let rank):
                valid = false
                #expect(other == .notLinearizable, "the engines disagree, seed \(seed), \(M.self)")
                #expect(partition.operations[place].returned == rank)
            case .exhausted:
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
            let reading: LinearizabilityOptions.FailedCAS = round % 7 == 0 ? .ignored : .observes
            let history = RandomHistory(
                seed: seed, hasCAS: hasCAS, keys: round % 11 == 0 ? 2 : 0, initial: initial
            ).make()
            let expected = ExhaustiveOracle(initial: initial, mismatchObserves: reading == .observes)
                .isLinearizable(history)
            if expected { counts.valid += 1 } else { counts.invalid += 1 }
            let actual: Bool
            if hasCAS {
                let model = CASRegister(initial: initial)
                actual = Self.decide(history, model, failedCAS: reading, seed: seed)
                if round % 4 == 0 {
                    #expect(
                        Self.decide(history, Opaque(base: model), failedCAS: reading, seed: seed) == expected,
                        "without shapes, seed \(seed)")
                }
            } else {
                let model = Register(initial: initial)
                actual = Self.decide(history, model, seed: seed)
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
