import PolygraphHistory
import PolygraphNemesis
import Testing

@testable import PolygraphRunner

@Suite struct ScheduleShrinkerTests {
    private static let second: Int64 = 1_000_000_000

    /// Faults 3 s apart, each 2 s long, with a mark that stays.
    private func whole(_ count: Int) -> ShrinkCandidate {
        let entries = (0..<count).map { number in
            FaultEntry(
                ["kill", "pause", "partition"][number % 3],
                FaultSettings([
                    "mark": .integer(Int64(number)), "target": "one", "kind": .list(["halves"]),
                ]), every: 3_600 * Self.second, duration: 2 * Self.second, first: Int64(3 + 3 * number) * Self.second)
        }
        let duration = Int64(3 * count + 6) * Self.second
        return ShrinkCandidate(
            faults: Schedule(entries, nodes: 5, duration: duration, seed: 1).faults, duration: duration)
    }

    private func marks(_ candidate: ShrinkCandidate) -> Set<Int64> {
        Set(candidate.faults.map { $0.settings.integer("mark") })
    }

    /// SplitMix64, for runs that fail by chance.
    private final class Chance {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed }
        func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        /// True with this probability.
        func hits(_ rate: Double) -> Bool { Double(next() >> 11) / Double(1 << 53) < rate }
    }

    private func shrink(
        _ whole: ShrinkCandidate, repeats: Int = 10, limit: Int = .max, run: @escaping (ShrinkCandidate) -> Bool?
    ) -> (outcome: ScheduleShrinker.Outcome, runs: Int, improvements: [ShrinkCandidate]) {
        var runs = 0
        var improvements: [ShrinkCandidate] = []
        var shrinker = ScheduleShrinker(
            whole, repeats: repeats, isOver: { _ in runs >= limit },
            run: { candidate, _ in
                runs += 1
                return run(candidate)
            },
            say: { #expect(!$0.isEmpty) }, improved: { improvements.append($0) })
        return (shrinker.shrink(), runs, improvements)
    }

    @Test(arguments: UInt64(0)..<120) func `it finds exactly the faults that are needed`(seed: UInt64) {
        let chance = Chance(seed)
        let count = 1 + Int(chance.next() % 12)
        let whole = whole(count)
        let needed = Set((0..<Int64(count)).filter { _ in chance.hits(0.2) })
        let (outcome, _, improvements) = shrink(whole) { needed.isSubset(of: self.marks($0)) }
        #expect(marks(outcome.smallest) == needed)
        #expect(outcome.isComplete && outcome.isReproduced)
        for candidate in improvements { #expect(needed.isSubset(of: marks(candidate))) }
        #expect(improvements.last ?? whole == outcome.smallest)
        // The table: as recorded, smallest, and one row for each fault that is left.
        #expect(outcome.rows.count == 2 + needed.count)
        #expect(outcome.rows[1].tally == FailureTally(failures: 10, runs: 10))
        for row in outcome.rows.dropFirst(2) { #expect(row.tally == FailureTally(failures: 0, runs: 10)) }
    }

    @Test func `one of several sufficient faults is enough`() {
        let (outcome, _, _) = shrink(whole(9)) { candidate in
            !self.marks(candidate).isDisjoint(with: [2, 5]) || self.marks(candidate).isSuperset(of: [0, 1])
        }
        #expect([[2], [5]].contains(marks(outcome.smallest)))
    }

    @Test func `runs that fail by chance lead to the needed faults nearly always`() {
        var exact = 0
        for seed in UInt64(0)..<60 {
            let chance = Chance(seed)
            let needed: Set<Int64> = [Int64(chance.next() % 4), 4 + Int64(chance.next() % 4)]
            let (outcome, _, _) = shrink(whole(8), repeats: 20) { candidate in
                needed.isSubset(of: self.marks(candidate)) && chance.hits(0.8)
            }
            // What is kept may be too much, never too little: without one of the two nothing fails at all.
            #expect(marks(outcome.smallest).isSuperset(of: needed))
            if marks(outcome.smallest) == needed { exact += 1 }
        }
        #expect(exact >= 50)
    }

    @Test func `the wait before the first fault goes, unless the fault needs its time`() {
        let early = shrink(whole(8)) { self.marks($0).contains(6) }.outcome
        #expect(early.smallest.faults.first?.start == Self.second)
        #expect(early.smallest.duration < whole(8).duration)
        let late = shrink(whole(8)) { candidate in
            candidate.faults.contains { $0.settings.integer("mark") == 6 && $0.start == 21 * Self.second }
        }.outcome
        #expect(marks(late.smallest) == [6])
        #expect(late.smallest.faults.first?.start == 21 * Self.second)
    }

    @Test func `faults last no longer than they need`() {
        let outcome = shrink(whole(4)) { candidate in
            candidate.faults.contains {
                $0.settings.integer("mark") == 1 && $0.end - $0.start >= 400_000_000
            }
        }.outcome
        let fault = outcome.smallest.faults.first
        #expect(outcome.smallest.faults.count == 1)
        #expect((400_000_000..<800_000_000).contains((fault?.end ?? 0) - (fault?.start ?? 0)))
    }

    @Test func `what fails without any fault needs none`() {
        let outcome = shrink(whole(5)) { _ in true }.outcome
        #expect(outcome.smallest.faults.isEmpty && outcome.isReproduced)
    }

    @Test func `what never fails again is not reproduced`() {
        let (outcome, runs, improvements) = shrink(whole(5), repeats: 7) { _ in false }
        #expect(!outcome.isReproduced && outcome.rows.count == 1 && improvements.isEmpty)
        #expect(runs == 7)
    }

    @Test func `runs without an answer end it`() {
        let (outcome, runs, _) = shrink(whole(5)) { _ in nil }
        #expect(!outcome.isReproduced && runs == 3)
    }

    @Test(arguments: 0..<40) func `however soon the time is up, the best so far still fails`(limit: Int) {
        let needed: Set<Int64> = [1, 6]
        let (outcome, runs, _) = shrink(whole(9), limit: limit) { needed.isSubset(of: self.marks($0)) }
        #expect(marks(outcome.smallest).isSuperset(of: needed))
        #expect(runs <= limit)
        #expect(outcome.isReproduced == (limit > 0))
    }

    @Test func `what began after the violation did not cause it`() {
        let cut = whole(6).cut(at: 10 * Self.second, rest: 2 * Self.second)
        #expect(marks(cut) == [0, 1, 2])
        #expect(cut.duration == 12 * Self.second)
        #expect(cut.faults.allSatisfy { $0.end <= cut.duration })
    }
}
