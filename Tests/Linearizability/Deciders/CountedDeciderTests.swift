import Testing

@testable import PolygraphLinearizability

/// A number between bounds that rises and falls by one and can be looked at.
struct ReferenceCount: ReferenceObject {
    var initial: Int32 = 0
    var limit: Int32

    func successors(of state: Int32, after operation: CountedOperation) -> [Int32] {
        switch operation.role {
        case .rise: return state < limit ? [state + 1] : []
        case .fall: return state > 0 ? [state - 1] : []
        case .observe: return operation.isCrashed || operation.view == state ? [state] : []
        }
    }
}

@Suite struct CountedDeciderTests {
    private enum Wish { case rise, fall, look }

    /// A random history; a rise or fall that was refused becomes an observer if `refusals` are seen, or else is left
    /// out.
    private func history(
        _ reference: ReferenceCount, _ timeline: RandomTimeline, falls: Double, looks: Double, refusals: Bool,
        wrong: Double, using random: inout SeededGenerator
    ) -> [CountedOperation] {
        var state = reference.initial
        let entries = timeline.run(using: &random) { _, random -> Wish in
            random.chance(looks) ? .look : random.chance(falls) ? .fall : .rise
        } apply: { _, wish -> (CountedOperation.Role, Int32)? in
            let before = state
            if wish == .rise, state < reference.limit {
                state += 1
                return (.rise, 0)
            }
            if wish == .fall, state > 0 {
                state -= 1
                return (.fall, 0)
            }
            return (.observe, before)
        }
        return entries.compactMap { entry in
            let isCrashed = entry.returned == Int32.max
            let wished: CountedOperation.Role =
                entry.action == .rise ? .rise : entry.action == .fall ? .fall : .observe
            var (role, view) = isCrashed ? (wished, 0) : entry.answer ?? (wished, 0)
            if !refusals, role == .observe, wished != .observe { return nil }
            if !isCrashed, random.chance(wrong) {
                if role == .observe {
                    view = reference.limit == 1 ? 1 - view : max(view + (random.chance(0.5) ? 1 : -1), 0)
                } else if refusals {
                    (role, view) = (.observe, random.chance(0.5) ? 1 : 0)
                } else if wished != .observe, falls > 0 {
                    role = role == .rise ? .fall : .rise
                }
            }
            return CountedOperation(invoked: entry.invoked, returned: entry.returned, role: role, view: view)
        }
    }

    private func small(_ random: inout SeededGenerator, crash: Double) -> RandomTimeline {
        RandomTimeline(clients: 1 + random.below(5), operations: 2 + random.below(7), crashProbability: crash)
    }

    private static let shares = [0, 0.25, 0.5]

    @Test(arguments: [false, true])
    func booleanAgreesWithExhaustiveSearch(_ isSet: Bool) {
        var random = SeededGenerator(3)
        let reference = ReferenceCount(initial: isSet ? 1 : 0, limit: 1)
        for crash in [0, 0.15, 0.4] {
            var tally = Tally()
            for _ in 0..<30_000 {
                let operations = history(
                    reference, small(&random, crash: crash), falls: 0.5, looks: 0.3, refusals: true,
                    wrong: Self.shares.randomElement(using: &random) ?? 0, using: &random)
                let decision = BooleanDecider.decide(operations, isSetInitially: isSet)
                tally.compare(decision, on: operations, with: reference)
            }
            tally.expectBalance("boolean, crashes \(crash)", undecidedAtMost: 0)
        }
    }

    @Test func counterAgreesWithExhaustiveSearch() {
        var random = SeededGenerator(4)
        for crash in [0, 0.15, 0.4] {
            var tally = Tally()
            for _ in 0..<30_000 {
                let reference = ReferenceCount(initial: Int32(random.below(3)), limit: 1000)
                let operations = history(
                    reference, small(&random, crash: crash), falls: 0, looks: 0.5, refusals: false,
                    wrong: Self.shares.randomElement(using: &random) ?? 0, using: &random)
                let decision = CounterDecider.decide(operations, initial: reference.initial)
                tally.compare(decision, on: operations, with: reference)
            }
            tally.expectBalance("counter, crashes \(crash)", undecidedAtMost: 0)
        }
    }

