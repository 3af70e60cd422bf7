import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Refused compare-and-sets on a register that is never written the same value twice.
@Suite struct RefusedComparisonTests {
    /// Decides a history, replays the witness, and says which engine found it.
    private static func engine(_ history: History, seed: UInt64) throws -> KeySearch<CASRegister>.Engine {
        let model = CASRegister()
        let partition = try #require(Partition.split(history, failedCAS: .mismatch).first)
        let search = KeySearch(partition.operations, columns: history.columns, model: model)
        let result = search.decide(within: Budget(deadline: .max, bytes: .max / 4))
        guard case .valid(.some(let order)) = result.answer else {
            Issue.record("\(result.answer), seed \(seed)")
            return result.engine
        }
        let verifier = WitnessVerifier(history, model: model, failedCAS: .mismatch)
        let fault = verifier.fault(in: order.map { Int(partition.operations[Int($0)].invoked) }, of: partition.key)
        #expect(fault == nil, "\(fault ?? ""), seed \(seed)")
        return result.engine
    }

    @Test(arguments: [(8, 3, 0.0), (8, 3, 0.2), (40, 6, 0.0), (40, 6, 0.1), (400, 12, 0.0)])
    func zonesDecideAlmostAll(operations: Int, processes: Int, crashes: Double) throws {
        var others = 0
        let rounds: UInt64 = 2_000
        for seed in 0..<rounds {
            let history = DistinctValueHistory(
                seed: seed, operations: operations, processes: processes, crashes: crashes
            ).make()
            if try Self.engine(history, seed: seed) != .zones { others += 1 }
        }
        print("\(operations) operations, crashes \(crashes): \(others) of \(rounds) left to the search")
        // Unread writes of unknown outcome are of use in more ways than are tried.
        #expect(others < Int(rounds) / (crashes > 0 ? 20 : 100), "\(others) of \(rounds) were left to the search")
    }

    @Test func zonesDecideLongHistories() throws {
        for seed in 0..<5 as Range<UInt64> {
            let history = DistinctValueHistory(seed: seed, operations: 20_000, processes: 10).make()
            #expect(try Self.engine(history, seed: seed) == .zones, "seed \(seed)")
        }
    }
}
