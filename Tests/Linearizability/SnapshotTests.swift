import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// What a search with a beam does when it has to go far back.
@Suite struct SnapshotTests {
    /// Values pushed at once whose order shows only at the end, long after a narrow beam chose one: the search has to go
    /// back past all snapshots from which the right one had been left out, and may believe none of them.
    @Test(arguments: [(1, 2), (2, 3), (3, 3), (16, 5)])
    func orderLeftOutLongAgoIsFound(beam: Int, pushes: Int) {
        for rotation in 0..<pushes {
            for isReversed in [false, true] {
                let rotated = (0..<pushes).map { Int64(($0 + rotation) % pushes) }
                let answers = isReversed ? rotated.reversed() : rotated
                let history = history(pushes: pushes, pairs: 700, pops: answers)
                #expect(isValid(history, beam: beam), "\(answers)")
                let wrong = self.history(pushes: pushes, pairs: 700, pops: answers.dropLast() + [answers[0]])
                #expect(!isValid(wrong, beam: beam), "\(answers), the first twice")
            }
        }
    }

    private func history(pushes: Int, pairs: Int, pops: [Int64]) -> History {
        var script = HistoryScript()
        for process in 0..<pushes { script.invoke(process, "push", .integer(Int64(process))) }
        for process in 0..<pushes { script.complete(process) }
        for _ in 0..<pairs {
            script.run(0, "push", 100)
            script.run(0, "pop", gets: 100)
        }
        for answer in pops { script.run(0, "pop", gets: .integer(answer)) }
        return script.history
    }

    private func isValid(_ history: History, beam: Int) -> Bool {
        let partitions = Partition.split(history, failedCAS: .mismatch)
        let effort = SearchEffort(usesDeciders: false, beam: beam)
        let search = KeySearch(
            partitions[0].operations, columns: history.columns, model: LIFOStack(), effort: effort)
        switch search.decide(within: Budget(deadline: .max, bytes: .max)).answer {
        case .valid(let order): return order != nil
        default: return false
        }
    }
}
