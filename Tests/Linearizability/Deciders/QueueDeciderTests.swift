import Testing

@testable import PolygraphLinearizability

/// Queues in which values repeat, against trying every order.
@Suite struct QueueDeciderTests {
    private let reference = ReferenceContainer(discipline: .firstInFirstOut)
    private static let unlimited = Budget(deadline: .max, bytes: .max)

    private func decide(_ operations: [ContainerOperation]) -> Decision {
        let count = Int(operations.map(\.element).max() ?? -1) + 1
        return QueueDecider.decide(operations, elementCount: count, within: Self.unlimited)
    }

    /// A random history over few values; with a probability of `wrong` an answer is another than the queue gave.
    private func history(
        _ timeline: RandomTimeline, values: Int, insert: Double, wrong: Double, using random: inout SeededGenerator
    ) -> [ContainerOperation] {
        var queue: [Int32] = []
        let entries = timeline.run(using: &random) { _, random in
            random.chance(insert) ? Int32(random.below(values)) : Int32(-1)
        } apply: { _, element -> Int32? in
            if element >= 0 {
                queue.append(element)
                return element
            }
            return queue.isEmpty ? -1 : queue.removeFirst()
        }
        return entries.map { entry in
            let isCrashed = entry.returned == Int32.max
            var operation = ContainerOperation(
                invoked: entry.invoked, returned: entry.returned, action: .insert, element: entry.action)
            guard entry.action < 0 else { return operation }
            operation.element = isCrashed ? -1 : entry.answer ?? -1
            if !isCrashed, random.chance(wrong) { operation.element = Int32(random.below(values + 1)) - 1 }
            operation.action = operation.element >= 0 || isCrashed ? .remove : .removeNothing
            return operation
        }
    }

    @Test(arguments: [0, 0.1, 0.3])
    func agreesWithExhaustiveSearch(crash: Double) {
        var random = SeededGenerator(31)
        var tally = Tally()
        for _ in 0..<40_000 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(4), operations: 3 + random.below(7), crashProbability: crash)
            let operations = history(
                timeline, values: 1 + random.below(4), insert: Double.random(in: 0.4...0.8, using: &random),
                wrong: [0, 0.2, 0.5].randomElement(using: &random) ?? 0, using: &random)
            tally.compare(decide(operations), on: operations, with: reference)
        }
        tally.expectBalance("repeated values, crashes \(crash)", undecidedAtMost: 0)
    }

    /// Removals that crashed and can have taken out one value only are not always told from such that take any.
    @Test(arguments: [0.2, 0.4])
    func agreesWhereCrashedRemovalsAreKnown(crash: Double) {
        var random = SeededGenerator(35)
        var tally = Tally()
        for _ in 0..<20_000 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(4), operations: 3 + random.below(7), crashProbability: crash)
            let values = 1 + random.below(4)
            var operations = history(
                timeline, values: values, insert: Double.random(in: 0.4...0.8, using: &random),
                wrong: [0, 0.2, 0.5].randomElement(using: &random) ?? 0, using: &random)
            for place in operations.indices where operations[place].action == .remove && operations[place].isCrashed {
                if random.chance(0.7) { operations[place].element = Int32(random.below(values)) }
            }
            tally.compare(decide(operations), on: operations, with: reference)
        }
        tally.expectBalance("known crashed removals, crashes \(crash)", undecidedAtMost: 0.1)
    }

    @Test func decidesLongHistories() {
        var random = SeededGenerator(32)
        var tally = Tally()
        for round in 0..<200 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(12), operations: 200 + random.below(round % 10 == 0 ? 3800 : 300),
                crashProbability: round % 3 == 0 ? 0.01 : 0)
            let valid = history(
                timeline, values: 1 + random.below(12), insert: Double.random(in: 0.4...0.6, using: &random),
                wrong: 0, using: &random)
            tally.confirm(decide(valid), isValid: true, on: valid, with: reference)
            let invalid = contradicted(valid, using: &random)
            tally.confirm(decide(invalid), isValid: false, on: invalid, with: reference)
        }
        tally.expectBalance("long, repeated values", undecidedAtMost: 0)
    }

    /// The history with two values more, each inserted twice one after the other and removed in the wrong order.
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
            (.insert, 0), (.insert, 1), (.insert, 0), (.remove, 0), (.remove, 0), (.remove, 1),
        ]
        for (step, (action, element)) in steps.enumerated() {
            let invoked = moment + 1 + 2 * Int32(step)
            operations.append(
                ContainerOperation(invoked: invoked, returned: invoked + 1, action: action, element: element))
        }
        return operations
    }

    @Test func givesUpWhereTheBudgetIsSpent() {
        var random = SeededGenerator(33)
        let timeline = RandomTimeline(clients: 5, operations: 6000, crashProbability: 0)
        let operations = history(timeline, values: 5, insert: 0.5, wrong: 0, using: &random)
        let spent = Budget(deadline: 0, bytes: .max)
        #expect(QueueDecider.decide(operations, elementCount: 5, within: spent) == .undecided)
        let narrow = Budget(deadline: .max, bytes: 1024)
        #expect(QueueDecider.decide(operations, elementCount: 5, within: narrow) == .undecided)
    }

    @Test func setOfListsTellsListsApart() {
        var random = SeededGenerator(34)
        var lists = IntegerListSet()
        var known: Set<[Int32]> = []
        for _ in 0..<20_000 {
            let list = (0..<random.below(6)).map { _ in Int32(random.below(4)) }
            list.withUnsafeBufferPointer { list in
                #expect(lists.contains(list) == known.contains(Array(list)))
                lists.insert(list)
            }
            known.insert(list)
        }
        #expect(lists.count == known.count)
    }
}
