import Testing

@testable import PolygraphLinearizability

/// Stacks in which values repeat, against trying every order.
@Suite struct StackSearchTests {
    private let reference = ReferenceContainer(discipline: .lastInFirstOut)
    private static let unlimited = Budget(deadline: .max, bytes: .max)

    private func decide(_ operations: [ContainerOperation]) -> Decision {
        let count = Int(operations.map(\.element).max() ?? -1) + 1
        return StackSearch.decide(operations, elementCount: count, within: Self.unlimited)
    }

    /// A random history over few values; with a probability of `wrong` an answer is another than the stack gave.
    private func history(
        _ timeline: RandomTimeline, values: Int, insert: Double, wrong: Double, using random: inout SeededGenerator
    ) -> [ContainerOperation] {
        var stack: [Int32] = []
        let entries = timeline.run(using: &random) { _, random in
            random.chance(insert) ? Int32(random.below(values)) : Int32(-1)
        } apply: { _, element -> Int32? in
            if element >= 0 {
                stack.append(element)
                return element
            }
            return stack.popLast() ?? -1
        }
        return entries.map { entry in
            let isCrashed = entry.returned == Int32.max
            var operation = ContainerOperation(
                invoked: entry.invoked, returned: entry.returned, action: .insert, element: entry.action)
            guard entry.action < 0 else { return operation }
            operation.element = isCrashed ? -1 : entry.answer ?? -1
            if isCrashed, random.chance(0.4) { operation.element = entry.answer ?? Int32(random.below(values)) }
            if random.chance(wrong), !isCrashed || operation.element >= 0 {
                operation.element = Int32(random.below(values + 1)) - 1
            }
            operation.action = operation.element >= 0 || isCrashed ? .remove : .removeNothing
            return operation
        }
    }

    @Test(arguments: [0, 0.1, 0.3])
    func agreesWithExhaustiveSearch(crash: Double) {
        var random = SeededGenerator(41)
        var tally = Tally()
        for _ in 0..<40_000 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(4), operations: 3 + random.below(7), crashProbability: crash)
            let operations = history(
                timeline, values: 1 + random.below(4), insert: Double.random(in: 0.4...0.8, using: &random),
                wrong: [0, 0.2, 0.5].randomElement(using: &random) ?? 0, using: &random)
            tally.compare(decide(operations), on: operations, with: reference)
        }
        tally.expectBalance("stack of repeated values, crashes \(crash)", undecidedAtMost: 0)
    }

    @Test func decidesLongHistories() {
        var random = SeededGenerator(42)
        var tally = Tally()
        for round in 0..<60 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(6), operations: 200 + random.below(round % 10 == 0 ? 1800 : 300),
                crashProbability: round % 3 == 0 ? 0.01 : 0)
            let valid = history(
                timeline, values: 1 + random.below(12), insert: Double.random(in: 0.4...0.6, using: &random),
                wrong: 0, using: &random)
            tally.confirm(decide(valid), isValid: true, on: valid, with: reference)
            let invalid = contradicted(valid, using: &random)
            tally.confirm(decide(invalid), isValid: false, on: invalid, with: reference)
        }
        tally.expectBalance("long, stack of repeated values", undecidedAtMost: 0)
    }

    /// The history with two values more, inserted one after the other and removed in the wrong order.
    private func contradicted(
        _ operations: [ContainerOperation], using random: inout SeededGenerator
    ) -> [ContainerOperation] {
        var operations = operations
        for place in operations.indices where operations[place].element >= 0 { operations[place].element += 2 }
        let moment = operations.randomElement(using: &random)?.invoked ?? 0
        for place in operations.indices {
            if operations[place].invoked > moment { operations[place].invoked += 32 }
            if operations[place].returned > moment, !operations[place].isCrashed { operations[place].returned += 32 }
        }
        let steps: [(ContainerOperation.Action, Int32)] = [
            (.insert, 0), (.insert, 1), (.insert, 1), (.remove, 1), (.remove, 0), (.remove, 1),
        ]
        for (step, (action, element)) in steps.enumerated() {
            let invoked = moment + 1 + 2 * Int32(step)
            operations.append(
                ContainerOperation(invoked: invoked, returned: invoked + 1, action: action, element: element))
        }
        return operations
    }

    @Test func givesUpWhereTheBudgetIsSpent() {
        var random = SeededGenerator(43)
        let timeline = RandomTimeline(clients: 5, operations: 6000, crashProbability: 0)
        let operations = history(timeline, values: 5, insert: 0.5, wrong: 0, using: &random)
        let spent = Budget(deadline: 0, bytes: .max)
        #expect(StackSearch.decide(operations, elementCount: 5, within: spent) == .undecided)
        let narrow = Budget(deadline: .max, bytes: 1024)
        #expect(StackSearch.decide(operations, elementCount: 5, within: narrow) == .undecided)
    }

    /// More operations than a mask has bits.
    @Test func givesUpWhereTooManyOverlap() {
        let operations = (0..<65).map {
            ContainerOperation(invoked: $0, returned: 100 + $0, action: .insert, element: 0)
        }
        #expect(StackSearch.decide(operations, elementCount: 1, within: Self.unlimited) == .undecided)
    }
}
