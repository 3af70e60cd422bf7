import PolygraphChecking
import PolygraphHistory
import Testing

@Suite struct OperationStatisticsTests {
    @Test func countsEveryEnding() throws {
        var script = HistoryScript()
        for _ in 0..<3 { script.run(1, "write", 1) }
        script.run(1, "write", 2, .fail)
        script.run(1, "write", 3, .info)
        script.invoke(2, "write", 4)
        script.run(3, "read", gets: 1)
        let result = OperationStatistics().check(script.history)
        #expect(result.verdict == .valid)
        let write = try #require(result.facts.first { $0.name == "write" }?.value)
        #expect(write["ok"] == 3)
        #expect(write["fail"] == 1)
        #expect(write["info"] == 2)
        #expect(write["latency_ns"]?["p50"] == 10_000_000)
        #expect(write["latency_ns"]?["max"] == 10_000_000)
        #expect(write["latency_from_intention_ns"] == Value.null)
    }

    @Test func latencyFromIntentionIncludesTheQueue() throws {
        var events: [Operation] = []
        for number in 0..<100 {
            let start = Int64(number) * 1000
            let invocation = Operation(
                index: number * 2, time: start, process: .client(0), kind: .invoke, function: "read",
                intended: start - Int64(number))
            var completion = invocation
            completion.index += 1
            completion.time = start + 5
            completion.kind = .ok
            events += [invocation, completion]
        }
        let result = OperationStatistics().check(try History(events))
        let read = try #require(result.facts.first?.value)
        #expect(read["latency_ns"]?["max"] == 5)
        #expect(read["latency_from_intention_ns"]?["p50"] == .integer(5 + 49))
        #expect(read["latency_from_intention_ns"]?["p99"] == .integer(5 + 98))
        #expect(read["latency_from_intention_ns"]?["max"] == .integer(5 + 99))
    }

    @Test func aFunctionThatNeverWorkedProvesNothing() {
        var script = HistoryScript()
        script.run(1, "write", 1)
        script.run(1, "read", .null, .fail)
        let result = OperationStatistics().check(script.history)
        #expect(result.verdict == .unknown)
        #expect(result.reason.contains("read"))
        #expect(OperationStatistics().check(HistoryScript().history).verdict == .unknown)
    }
}
