import FoundationEssentials
import PolygraphChecking
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModelVocabulary
import PolygraphModels
import Testing

/// The checker as a whole on random small histories of every model, against trying every order.
@Suite struct ModelFuzzTests {
    /// Histories of each model; `POLYGRAPH_FUZZ` sets another number.
    static let histories: Int = {
        if let text = ProcessInfo.processInfo.environment["POLYGRAPH_FUZZ"], let number = Int(text) { return number }
        #if DEBUG
            return 3_000
        #else
            return 50_000
        #endif
    }()

    /// One thread: the histories are tiny and the tests run side by side.
    static func options(explains: Bool, failedCAS: LinearizabilityOptions.FailedCAS) -> LinearizabilityOptions {
        LinearizabilityOptions(failedCAS: failedCAS, threads: 1, explainedKeys: explains ? 1 : 0)
    }

    static func verdict<M: Model>(
        _ events: [Operation], _ model: M, explains: Bool = false,
        failedCAS: LinearizabilityOptions.FailedCAS = .mismatch
    ) -> Verdict {
        guard let history = try? History(events) else { preconditionFailure("the generator makes no history") }
        return Linearizable(model: model, options: options(explains: explains, failedCAS: failedCAS)).check(history)
            .verdict
    }

    private struct Counts {
        var valid = 0
        var invalid = 0
    }

    @Test(arguments: ModelVocabulary.all)
    func agreesWithExhaustiveSearch(vocabulary: ModelVocabulary) {
        // The variants of a model share its histories.
        let variants = ModelVocabulary.all.count { $0.model.name == vocabulary.model.name }
        let rounds = (Self.histories + variants - 1) / variants
        let counts = fuzz(vocabulary, vocabulary.model, rounds: rounds)
        #expect(counts.valid > rounds / 20 && counts.invalid > rounds / 50, "\(counts) of \(rounds)")
    }

    private func fuzz<M: Model>(_ vocabulary: ModelVocabulary, _ model: M, rounds: Int) -> Counts {
        let generator = RandomModelHistory(vocabulary, model)
        let oracle = ExhaustiveSearch(model)
        var counts = Counts()
        for round in 0..<rounds {
            let reading: LinearizabilityOptions.FailedCAS = round % 7 == 0 ? .ignored : .mismatch
            let events = generator.make(seed: UInt64(round))
            let expected = oracle.isLinearizable(events, mismatchObserves: reading != .ignored)
            if expected { counts.valid += 1 } else { counts.invalid += 1 }
            let actual = Self.verdict(events, model, explains: round % 16 == 0, failedCAS: reading)
            guard actual == (expected ? .valid : .invalid) else {
                Issue.record(
                    "\(vocabulary), seed \(round), \(reading.rawValue): \(actual) instead of \(expected): \(events)")
                break
            }
        }
        return counts
    }
}
