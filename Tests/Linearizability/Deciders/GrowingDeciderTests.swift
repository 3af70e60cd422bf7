import Testing

@testable import PolygraphLinearizability

/// A number to which amounts are added.
struct ReferenceSum: ReferenceObject {
    var initial: Int64

    func successors(of state: Int64, after operation: FetchAndAddOperation) -> [Int64] {
        operation.isCrashed || operation.prior == state ? [state + operation.amount] : []
    }
}

/// A set that grows and is read as a whole.
struct ReferenceSet: ReferenceObject {
    var readElements: [Int32]
    var initial: Set<Int32> { [] }

    func successors(of state: Set<Int32>, after operation: GrowOnlySetOperation) -> [Set<Int32>] {
        if operation.element >= 0 { return [state.union([operation.element])] }
        let seen = readElements[Int(operation.start)..<Int(operation.start + operation.count)]
        return operation.isCrashed || Set(seen) == state ? [state] : []
    }
}

@Suite struct FetchAndAddDeciderTests {
    private func history(
        _ timeline: RandomTimeline, initial: Int64, uniform: Bool, wrong: Double, using random: inout SeededGenerator
    ) -> [FetchAndAddOperation] {
        var state = initial
        let step = Int64.random(in: 1...2, using: &random)
        let entries = timeline.run(using: &random) { _, random -> Int64 in
            if random.chance(0.3) { return 0 }
            return uniform ? step : Int64.random(in: 1...3, using: &random)
        } apply: { _, amount -> Int64? in
            state += amount
            return state - amount
        }
        return entries.map { entry in
            var prior = entry.returned == Int32.max ? 0 : entry.answer ?? 0
            if random.chance(wrong) { prior += random.chance(0.5) ? step : -1 }
            return FetchAndAddOperation(
                invoked: entry.invoked, returned: entry.returned, amount: entry.action, prior: prior)
        }
    }

    @Test(arguments: [false, true])
    func agreesWithExhaustiveSearch(_ uniform: Bool) {
        var random = SeededGenerator(8)
        for crash in [0, 0.15, 0.4] {
            var tally = Tally()
            for _ in 0..<25_000 {
                let timeline = RandomTimeline(
                    clients: 1 + random.below(5), operations: 2 + random.below(6), crashProbability: crash)
                let initial = Int64(random.below(3)) - 1
                let operations = history(
                    timeline, initial: initial, uniform: uniform,
                    wrong: [0, 0.1, 0.3].randomElement(using: &random) ?? 0, using: &random)
                let decision = FetchAndAddDecider.decide(operations, initial: initial)
                tally.compare(decision, on: operations, with: ReferenceSum(initial: initial))
            }
            tally.expectBalance(
                "fetch-and-add, uniform \(uniform), crashes \(crash)", undecidedAtMost: uniform ? 0 : 0.2)
        }
    }

    @Test func findsOrderOfLargerHistories() {
        var random = SeededGenerator(9)
        var tally = Tally()
        let reference = ReferenceSum(initial: 0)
        for round in 0..<200 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(20), operations: 200 + random.below(800),
                crashProbability: round % 3 == 0 ? 0.05 : 0)
            var operations = history(timeline, initial: 0, uniform: round % 3 == 0, wrong: 0, using: &random)
            tally.confirm(FetchAndAddDecider.decide(operations), isValid: true, on: operations, with: reference)
            // A read of the initial value after the first addition returned.
            guard let first = operations.firstIndex(where: { $0.amount > 0 && !$0.isCrashed }) else { continue }
            let moment = operations[first].returned
            for place in operations.indices {
                if operations[place].invoked > moment { operations[place].invoked += 2 }
                if operations[place].returned > moment, !operations[place].isCrashed { operations[place].returned += 2 }
            }
            operations.append(FetchAndAddOperation(invoked: moment + 1, returned: moment + 2, amount: 0, prior: 0))
            tally.confirm(FetchAndAddDecider.decide(operations), isValid: false, on: operations, with: reference)
        }
        tally.expectBalance("larger", undecidedAtMost: 0)
    }

    @Test func amountsBelowZeroAreLeftToOthers() {
        let operations = [FetchAndAddOperation(invoked: 0, returned: 1, amount: -1, prior: 0)]
        #expect(FetchAndAddDecider.decide(operations) == .undecided)
    }
}

