import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct RecordedScheduleTests {
    private static let second: Int64 = 1_000_000_000

    private func planned(_ id: Int, _ target: Value, _ start: Int64, _ end: Int64) -> PlannedFault {
        PlannedFault(
            id: id, line: 0, function: "kill", settings: FaultSettings(["target": target]), start: start * Self.second,
            end: end * Self.second, order: [0, 1, 2], minoritySize: 1, gap: 0)
    }

    private func history(_ events: [(time: Int64, event: FaultEvent)]) throws -> History {
        try History(
            events.enumerated().map { index, entry in
                Operation(
                    index: index, time: entry.time, process: .nemesis, kind: .info, function: entry.event.function,
                    value: entry.event.value)
            })
    }

    private func event(
        _ fault: Int, _ action: FaultEvent.Action, _ stage: FaultEvent.Stage, order: [String]? = nil,
        proof: [String: Value] = [:]
    ) -> FaultEvent {
        var event = FaultEvent(
            fault: fault, action: action, stage: stage, function: "kill", kind: "primary", targets: ["n3"], summary: "")
        event.order = order
        event.proof = proof
        return event
    }

    @Test func `a role becomes the node that had it, and times those that were`() throws {
        let schedule = Schedule(
            numbering: [
                planned(0, "primary", 1, 3), planned(1, "one", 5, 6), planned(2, "minority", 7, 8),
                planned(3, "minority", 9, 10),
            ], duration: 20 * Self.second)
        let happened = schedule.asRecorded(
            in: try history([
                (time: 1_200_000_000, event: event(0, .inject, .intent, order: ["n3", "n1", "n2"])),
                (time: 1_300_000_000, event: event(0, .inject, .effect)),
                (time: 3_100_000_000, event: event(0, .undo, .intent)),
                (time: 3_200_000_000, event: event(0, .undo, .effect)),
                // Never undone; and one that spared everybody.
                (time: 5_000_000_000, event: event(1, .inject, .intent, order: ["n2", "n1", "n3"])),
                (time: 7_000_000_000, event: event(2, .inject, .intent, order: ["n2", "n1", "n3"])),
                (time: 7_000_000_001, event: event(2, .inject, .effect, proof: ["skipped": "nobody"])),
                (time: 7_500_000_000, event: event(2, .undo, .intent)),
            ]))
        #expect(happened.faults.map(\.id) == [0, 1])
        let first = try #require(happened.faults.first)
        #expect(first.isPinned)
        #expect(first.start == 1_200_000_000 && first.end == 3_100_000_000)
        let target = try #require(first.settings.target)
        let names = ["n1", "n2", "n3"]
        #expect(target.nodes(order: first.order, minoritySize: 1, names: names) == [2])
        #expect(happened.faults[1].start == 5_000_000_000 && happened.faults[1].end == 6 * Self.second)
        #expect(happened.faults[1].order == [1, 0, 2])
    }
}
