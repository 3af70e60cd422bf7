import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct TriggerBoardTests {
    private static let second: Int64 = 1_000_000_000

    private func schedule(_ triggers: [FaultTrigger], every: Int64 = second, after: Int64? = nil) -> Schedule {
        Schedule(
            triggers.map {
                FaultEntry(
                    "kill", FaultSettings(["target": "one"]), every: every, duration: Self.second / 2, first: after,
                    trigger: $0)
            }, nodes: 3, duration: 60 * Self.second, seed: 1)
    }

    private func board(_ signal: FaultTrigger.Signal, delay: Int64 = 0, times: Int = 1, after: Int64? = nil)
        -> TriggerBoard
    {
        TriggerBoard(schedule([FaultTrigger(signal, delay: delay, times: times)], after: after))
    }

    @Test func `a trigger survives being written down`() {
        let signals: [FaultTrigger.Signal] = [
            .log("x", node: nil), .log("x", node: "n1"), .operations(3, of: nil), .operations(3, of: "write"),
            .completion(of: nil, kind: nil), .completion(of: "cas", kind: .fail), .fault("kill", begins: true),
            .fault("partition", begins: false), .primaryChange,
        ]
        for signal in signals {
            let trigger = FaultTrigger(signal, delay: 5, times: 7)
            #expect(FaultTrigger(trigger.value) == trigger)
        }
    }

    @Test func `faults with a trigger are not due by the clock`() {
        let schedule = schedule([FaultTrigger(.primaryChange, times: 4)])
        #expect(schedule.faults.count == 4)
        #expect(schedule.moments.isEmpty)
    }

    @Test func `a line of a log is enough, of the node that is meant`() {
        var any = board(.log("elected", node: nil))
        #expect(any.take(.log(line: "nothing", node: "n1"), at: 1).isEmpty)
        #expect(any.take(.log(line: "I am elected now", node: "n1"), at: 2).map(\.begin) == [2])
        #expect(any.take(.log(line: "I am elected now", node: "n1"), at: 3).isEmpty)
        var second = board(.log("elected", node: "n2"))
        #expect(second.take(.log(line: "elected", node: "n1"), at: 1).isEmpty)
        #expect(second.take(.log(line: "elected", node: "n2"), at: 2).count == 1)
    }

    @Test func `operations are counted when they succeed`() {
        var board = board(.operations(3, of: "write"), times: 2)
        var fired: [Int] = []
        for number in 1...20 {
            let time = Int64(number) * Self.second
            #expect(board.take(.completion(function: "write", kind: .fail), at: time).isEmpty)
            #expect(board.take(.completion(function: "read", kind: .ok), at: time).isEmpty)
            if !board.take(.completion(function: "write", kind: .ok), at: time).isEmpty { fired.append(number) }
        }
        #expect(fired == [3, 6])
    }

    @Test func `a delay counts from the signal, and the fault keeps its length`() {
        var board = board(.completion(of: "write", kind: .info), delay: 5)
        #expect(board.take(.completion(function: "write", kind: .ok), at: 1).isEmpty)
        let fired = board.take(.completion(function: "write", kind: .info), at: 10)
        #expect(fired == [TriggerBoard.Fired(fault: 0, begin: 15, end: 15 + Self.second / 2)])
    }

    @Test func `another leader is a change, the first one is none`() {
        var board = board(.primaryChange, times: 5)
        var fired = 0
        for (time, node) in ["n1", "n1", "n2", "n2", "n1"].enumerated() {
            fired += board.take(.primary(node), at: Int64(time) * 2 * Self.second).count
        }
        #expect(fired == 2)
    }

    @Test func `a rule does not wait for itself, and lines wait for each other`() {
        let schedule = schedule([
            FaultTrigger(.fault("kill", begins: true), times: 9), FaultTrigger(.fault("kill", begins: false), times: 9),
        ])
        var board = TriggerBoard(schedule)
        let first = schedule.faults.first { $0.line == 0 }!.id
        let second = schedule.faults.first { $0.line == 1 }!.id
        #expect(board.take(.fault(first, "kill", begins: true), at: 1).isEmpty)
        #expect(board.take(.fault(second, "kill", begins: true), at: 2).count == 1)
        #expect(board.take(.fault(first, "kill", begins: false), at: 3).count == 1)
    }

    @Test func `faults of a line do not overlap, begin after their time, and end with the run`() {
        var board = board(.completion(of: nil, kind: nil), times: 1_000, after: 10 * Self.second)
        var last: Int64 = 0
        var count = 0
        for step in 0..<700 {
            let time = Int64(step) * Self.second / 10
            for fired in board.take(.completion(function: "read", kind: .ok), at: time) {
                #expect(fired.begin >= 10 * Self.second && fired.begin >= last)
                #expect(fired.end > fired.begin && fired.end <= 60 * Self.second)
                last = fired.end
                count += 1
            }
        }
        #expect(count == 50)
    }
}
