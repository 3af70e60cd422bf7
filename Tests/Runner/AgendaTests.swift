import PolygraphGenerators
import PolygraphHistory
import PolygraphNemesis
import Testing

@testable import PolygraphRunner

@Suite struct AgendaTests {
    private static let second: Int64 = 1_000_000_000

    /// Kills of the primary, every two seconds for one, and partitions that overlap them.
    private static func schedule(_ seed: UInt64) -> Schedule {
        Schedule(
            [
                FaultEntry("kill", FaultSettings(["target": "primary"]), every: 2 * second, duration: second),
                FaultEntry("pause", FaultSettings(["target": "one"]), every: 3 * second, duration: 2 * second),
            ], nodes: 3, duration: 30 * second, seed: seed)
    }

    @Test func `a beginning that is put off holds up nothing else and keeps its length`() {
        for seed in 0..<200 as Range<UInt64> {
            let schedule = Self.schedule(seed)
            var agenda = Agenda(schedule)
            var random = RandomSource(seed: seed)
            var begun: [Int: Int64] = [:]
            var ended: [Int: Int64] = [:]
            var putOff: Set<Int> = []
            var now: Int64 = 0
            while let next = agenda.first {
                #expect(next.time >= now, "seed \(seed)")
                now = max(now, next.time)
                guard let deed = agenda.removeFirst() else { return }
                if !deed.begins {
                    ended[deed.fault] = now
                    #expect(begun[deed.fault] != nil, "seed \(seed): fault \(deed.fault) ends before it begins")
                } else if schedule.faults[deed.fault].function == "kill", random.next(below: 3) > 0 {
                    putOff.insert(deed.fault)
                    agenda.postpone(deed, until: now + 50_000_000)
                } else {
                    begun[deed.fault] = now
                }
            }
            for fault in schedule.faults {
                let begin = begun[fault.id] ?? -1
                if !putOff.contains(fault.id) { #expect(begin == fault.start && ended[fault.id] == fault.end) }
                let end = max(begin, min(begin + fault.end - fault.start, schedule.duration))
                #expect(ended[fault.id] == end, "seed \(seed): \(fault.summary)")
            }
            #expect(!putOff.isEmpty)
        }
    }

    @Test func `what was put off is still due when it was`() {
        var agenda = Agenda(Self.schedule(1))
        func beginning(of fault: Int?) -> Agenda.Deed? {
            while let deed = agenda.removeFirst() {
                if deed.begins, fault == nil || deed.fault == fault { return deed }
            }
            return nil
        }
        guard let deed = beginning(of: nil) else {
            Issue.record("nothing begins")
            return
        }
        agenda.postpone(deed, until: deed.time + 50_000_000)
        let again = beginning(of: deed.fault)
        #expect(again?.due == deed.due && again?.time == deed.time + 50_000_000)
    }
}
