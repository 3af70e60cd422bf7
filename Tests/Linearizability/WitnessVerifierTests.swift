import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// The verifier accepts exactly the orders that the definition allows, whatever list of events it is given.
@Suite struct WitnessVerifierTests {
    static let histories: UInt64 = {
        #if DEBUG
            300
        #else
            2_000
        #endif
    }()

    /// The definition: every operation that must be there once, the others at most once, none behind one that began
    /// after its end, and every step allowed by the model.
    private static func isRight(_ order: [Int], _ history: History) -> Bool {
        let model = CASRegister()
        let operations = history.operations
        func end(_ position: Int) -> Int? { history.partner[position] < 0 ? nil : Int(history.partner[position]) }
        var required: Set<Int> = []
        var allowed: Set<Int> = []
        for position in history.invocations {
            switch end(position).map({ operations[$0].kind }) {
            case .ok: required.insert(position)
            case .fail:
                guard let place = end(position), operations[place].function == "cas",
                    operations[place].error == "mismatch"
                else { continue }
                required.insert(position)
            default: break
            }
            allowed.insert(position)
        }
        guard Set(order).count == order.count, required.isSubset(of: order), allowed.isSuperset(of: order) else {
            return false
        }
        for (place, earlier) in order.enumerated() {
            for later in order[place...] where required.contains(later) {
                if let end = end(later), end < earlier { return false }
            }
        }
        var state = model.initial
        for position in order {
            guard model.apply(history.columns.call(position), to: &state) else { return false }
        }
        return true
    }

    @Test func acceptsWhatTheDefinitionAllows() {
        var random = SeededGenerator(17)
        var counts = (right: 0, wrong: 0)
        for seed in 0..<Self.histories {
            let history = RandomHistory(seed: seed &+ 40_000, hasCAS: true, maximumOperations: 4).make()
            let verifier = WitnessVerifier(history, model: CASRegister(), failedCAS: .mismatch)
            let positions = Array(history.invocations)
            for _ in 0..<60 {
                var order = positions.shuffled(using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: order.removeLast()
                case 1: order.append(positions.randomElement(using: &random) ?? 0)
                case 2: order.removeAll { history.partner[$0] < 0 }
                default: break
                }
                let expected = Self.isRight(order, history)
                if expected { counts.right += 1 } else { counts.wrong += 1 }
                let fault = verifier.fault(in: order, of: .none)
                #expect((fault == nil) == expected, "seed \(seed + 40_000), \(order): \(fault ?? "no fault")")
            }
        }
        #expect(counts.right > Int(Self.histories) && counts.wrong > Int(Self.histories), "\(counts)")
    }
}
