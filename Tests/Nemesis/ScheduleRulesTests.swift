import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct ScheduleRulesTests {
    private static let second: Int64 = 1_000_000_000
    private static let entries = [
        FaultEntry("kill", FaultSettings(["target": "one"]), every: 5 * second, duration: 2 * second),
        FaultEntry("pause", FaultSettings(["target": "one"]), every: 5 * second, duration: 3 * second, weight: 3),
        FaultEntry(
            "partition", FaultSettings(["kind": ["halves"]]), name: "cut", every: 5 * second, duration: second),
    ]

    private func draw(_ rules: ScheduleRules, _ seed: UInt64, duration: Int64 = 100 * second) -> Schedule {
        Schedule(Self.entries, rules: rules, nodes: 5, duration: duration, seed: seed)
    }

    @Test(arguments: UInt64(0)..<30) func `exclusive faults never overlap`(seed: UInt64) {
        let faults = draw(ScheduleRules(isExclusive: true, every: 4 * Self.second), seed).faults
        #expect(faults.count > 10)
        for (one, next) in zip(faults, faults.dropFirst()) {
            #expect(one.end <= next.start)
            #expect(next.start - one.start >= 4 * Self.second)
        }
    }

    @Test func `weights say how often`() {
        let faults = draw(ScheduleRules(isExclusive: true, every: 4 * Self.second), 7, duration: 8_000 * Self.second)
            .faults
        let pauses = faults.count { $0.function == "pause" }
        #expect((faults.count / 2..<faults.count * 7 / 10).contains(pauses))
    }

    @Test func `a swarm draws every subset but the empty one, and leaves each line its draws`() {
        var subsets: Set<Set<Int>> = []
        for seed in UInt64(0)..<200 {
            let whole = draw(ScheduleRules(), seed).faults
            let thinned = draw(ScheduleRules(isSwarm: true), seed).faults
            let lines = Set(thinned.map(\.line))
            subsets.insert(lines)
            #expect(!lines.isEmpty)
            #expect(whole.filter { lines.contains($0.line) }.map(\.start) == thinned.map(\.start))
        }
        #expect(subsets.count == 7)
    }

    @Test func `a line of a swarm that waits for another brings it along`() {
        var waiting = FaultEntry("pause", FaultSettings(["target": "one"]), every: 0, duration: Self.second)
        waiting.trigger = FaultTrigger(.fault("kill", begins: true))
        let entries = [Self.entries[0], waiting, Self.entries[2]]
        let subsets = Set((UInt64(0)..<100).map { Schedule.swarm(of: entries, seed: $0) })
        #expect(subsets == [[0], [2], [0, 1], [0, 2], [0, 1, 2]])
    }

    @Test(arguments: UInt64(0)..<30) func `faults stay within the phases of their line`(seed: UInt64) {
        let phases = [
            ScheduleRules.Phase(duration: 10 * Self.second, lines: []),
            ScheduleRules.Phase(duration: 15 * Self.second, lines: ["kill", "cut"]),
            ScheduleRules.Phase(duration: 15 * Self.second, lines: nil),
        ]
        func inPhase(_ fault: PlannedFault, period: Int64) -> Bool {
            let start = fault.start % period
            let end = start + fault.end - fault.start
            let from = fault.function == "pause" ? 25 : 10
            return start >= Int64(from) * Self.second && end <= 40 * Self.second
        }
        let once = draw(ScheduleRules(phases: phases), seed).faults
        #expect(once.allSatisfy { $0.end <= 40 * Self.second && inPhase($0, period: .max) })
        let again = draw(ScheduleRules(phases: phases, repeatsPhases: true), seed).faults
        #expect(again.allSatisfy { inPhase($0, period: 40 * Self.second) })
        #expect(again.contains { $0.start > 40 * Self.second })
        #expect(Set(again.map(\.line)) == [0, 1, 2])
        let exclusive = draw(
            ScheduleRules(isExclusive: true, every: 2 * Self.second, phases: phases, repeatsPhases: true), seed
        ).faults
        #expect(exclusive.allSatisfy { inPhase($0, period: 40 * Self.second) })
    }
}
