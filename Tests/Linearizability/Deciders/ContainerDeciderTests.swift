import Testing

@testable import PolygraphLinearizability

/// A queue, a stack, a priority queue or a bag, whichever.
struct ReferenceContainer: ReferenceObject {
    enum Discipline { case firstInFirstOut, lastInFirstOut, bestFirst, anyOrder }
    var discipline: Discipline
    var initial: [Int32] { [] }

    func successors(of state: [Int32], after operation: ContainerOperation) -> [[Int32]] {
        switch operation.action {
        case .insert: return [state + [operation.element]]
        case .removeNothing: return state.isEmpty || operation.isCrashed ? [state] : []
        case .remove:
            let places = candidates(in: state)
            // One that crashed may be known to have taken out nothing but its element.
            if operation.isCrashed, operation.element < 0 {
                return places.isEmpty ? [state] : places.map { without($0, state) }
            }
            return places.filter { state[$0] == operation.element }.map { without($0, state) }
        }
    }

    func candidates(in state: [Int32]) -> [Int] {
        guard !state.isEmpty else { return [] }
        switch discipline {
        case .firstInFirstOut: return [0]
        case .lastInFirstOut: return [state.count - 1]
        case .bestFirst: return [state.firstIndex(of: state.min() ?? 0) ?? 0]
        case .anyOrder: return Array(state.indices)
        }
    }

    private func without(_ place: Int, _ state: [Int32]) -> [Int32] {
        var state = state
        state.remove(at: place)
        return state
    }

    func decide(_ operations: [ContainerOperation]) -> Decision {
        let count = Int(operations.map(\.element).max() ?? -1) + 1
        switch discipline {
        case .firstInFirstOut: return ContainerDecider<FirstInFirstOut>.decide(operations, elementCount: count)
        case .lastInFirstOut: return ContainerDecider<LastInFirstOut>.decide(operations, elementCount: count)
        case .bestFirst: return ContainerDecider<BestFirst>.decide(operations, elementCount: count)
        case .anyOrder: return ContainerDecider<AnyOrder>.decide(operations, elementCount: count)
        }
    }
}

@Suite struct ContainerDeciderTests {
    /// A random history; with a probability of `wrong` an answer is another than the object gave.
    private func history(
        _ discipline: ReferenceContainer.Discipline, _ timeline: RandomTimeline, insert: Double, wrong: Double,
        using random: inout SeededGenerator
    ) -> [ContainerOperation] {
        let reference = ReferenceContainer(discipline: discipline)
        var state: [Int32] = []
        // Where the numbers say what is better, they come in random order.
        var numbers = (0..<Int32(timeline.operations)).shuffled(using: &random)
        var inner = random
        let entries = timeline.run(using: &random) { _, random in
            random.chance(insert) ? numbers.removeLast() : Int32(-1)
        } apply: { _, element -> Int32? in
            if element >= 0 {
                state.append(element)
                return element
            }
            guard let place = reference.candidates(in: state).randomElement(using: &inner) else { return -1 }
            return state.remove(at: place)
        }
        let inserted = entries.map(\.action).filter { $0 >= 0 }
        var operations = entries.map { entry in
            let isCrashed = entry.returned == Int32.max
            var operation = ContainerOperation(
                invoked: entry.invoked, returned: entry.returned, action: .insert, element: entry.action)
            guard entry.action < 0 else { return operation }
            operation.element = isCrashed ? -1 : entry.answer ?? -1
            if isCrashed, random.chance(0.3) {
                let isFree = entry.answer == nil || random.chance(wrong)
                operation.element = (isFree ? inserted.randomElement(using: &random) : entry.answer) ?? -1
            }
            if !isCrashed, random.chance(wrong) {
                operation.element = random.chance(0.7) ? inserted.randomElement(using: &random) ?? -1 : -1
            }
            operation.action = operation.element >= 0 || isCrashed ? .remove : .removeNothing
            return operation
        }
        if wrong > 0, random.chance(0.5) {
            let removals = operations.indices.filter { operations[$0].action == .remove && !operations[$0].isCrashed }
            let answers = removals.map { operations[$0].element }.shuffled(using: &random)
            for (place, answer) in zip(removals, answers) { operations[place].element = answer }
        }
        return operations
    }

