import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphLinearizability

/// The ladder against the levels' definitions, tried out exhaustively.
@Suite struct LadderOracleTests {
    private static let agreed: [ConsistencyLevel] = [
        .sequential, .causal, .pram, .readYourWrites, .monotonicReads, .monotonicWrites, .writesFollowReads,
    ]

    private func compare(_ history: History, seed: UInt64, _ tally: inout [String: Int]) {
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
                // The operations that the proof cites are enough; where it rests on all of them, that is said already.
                let isBare = proof.name.hasPrefix("read of")
                let isWhole = proof.explanation.contains { $0.contains("tried") || $0.contains("whichever") }
                if isBare || isWhole { continue }
                let part = LevelOracle(history, cited: Set(proof.operations)).agreedOrders()
                #expect(!part.contains(result.level), "seed \(seed): \(proof)")
            // Small histories are always decided.
            case .unknown: Issue.record("seed \(seed): \(result)")
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
            compare(generator.make(), seed: seed, &tally)
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
            for verdict in ["holds", "fails"] {
                #expect((tally["\(level.rawValue) \(verdict)"] ?? 0) > 200, "\(level): \(tally)")
            }
        }
    }

    /// Whatever some twenty operations did, every level is decided.
    @Test func smallHistoriesAreDecided() {
        var ambiguous = 0
        for seed in 300_000..<UInt64(300_400) {
            var generator = WeakHistory(seed: seed, maximumOperations: 20)
            generator.repeats = 0.6
            let history = generator.make()
            let results = ConsistencyLadder(history: history).climb()
            for result in results { #expect(result.verdict != .unknown, "seed \(seed): \(result)") }
            if results.contains(where: { $0.detail.contains("more than once") }) { ambiguous += 1 }
        }
        #expect(ambiguous > 100, "\(ambiguous)")
    }

    /// A value written twice, read after a third write had replaced it.
    @Test func aRepeatedValueReadLate() throws {
        var script = HistoryScript()
        script.run(1, "write", 1)
        script.run(1, "write", 1)
        script.run(1, "write", 2)
        script.run(1, "read", gets: 1)
        let results = ConsistencyLadder(history: script.history).climb()
        let verdicts = Dictionary(uniqueKeysWithValues: results.map { ($0.level, $0.verdict) })
        #expect(verdicts[.readYourWrites] == .fails && verdicts[.sequential] == .fails)
        #expect(verdicts[.monotonicReads] == .holds)
        #expect(results[0].staleness == 10_000_000)
        #expect(LevelResult.summary(results).contains("at most 10 ms stale"))
    }

    @Test(
        arguments: [
            (0, "0 ns"), (7, "7 ns"), (6_000, "6 µs"), (6_001, "6.1 µs"), (999_999, "1000 µs"), (1_000_000, "1 ms"),
            (11_900_000, "12 ms"), (2_500_000_000, "2.5 s"),
        ] as [(Int64, String)])
    func theSummarySaysWhatWasMeasured(nanoseconds: Int64, expected: String) {
        let result = LevelResult(level: .boundedStaleness, verdict: .holds, detail: "", staleness: nanoseconds)
        #expect(LevelResult.summary([result]).contains("at most \(expected) stale"))
    }

    @Test(arguments: [0.0, 0.4]) func stalenessIsTheSmallest(repeats: Double) {
        var tally: [String: Int] = [:]
        for seed in 200_000..<UInt64(220_000) {
            var generator = WeakHistory(seed: seed, maximumOperations: 5)
            generator.repeats = repeats
            let history = generator.make()
            let result = ConsistencyLadder(history: history).climb()[0]
            tally[result.verdict.rawValue, default: 0] += 1
            let hasTimes = history.operations.first?.time != history.operations.last?.time
            #expect(result.verdict != .unknown || !hasTimes, "seed \(seed): \(result)")
            if result.verdict == .unknown { continue }
            let expected = LevelOracle(history).staleness()
            if result.verdict == .fails {
                #expect(expected == nil, "seed \(seed): \(result)")
            } else {
                #expect(expected == result.staleness, "seed \(seed): \(result)")
                if expected ?? 0 > 0 { tally["stale", default: 0] += 1 }
            }
        }
        #expect((tally["holds"] ?? 0) > 2000 && (tally["fails"] ?? 0) > 500, "\(tally)")
        #expect((tally["stale"] ?? 0) > 500, "\(tally)")
    }
}