@Suite struct GrowOnlySetDeciderTests {
    private func history(
        _ timeline: RandomTimeline, reads: Double, wrong: Double, using random: inout SeededGenerator
    ) -> (operations: [GrowOnlySetOperation], readElements: [Int32], elementCount: Int) {
        var state: [Int32] = []
        var elementCount: Int32 = 0
        let entries = timeline.run(using: &random) { _, random -> Int32 in
            if random.chance(reads) { return -1 }
            elementCount += 1
            return elementCount - 1
        } apply: { _, element -> [Int32]? in
            if element >= 0 { state.append(element) }
            return state
        }
        var readElements: [Int32] = []
        let operations = entries.map { entry in
            var operation = GrowOnlySetOperation(
                invoked: entry.invoked, returned: entry.returned, element: entry.action)
            guard entry.action < 0, entry.returned < Int32.max else { return operation }
            var seen = (entry.answer ?? []).shuffled(using: &random)
            if random.chance(wrong) {
                if random.chance(0.5), !seen.isEmpty {
                    seen.removeLast()
                } else if let more = (0..<elementCount).filter({ !seen.contains($0) }).randomElement(using: &random) {
                    seen.append(more)
                }
            }
            operation.start = Int32(readElements.count)
            operation.count = Int32(seen.count)
            readElements += seen
            return operation
        }
        return (operations, readElements, Int(elementCount))
    }

    @Test func agreesWithExhaustiveSearch() {
        var random = SeededGenerator(12)
        for crash in [0, 0.15, 0.4] {
            var tally = Tally()
            for _ in 0..<30_000 {
                let timeline = RandomTimeline(
                    clients: 1 + random.below(5), operations: 2 + random.below(6), crashProbability: crash)
                let (operations, readElements, elementCount) = history(
                    timeline, reads: 0.5, wrong: [0, 0.4, 0.8].randomElement(using: &random) ?? 0, using: &random)
                let decision = GrowOnlySetDecider.decide(
                    operations, readElements: readElements, elementCount: elementCount)
                tally.compare(decision, on: operations, with: ReferenceSet(readElements: readElements))
            }
            tally.expectBalance("grow-only set, crashes \(crash)", undecidedAtMost: 0)
        }
    }

    @Test func findsOrderOfLargerHistories() {
        var random = SeededGenerator(13)
        var tally = Tally()
        for round in 0..<150 {
            let timeline = RandomTimeline(
                clients: 1 + random.below(20), operations: 200 + random.below(300),
                crashProbability: round % 3 == 0 ? 0.05 : 0)
            var (operations, readElements, elementCount) = history(timeline, reads: 0.3, wrong: 0, using: &random)
            let reference = ReferenceSet(readElements: readElements)
            let decision = GrowOnlySetDecider.decide(
                operations, readElements: readElements, elementCount: elementCount)
            tally.confirm(decision, isValid: true, on: operations, with: reference)
            // An empty read at the end, though something was surely added.
            guard operations.contains(where: { $0.element >= 0 && !$0.isCrashed }) else { continue }
            operations.append(GrowOnlySetOperation(invoked: 1_000_000, returned: 1_000_001, element: -1))
            let other = GrowOnlySetDecider.decide(operations, readElements: readElements, elementCount: elementCount)
            tally.confirm(other, isValid: false, on: operations, with: reference)
        }
        tally.expectBalance("larger", undecidedAtMost: 0)
    }

    @Test func readThatRepeatsAnElementIsLeftToOthers() {
        let operations = [
            GrowOnlySetOperation(invoked: 0, returned: 1, element: 0),
            GrowOnlySetOperation(invoked: 2, returned: 3, element: -1, start: 0, count: 2),
        ]
        #expect(GrowOnlySetDecider.decide(operations, readElements: [0, 0], elementCount: 1) == .undecided)
    }
}
