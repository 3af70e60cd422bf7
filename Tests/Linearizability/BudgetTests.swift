import PolygraphChecking
import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Hard histories end in `unknown` with reasons, never in silence; the same history always gets the same answer.
@Suite struct BudgetTests {
    /// Many concurrent compare-and-sets over few values, and reads of a value that is only just impossible.
    static func explosive(keys: Int) -> History {
        var script = HistoryScript()
        var random = SeededGenerator(5)
        for key in 0..<keys {
            for process in 0..<90 {
                let from = Int64.random(in: 0..<6, using: &random)
                let to = Int64.random(in: 0..<6, using: &random)
                script.invoke(
                    key * 1000 + process, "cas", [.integer(from), .integer(to)], key: .integer(Int64(key)))
            }
            script.run(key * 1000 + 500, "write", 0, key: .integer(Int64(key)))
            for process in 0..<90 { script.complete(key * 1000 + process) }
            script.run(key * 1000 + 501, "read", gets: 77, key: .integer(Int64(key)))
        }
        return script.history
    }

    @Test func timeRunsOut() {
        let options = LinearizabilityOptions(timeLimitSeconds: 0.5)
        let result = Linearizable(model: CASRegister(), options: options).check(Self.explosive(keys: 2))
        #expect(result.verdict == .unknown)
        for partition in result.partitions {
            #expect(partition.reason?.contains("The time limit ended the search at event") ?? false)
            #expect(partition.reason?.contains("would help") ?? false)
        }
    }

    @Test func memoryRunsOut() {
        let options = LinearizabilityOptions(timeLimitSeconds: 60, memoryLimitBytes: 4 << 20)
        let result = Linearizable(model: CASRegister(), options: options).check(Self.explosive(keys: 1))
        #expect(result.verdict == .unknown)
        #expect(result.partitions.first?.reason?.contains("The memory limit of 4 MiB") ?? false)
    }

    /// What every operation takes is counted before it is allocated, for easy histories too.
    @Test func memoryIsCountedBeforehand() {
        var script = HistoryScript()
        for number in 0..<Int64(20_000) { script.run(1, "write", .integer(number)) }
        let history = script.history
        for (bytes, verdict) in [(1 << 20, Verdict.unknown), (64 << 20, .valid)] {
            let result = Linearizable(
                model: Register(), options: LinearizabilityOptions(memoryLimitBytes: bytes)
            ).check(history)
            #expect(result.verdict == verdict)
            #expect(verdict == .valid || result.partitions[0].reason?.contains("The memory limit of 1 MiB") ?? false)
        }
    }

    @Test func noTimeAtAll() {
        let options = LinearizabilityOptions(timeLimitSeconds: 0)
        #expect(
            Linearizable(model: CASRegister(), options: options).check(Self.explosive(keys: 1)).verdict == .unknown)
    }

    @Test func aHardKeyDoesNotHideABrokenOne() {
        var events = Array(Self.explosive(keys: 1).operations)
        for (kind, value) in [(Operation.Kind.invoke, Value.null), (.ok, 5)] {
            events.append(
                Operation(
                    index: events.count, time: events[events.count - 1].time, process: .client(9999), kind: kind,
                    function: "read", key: "other", value: value))
        }
        guard let history = try? History(events) else { preconditionFailure("no history") }
        let result = Linearizable(
            model: CASRegister(), options: LinearizabilityOptions(timeLimitSeconds: 0.5)
        ).check(history)
        #expect(result.verdict == .invalid)
        #expect(result.partitions.map(\.verdict) == [.unknown, .invalid])
    }

    @Test func threadsDoNotChangeTheAnswer() {
        let history = RandomHistory(
            seed: 4, hasCAS: true, keys: 40, maximumOperations: 2_000, maximumProcesses: 8
        ).make()
        var results: [CheckResult] = []
        for threads in [1, 2, 7] {
            var options = LinearizabilityOptions()
            options.threads = threads
            var result = Linearizable(model: CASRegister(), options: options).check(history)
            result.facts = []
            for place in result.partitions.indices { result.partitions[place].elapsed = 0 }
            results.append(result)
        }
        #expect(results[0].partitions.count == 40)
        #expect(results[0] == results[1] && results[1] == results[2])
    }
}
