import PolygraphCluster
import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct ScheduleTests {
    private static let second: Int64 = 1_000_000_000
    private let entries = [
        FaultEntry(
            "partition", FaultSettings(["kind": .list(PartitionKind.allCases.map { .string($0.rawValue) })]),
            every: 10 * second, duration: 5 * second),
        FaultEntry("kill", FaultSettings(["target": "minority"]), every: 7 * second, duration: 3 * second),
        FaultEntry(
            "pause", FaultSettings(["target": "primary"]), every: 9 * second, duration: 2 * second, first: second),
        FaultEntry(
            "clock",
            FaultSettings(["bump": .integer(60 * second), "drift": .double(0.05), "target": "majority"]),
            every: 8 * second, duration: 4 * second),
    ]

    @Test(arguments: UInt64(0)..<50) func `the same seed gives the same schedule`(seed: UInt64) {
        let one = Schedule(entries, nodes: 5, duration: 60 * Self.second, seed: seed)
        #expect(one == Schedule(entries, nodes: 5, duration: 60 * Self.second, seed: seed))
        #expect(one != Schedule(entries, nodes: 5, duration: 60 * Self.second, seed: seed + 1))
    }

    @Test(arguments: UInt64(0)..<50) func `faults lie within the run, in order, with numbers of their own`(seed: UInt64)
    {
        let schedule = Schedule(entries, nodes: 5, duration: 60 * Self.second, seed: seed)
        #expect(schedule.faults.map(\.id) == Array(schedule.faults.indices))
        #expect(schedule.faults.map(\.start) == schedule.faults.map(\.start).sorted())
        for fault in schedule.faults {
            #expect(0 <= fault.start && fault.start < fault.end && fault.end <= 60 * Self.second)
            #expect(fault.order.sorted() == [0, 1, 2, 3, 4])
            #expect((1...2).contains(fault.minoritySize))
        }
        for name in ["partition", "kill", "pause", "clock"] {
            #expect(schedule.faults.contains { $0.function == name })
        }
    }

    @Test(arguments: UInt64(0)..<20) func `a longer run begins with the shorter one's faults`(seed: UInt64) {
        func beginnings(_ duration: Int64) -> [String] {
            Schedule(entries, nodes: 5, duration: duration, seed: seed).faults
                .filter { $0.start < 30 * Self.second }.map { "\($0.start) \($0.summary)" }
        }
        #expect(beginnings(30 * Self.second) == beginnings(90 * Self.second))
    }

    @Test(arguments: UInt64(0)..<20) func `an entry keeps its draws when the others change`(seed: UInt64) {
        func kills(_ entries: [FaultEntry]) -> [String] {
            Schedule(entries, nodes: 5, duration: 60 * Self.second, seed: seed).faults
                .filter { $0.function == "kill" }.map { "\($0.start) \($0.summary)" }
        }
        var other = entries
        other[0].settings = FaultSettings(["kind": .list(["halves"])])
        #expect(kills(entries) == kills(other))
    }

    @Test func `clock changes stay within their limits and go both ways`() {
        let schedule = Schedule([entries[3]], nodes: 5, duration: 3_600 * Self.second, seed: 1)
        var signs: Set<Bool> = []
        for fault in schedule.faults {
            let skews = ClockFault.skews(fault)
            #expect(skews.count == 5)
            for skew in skews {
                #expect((15 * Self.second...60 * Self.second).contains(abs(skew.offset)))
                #expect((12_500...50_000).contains(abs(skew.ratePartsPerMillion)))
                signs.insert(skew.offset > 0)
            }
        }
        #expect(signs.count == 2)
    }

    @Test func `moments pair every beginning with its end, ends first`() {
        let schedule = Schedule(entries, nodes: 5, duration: 60 * Self.second, seed: 3)
        var active: Set<Int> = []
        var last: Int64 = 0
        for moment in schedule.moments {
            #expect(moment.time >= last)
            last = moment.time
            if moment.begins { active.insert(moment.fault) } else { #expect(active.remove(moment.fault) != nil) }
        }
        #expect(active.isEmpty)
    }
}
