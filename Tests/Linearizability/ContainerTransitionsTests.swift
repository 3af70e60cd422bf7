import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// States of containers as shared trees, against the states that the models make.
@Suite struct ContainerTransitionsTests {
    private static let containers = ModelVocabulary.all.filter { vocabulary in
        ["fifo-queue", "unordered-queue", "stack", "priority-queue", "set", "g-set", "log"]
            .contains(vocabulary.model.name) && (vocabulary.model as? UnorderedQueue)?.initial.isEmpty != false
    }

    /// Walks at random, from the first state and from others that were reached, and forgets now and then.
    @Test(arguments: containers) func stepsAreThoseOfTheModel(vocabulary: ModelVocabulary) {
        let compared = compare(vocabulary, vocabulary.model)
        #expect(compared.steps > 1000 && compared.refused > 100, "\(vocabulary): \(compared)")
    }

    private struct Compared {
        var steps = 0
        var refused = 0
    }

    private func compare<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> Compared {
        var compared = Compared()
        let generator = RandomModelHistory(vocabulary, model, maximumOperations: 12)
        var random = SeededGenerator(41)
        for seed in 0..<600 {
            guard let history = try? History(generator.make(seed: UInt64(seed))) else { continue }
            for partition in Partition.split(history, failedCAS: .mismatch) {
                let table = LabelTable(partition.operations, columns: history.columns, model: model)
                if table.problem != nil || table.calls.isEmpty { continue }
                guard var steps = ContainerTransitions(table, model: model, operations: 32) else { continue }
                var known: [(state: M.State, number: Int32)] = [(model.initial, steps.initial)]
                for turn in 0..<48 {
                    let from = known[random.below(known.count)]
                    let label = random.below(table.calls.count)
                    let expected = model.step(from.state, table.calls[label])
                    let reached = steps.next(from.number, Int32(label))
                    guard (reached >= 0) == (expected != nil) else {
                        Issue.record("\(table.calls[label]) in \(from.state): \(reached) instead of \(expected as Any)")
                        return compared
                    }
                    compared.steps += 1
                    guard let expected else {
                        compared.refused += 1
                        continue
                    }
                    // A number never stands for two states; a state has one, but where a queue can begin anywhere.
                    let isOne = model.name == "fifo-queue"
                    if let other = known.first(where: {
                        ($0.number == reached) != ($0.state == expected) && !(isOne && $0.state == expected)
                    }) {
                        Issue.record("\(reached) is \(expected), \(other.number) is \(other.state)")
                        return compared
                    }
                    if known.count < 32 { known.append((expected, reached)) }
                    if turn % 16 == 15 {
                        known.removeSubrange(1..<max(1, known.count / 2))
                        let names = steps.forget(allBut: known.map(\.number)) ?? []
                        for place in known.indices { known[place].number = names[place] }
                        #expect(known[0].number == steps.initial)
                    }
                }
            }
        }
        return compared
    }

    /// The search must give the same verdict whichever states it goes through.
    @Test(arguments: containers) func verdictsAreThoseWithStatesOfTheModel(vocabulary: ModelVocabulary) {
        let counts = verdicts(vocabulary, vocabulary.model)
        #expect(counts.valid > 100 && counts.invalid > 100, "\(vocabulary): \(counts)")
    }

    private func verdicts<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> (valid: Int, invalid: Int) {
        let generator = RandomModelHistory(vocabulary, model, maximumOperations: 14)
        let budget = Budget(deadline: .max, bytes: .max)
        var counts = (valid: 0, invalid: 0)
        for seed in 0..<3000 {
            guard let history = try? History(generator.make(seed: UInt64(seed))) else { continue }
            for partition in Partition.split(history, failedCAS: .mismatch) {
                let answers = [true, false].map { interns in
                    let effort = SearchEffort(usesDeciders: false, internsContents: interns, beam: 2 + seed % 5)
                    return KeySearch(partition.operations, columns: history.columns, model: model, effort: effort)
                        .decide(within: budget).answer
                }
                switch (answers[0], answers[1]) {
                case (.valid(.some), .valid(.some)): counts.valid += 1
                case (.invalid(let one, let rank, _), .invalid(let other, let otherRank, _))
                where one == other && rank == otherRank:
                    counts.invalid += 1
                case (.unjudgeable, .unjudgeable): break
                default: Issue.record("\(vocabulary), seed \(seed): \(answers[0]) and \(answers[1])")
                }
            }
        }
        return counts
    }

    @Test func arraysAreEqualWhereTheirEntriesAre() {
        var random = SeededGenerator(42)
        var arrays = InternedArrays(count: 40)
        var known: [[Int32: Int32]: Int32] = [:]
        var entries: [Int32: Int32] = [:]
        var array: Int32 = 0
        for turn in 0..<20_000 {
            let place = Int32(random.below(40))
            let value = random.chance(0.6) ? 0 : -1 - Int32(random.below(3))
            entries[place] = value == 0 ? nil : value
            array = arrays.setting(array, at: place, to: value)
            #expect(arrays.value(array, at: place) == value)
            if let first = entries.keys.min(), let last = entries.keys.max() {
                #expect(arrays.first(array) == first && arrays.last(array) == last)
            }
            #expect((array == 0) == entries.isEmpty)
            #expect(known.updateValue(array, forKey: entries) ?? array == array)
            let listed = entries.keys.sorted().map { (place: $0, value: entries[$0] ?? 0) }
            #expect(arrays.array(listed) == array)
            if turn % 1000 == 999 {
                let names = arrays.keep(Array(known.values))
                for (entries, number) in known { known[entries] = names[Int(number)] }
                array = names[Int(array)]
            }
        }
        #expect(Set(known.values).count == known.count)
    }
}
