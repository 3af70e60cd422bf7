import Testing

@testable import PolygraphLinearizability

/// A lock that knows its holder and, if fenced, the last token.
struct ReferenceLock: ReferenceObject {
    struct State: Hashable {
        var holder: Int32 = -1
        var token = Int64.min
    }
    var isFenced: Bool
    var initial: State { State() }

    func successors(of state: State, after operation: LockOperation) -> [State] {
        if operation.action == .release {
            return state.holder == operation.owner ? [State(holder: -1, token: state.token)] : []
        }
        guard state.holder < 0 else { return [] }
        if !isFenced || operation.isCrashed { return [State(holder: operation.owner, token: state.token)] }
        return operation.token > state.token ? [State(holder: operation.owner, token: operation.token)] : []
    }
}

@Suite struct LockDeciderTests {
    /// A random history of a lock that with a probability of `wrong` lets in whoever asks, forgets a release, or
    /// answers with another token.
    private func history(
        _ timeline: RandomTimeline, wrong: Double, using random: inout SeededGenerator
    ) -> (operations: [LockOperation], ownerCount: Int) {
        var holder = -1
        var token: Int64 = 0
        var holding: Set<Int> = []
        var faults = random
        let entries = timeline.run(using: &random) { process, _ -> LockOperation.Action in
            holding.contains(process) ? .release : .acquire
        } apply: { process, action -> Int64? in
            if action == .release {
                holding.remove(process)
                if holder == process { holder = -1 }
                return 0
            }
            guard holder < 0 || faults.chance(wrong) else { return nil }
            if !faults.chance(wrong / 2) { holding.insert(process) }
            holder = process
            token += Int64(faults.below(3)) + (faults.chance(wrong) ? -1 : 1)
            return token
        }
        let operations = entries.map { entry in
            LockOperation(
                invoked: entry.invoked, returned: entry.returned, action: entry.action, owner: Int32(entry.process),
                token: entry.returned == Int32.max || entry.action == .release ? 0 : entry.answer ?? 0)
        }
        return (operations, (entries.map(\.process).max() ?? 0) + 1)
    }

    private func decide(_ operations: [LockOperation], _ ownerCount: Int, isFenced: Bool) -> Decision {
        isFenced
            ? FencedLockDecider.decide(operations, ownerCount: ownerCount)
            : OwnerLockDecider.decide(operations, ownerCount: ownerCount)
    }

    @Test(arguments: [false, true])
    func agreesWithExhaustiveSearch(_ isFenced: Bool) {
        var random = SeededGenerator(14)
        for crash in [0, 0.15, 0.4] {
            var tally = Tally()
            for _ in 0..<30_000 {
                let timeline = RandomTimeline(
                    clients: 1 + random.below(4), operations: 3 + random.below(6), crashProbability: crash)
                let (operations, ownerCount) = history(
                    timeline, wrong: [0, 0.4, 0.8].randomElement(using: &random) ?? 0, using: &random)
                tally.compare(
                    decide(operations, ownerCount, isFenced: isFenced), on: operations,
                    with: ReferenceLock(isFenced: isFenced))
            }
            tally.expectBalance("lock, fenced \(isFenced), crashes \(crash)", undecidedAtMost: 0)
        }
    }

    @Test(arguments: [false, true])
    func findsOrderOfLargerHistories(_ isFenced: Bool) {
        var random = SeededGenerator(15)
        var tally = Tally()
        let reference = ReferenceLock(isFenced: isFenced)
        for round in 0..<200 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(20), operations: 200 + random.below(800),
                crashProbability: round % 3 == 0 ? 0.002 : 0)
            var (operations, ownerCount) = history(timeline, wrong: 0, using: &random)
            tally.confirm(
                decide(operations, ownerCount, isFenced: isFenced), isValid: true, on: operations, with: reference)
            // Two more that hold it at once at the end, whoever else does.
            for (step, owner) in [ownerCount, ownerCount + 1].enumerated() {
                let invoked = 1_000_000 + 2 * Int32(step)
                operations.append(
                    LockOperation(
                        invoked: invoked, returned: invoked + 1, action: .acquire, owner: Int32(owner),
                        token: 1_000_000 + Int64(step)))
            }
            tally.confirm(
                decide(operations, ownerCount + 2, isFenced: isFenced), isValid: false, on: operations,
                with: reference)
        }
        tally.expectBalance("larger, fenced \(isFenced)", undecidedAtMost: 0)
    }

    @Test func overlappingOperationsOfAProcessAreLeftToOthers() {
        let operations = [
            LockOperation(invoked: 0, returned: 3, action: .acquire, owner: 0),
            LockOperation(invoked: 1, returned: 2, action: .release, owner: 0),
        ]
        #expect(OwnerLockDecider.decide(operations, ownerCount: 1) == .undecided)
        #expect(FencedLockDecider.decide(operations, ownerCount: 1) == .undecided)
    }
}