    @Test(arguments: [ReferenceContainer.Discipline.firstInFirstOut, .lastInFirstOut, .bestFirst, .anyOrder])
    func agreesWithExhaustiveSearch(_ discipline: ReferenceContainer.Discipline) {
        var random = SeededGenerator(11)
        let reference = ReferenceContainer(discipline: discipline)
        for crash in [0, 0.1, 0.3] {
            var tally = Tally()
            for _ in 0..<40_000 {
                let timeline = RandomTimeline(
                    clients: 1 + random.below(4), operations: 3 + random.below(6), crashProbability: crash)
                let operations = history(
                    discipline, timeline, insert: Double.random(in: 0.4...0.8, using: &random),
                    wrong: [0, 0.3, 0.6].randomElement(using: &random) ?? 0, using: &random)
                tally.compare(reference.decide(operations), on: operations, with: reference)
            }
            tally.expectBalance("\(discipline), crashes \(crash)", undecidedAtMost: 0.002)
        }
    }

    /// No crashes for bags: there are too many ways to replay a removal of anything.
    @Test(arguments: [ReferenceContainer.Discipline.firstInFirstOut, .lastInFirstOut, .bestFirst, .anyOrder])
    func findsOrderOfLargerHistories(_ discipline: ReferenceContainer.Discipline) {
        var random = SeededGenerator(5)
        let reference = ReferenceContainer(discipline: discipline)
        var tally = Tally()
        for round in 0..<300 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(20), operations: 200 + random.below(round % 10 == 0 ? 1800 : 300),
                crashProbability: round % 3 == 0 && discipline != .anyOrder ? 0.02 : 0)
            let valid = history(
                discipline, timeline, insert: Double.random(in: 0.4...0.6, using: &random), wrong: 0, using: &random)
            tally.confirm(reference.decide(valid), isValid: true, on: valid, with: reference)
            let invalid = contradicted(valid, discipline, using: &random)
            tally.confirm(reference.decide(invalid), isValid: false, on: invalid, with: reference)
        }
        tally.expectBalance("larger, \(discipline)", undecidedAtMost: 0.1)
    }

    /// The history with a few operations more, one after the other, that contradict each other whatever the rest does.
    private func contradicted(
        _ operations: [ContainerOperation], _ discipline: ReferenceContainer.Discipline,
        using random: inout SeededGenerator
    ) -> [ContainerOperation] {
        var operations = operations
        for place in operations.indices where operations[place].element >= 0 { operations[place].element += 2 }
        let moment = operations.randomElement(using: &random)?.invoked ?? 0
        for place in operations.indices {
            if operations[place].invoked > moment { operations[place].invoked += 16 }
            if operations[place].returned > moment, !operations[place].isCrashed { operations[place].returned += 16 }
        }
        let steps: [(ContainerOperation.Action, Int32)]
        switch discipline {
        case .firstInFirstOut: steps = [(.insert, 0), (.insert, 1), (.remove, 1), (.remove, 0)]
        case .lastInFirstOut: steps = [(.insert, 0), (.insert, 1), (.remove, 0), (.remove, 1)]
        case .bestFirst: steps = [(.insert, 0), (.insert, 1), (.remove, 1), (.remove, 0)]
        case .anyOrder: steps = [(.insert, 0), (.removeNothing, -1), (.remove, 0)]
        }
        for (step, (action, element)) in steps.enumerated() {
            let invoked = moment + 1 + 2 * Int32(step)
            operations.append(
                ContainerOperation(invoked: invoked, returned: invoked + 1, action: action, element: element))
        }
        return operations.shuffled(using: &random)
    }

    /// Positions far apart take another way into the timeline.
    @Test func decisionDependsOnTheOrderOfEventsOnly() {
        var random = SeededGenerator(21)
        let reference = ReferenceContainer(discipline: .lastInFirstOut)
        for _ in 0..<2000 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(4), operations: 3 + random.below(20), crashProbability: 0.1)
            let operations = history(.lastInFirstOut, timeline, insert: 0.6, wrong: 0.2, using: &random)
            var sparse = operations
            for place in sparse.indices {
                sparse[place].invoked = sparse[place].invoked * 100_000 + 7
                if !sparse[place].isCrashed { sparse[place].returned = sparse[place].returned * 100_000 - 7 }
            }
            #expect(reference.decide(operations) == reference.decide(sparse))
        }
    }

    @Test func elementInsertedTwiceIsLeftToOthers() {
        let operations = (0..<2).map {
            ContainerOperation(invoked: 2 * $0, returned: 2 * $0 + 1, action: .insert, element: 0)
        }
        for discipline in [ReferenceContainer.Discipline.firstInFirstOut, .lastInFirstOut, .bestFirst, .anyOrder] {
            #expect(ReferenceContainer(discipline: discipline).decide(operations) == .undecided)
        }
    }

    @Test(arguments: [ReferenceContainer.Discipline.firstInFirstOut, .lastInFirstOut, .bestFirst, .anyOrder])
    func nothingIsValid(_ discipline: ReferenceContainer.Discipline) {
        #expect(ReferenceContainer(discipline: discipline).decide([]) == .valid(order: []))
    }
}
