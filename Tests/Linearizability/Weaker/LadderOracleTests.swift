import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphLinearizability

/// The ladder against the levels' definitions, tried out exhaustively.
@Suite struct LadderOracleTests {
    private static let agreed: [ConsistencyLevel] = [
        .sequential, .causal, .pram, .readYourWrites, .monotonicReads, .monotonicWrites, .writesFollowReads,
    ]

    private func compare(_ history: History, seed: UInt64, isDistinct: Bool, _ tally: inout [String: Int]) {
        let oracle = LevelOracle(history)
        let held = oracle.agreedOrders()
        let results = ConsistencyLadder(history: history).climb()
        #expect(results.map(\.level) == ConsistencyLevel.allCases)
        for result in results where Self.agreed.contains(result.level) {
            tally["\(result.level.rawValue) \(result.verdict.rawValue)", default: 0] += 1
            switch result.verdict {
            case .holds: #expect(held.contains(result.level), "seed \(seed): \(result)")
            case .fails:
                #expect(!held.contains(result.level), "seed \(seed): \(result)")
                guard let proof = result.proof else { continue }
                // The operations that the proof cites are enough.
                let part = LevelOracle(history, cited: Set(proof.operations)).agreedOrders()
                let isBare = proof.name.hasPrefix("read of")
                #expect(isBare || !part.contains(result.level), "seed \(seed): \(proof)")
            case .unknown:
                // A write that nobody saw may be what a cas was refused for.
                let isHard =
                    oracle.events.contains { $0.refused != .none } && oracle.events.contains { $0.returned == nil }
                #expect(!isDistinct || isHard && result.level == .sequential, "seed \(seed): \(result)")
            }
        }
        for result in results where result.level == .regular {
            tally["regular \(result.verdict.rawValue)", default: 0] += 1
            if result.proof?.name.hasPrefix("read of") ?? false { continue }
            #expect((result.verdict == .holds) == oracle.isRegular, "seed \(seed): \(result)")
        }
    }

    private func run(_ seeds: Range<UInt64>, repeats: Double) -> [String: Int] {
        var tally: [String: Int] = [:]
        for seed in seeds {
            var generator = WeakHistory(seed: seed)
            generator.repeats = repeats
            compare(generator.make(), seed: seed, isDistinct: repeats == 0, &tally)
        }
        return tally
    }

    @Test func agreesWithTheDefinitions() {
        let tally = run(0..<24_000, repeats: 0)
        for level in Self.agreed + [.regular] {
            for verdict in ["holds", "fails"] {
                #expect((tally["\(level.rawValue) \(verdict)"] ?? 0) > 500, "\(level): \(tally)")
            }
        }
    }

    @Test func agreesWhereValuesRepeat() {
        let tally = run(100_000..<112_000, repeats: 0.4)
        for level in Self.agreed {
            let unknown = tally["\(level.rawValue) unknown"] ?? 0
            #expect(unknown < (tally["\(level.rawValue) holds"] ?? 0), "\(level): \(tally)")
        }
    }

    @Test(arguments: [0.0, 0.4]) func stalenessIsTheSmallest(repeats: Double) {
        var tally: [String: Int] = [:]
        for seed in 200_000..<UInt64(220_000) {
            var generator = WeakHistory(seed: seed, maximumOperations: 5)
            generator.repeats = repeats
            let history = generator.make()
            let result = ConsistencyLadder(history: history).climb()[0]
            tally[result.verdict.rawValue, default: 0] += 1
            if result.verdict == .unknown { continue }
            let expected = LevelOracle(history).staleness()
            if result.verdict == .fails {
                #expect(expected == nil, "seed \(seed): \(result)")
            } else if repeats == 0 {
                #expect(expected == result.staleness, "seed \(seed): \(result)")
                if expected ?? 0 > 0 { tally["stale", default: 0] += 1 }
            } else {
                #expect((expected ?? .max) <= (result.staleness ?? -1), "seed \(seed): \(result)")
            }
        }
        #expect((tally["holds"] ?? 0) > 2000 && (tally["fails"] ?? 0) > 500, "\(tally)")
        #expect(repeats > 0 || (tally["stale"] ?? 0) > 1000, "\(tally)")
    }
}
