import PolygraphChecking
import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Following a history says of every beginning what checking it says, and forgets what it may forget.
@Suite struct FollowerTests {
    static let rounds: UInt64 = {
        #if DEBUG
            300
        #else
            4_000
        #endif
    }()

    /// How many events it takes until the history is known to be invalid; nil where it never is.
    private func events<M: Model>(_ history: History, until model: M, window: Int, step: Int) -> Int? {
        let checker = Linearizable(model: model, options: LinearizabilityOptions(threads: 1))
        let follower = LinearizabilityFollower(model: model, checker: checker, window: window)
        let all = Array(history.operations)
        for start in stride(from: 0, to: all.count, by: step) {
            follower.take(Array(all[start..<min(all.count, start + step)]))
            let verdict = follower.judge(withinSeconds: 60)
            if verdict.verdict == .invalid {
                #expect(verdict.summary != nil)
                return min(all.count, start + step)
            }
        }
        return nil
    }

    @Test func everyBeginningIsJudgedAsByTheChecker() {
        var found = 0
        for seed in 0..<Self.rounds {
            let history = RandomHistory(seed: seed, hasCAS: seed % 2 == 0, keys: seed % 3 == 0 ? 2 : 0).make()
            let all = Array(history.operations)
            let model = CASRegister()
            let first = (1...all.count).first { count in
                guard let beginning = try? History(Array(all[..<count])) else { return false }
                return !ExhaustiveOracle().isLinearizable(beginning)
            }
            let seen = events(history, until: model, window: 1_000, step: 1)
            #expect(seen == first, "seed \(seed)")
            if seen != nil { found += 1 }
        }
        #expect(found > Int(Self.rounds) / 10)
    }

    @Test func whatIsLeftOutMakesNothingInvalid() {
        for seed in 0..<Self.rounds / 10 {
            let history = RandomHistory(
                seed: seed &+ 5_000, hasCAS: seed % 2 == 0, maximumOperations: 120, maximumProcesses: 5
            ).make()
            let isValid = Linearizable(model: CASRegister()).check(history).verdict == .valid
            let seen = events(history, until: CASRegister(), window: 5, step: 7)
            #expect(seen == nil || !isValid, "seed \(seed)")
        }
    }

    /// A stale read long after everything else was left out.
    @Test func aViolationWithinTheWindowIsFound() {
        var script = HistoryScript()
        for value in 1...200 {
            script.run(value % 5, "write", .integer(Int64(value)))
            script.run(value % 5, "read", gets: .integer(Int64(value)))
        }
        script.run(1, "write", 500)
        script.run(2, "read", gets: 200)
        #expect(events(script.history, until: Register(), window: 10, step: 5) != nil)
    }
}