    @Test(arguments: [1, 2, 3])
    func semaphoreAgreesWithExhaustiveSearch(_ permits: Int) {
        var random = SeededGenerator(5)
        let reference = ReferenceCount(limit: Int32(permits))
        for crash in [0, 0.15, 0.4] {
            var tally = Tally()
            for _ in 0..<30_000 {
                let operations = history(
                    reference, small(&random, crash: crash), falls: 0.45, looks: 0, refusals: false,
                    wrong: Self.shares.randomElement(using: &random) ?? 0, using: &random)
                let decision = SemaphoreDecider.decide(operations, permits: permits)
                tally.compare(decision, on: operations, with: reference)
            }
            tally.expectBalance("semaphore of \(permits), crashes \(crash)", undecidedAtMost: 0)
        }
    }

    @Test func findsOrderOfLargerHistories() {
        var random = SeededGenerator(6)
        var tally = Tally()
        for round in 0..<200 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(20), operations: 200 + random.below(round % 10 == 0 ? 1800 : 300),
                crashProbability: round % 3 == 0 ? 0.02 : 0)
            let end: Int32 = 1_000_000
            // Answers that cannot be, after everything else.
            let element = ReferenceCount(limit: 1)
            var operations = history(
                element, timeline, falls: 0.5, looks: 0.3, refusals: true, wrong: 0, using: &random)
            tally.confirm(BooleanDecider.decide(operations), isValid: true, on: operations, with: element)
            // Crashed transitions may change the state once each, so the answers alternate more often than that.
            for step in 0...Int32(operations.filter(\.isCrashed).count + 1) {
                operations.append(
                    CountedOperation(
                        invoked: end + 2 * step, returned: end + 2 * step + 1, role: .observe, view: step & 1))
            }
            tally.confirm(BooleanDecider.decide(operations), isValid: false, on: operations, with: element)

            let counter = ReferenceCount(limit: Int32.max)
            operations = history(counter, timeline, falls: 0, looks: 0.4, refusals: false, wrong: 0, using: &random)
            tally.confirm(CounterDecider.decide(operations), isValid: true, on: operations, with: counter)
            let increments = Int32(operations.filter { $0.role == .rise }.count)
            operations.append(
                CountedOperation(invoked: end, returned: end + 1, role: .observe, view: increments + 1))
            tally.confirm(CounterDecider.decide(operations), isValid: false, on: operations, with: counter)

            let permits = 1 + random.below(4)
            let semaphore = ReferenceCount(limit: Int32(permits))
            operations = history(semaphore, timeline, falls: 0.45, looks: 0, refusals: false, wrong: 0, using: &random)
            tally.confirm(
                SemaphoreDecider.decide(operations, permits: permits), isValid: true, on: operations, with: semaphore)
            for step in 0...Int32(permits + operations.filter(\.isCrashed).count) {
                operations.append(
                    CountedOperation(invoked: end + 2 * step, returned: end + 2 * step + 1, role: .rise))
            }
            tally.confirm(
                SemaphoreDecider.decide(operations, permits: permits), isValid: false, on: operations, with: semaphore)
        }
        tally.expectBalance("larger", undecidedAtMost: 0)
    }

    @Test(arguments: [CountedOperation.Role.rise, .observe])
    func tooManyOpenOperationsAreLeftToOthers(_ role: CountedOperation.Role) {
        func history(_ count: Int32) -> [CountedOperation] {
            (0..<count).map { CountedOperation(invoked: $0, returned: count + $0, role: role) }
        }
        #expect(CounterDecider.decide(history(64)) == .valid(order: Array(0..<64)))
        #expect(CounterDecider.decide(history(65)) == .undecided)
    }
}
