import PolygraphChecking
import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// What goes wrong has a name, and the name is true.
@Suite struct NamingTests {
    private static let histories: UInt64 = 4_000

    /// Of the contradictions of every model's random histories very few have no name.
    @Test(arguments: ModelVocabulary.all)
    func contradictionsHaveNames(vocabulary: ModelVocabulary) {
        let names = names(vocabulary, vocabulary.model)
        let invalid = names.values.reduce(0, +)
        let unnamed = names[Diagnosis.Name.other.rawValue] ?? 0
        #expect(invalid > 200, "\(names)")
        #expect(unnamed * 20 < invalid, "\(vocabulary): \(names)")
    }

    private func names<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> [String: Int] {
        let generator = RandomModelHistory(vocabulary, model)
        var names: [String: Int] = [:]
        for seed in 0..<Self.histories {
            guard let history = try? History(generator.make(seed: seed)) else { continue }
            let result = Linearizable(model: model, options: LinearizabilityOptions(threads: 1)).check(history)
            guard result.verdict == .invalid, let anomaly = result.anomalies.first else { continue }
            names[anomaly.name, default: 0] += 1
            // Who and which operation, for people.
            let isLocated = anomaly.operations.contains { anomaly.summary.contains("peration \($0)") }
            #expect(isLocated || anomaly.summary.contains("operations "), "\(vocabulary), seed \(seed): \(anomaly)")
        }
        return names
    }

    /// What is said of another moment, a failed operation, a second effect or a lost one is so, by trying every order.
    @Test(
        arguments: ModelVocabulary.all.filter {
            !$0.model.needsProcess && ![.uniqueIDs, .leader].contains($0.model.family)
        })
    func whatWouldHaveBeenRightIs(vocabulary: ModelVocabulary) {
        let claims = claims(vocabulary, vocabulary.model)
        #expect(claims > 0)
    }

    private func claims<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> Int {
        let generator = RandomModelHistory(vocabulary, model)
        let oracle = ExhaustiveSearch(model)
        var claims = 0
        for seed in 0..<Self.histories {
            let events = generator.make(seed: seed)
            guard let prefix = firstImpossible(events, oracle), let history = try? History(prefix) else { continue }
            let key = prefix[prefix.count - 1].key
            let accesses = Access.all(of: key, in: history, model: model, failedCAS: .mismatch)
            let core = accesses.indices.filter { accesses[$0].returned != .max && !isPlainFailure(accesses[$0]) }
            guard let last = core.first(where: { accesses[$0].returned == prefix.count - 1 }) else { continue }
            let scene = ObjectScene(accesses: accesses, core: core, failed: last)
            let diagnosis = MomentDiagnosis(model: model, scene: scene, failedCAS: .mismatch)
            guard let moment = diagnosis.moment() else { continue }
            claims += 1
            #expect(isTrue(moment, accesses, last, prefix, oracle), "\(vocabulary), seed \(seed): \(moment)")
        }
        return claims
    }

    private func isPlainFailure(_ access: Access) -> Bool {
        access.completion?.kind == .fail
            && !(access.invocation.function == "cas" && access.completion?.error == "mismatch")
    }

    /// The events up to the first one at which there is no order any more; nil where there is none.
    private func firstImpossible<M: Model>(_ events: [Operation], _ oracle: ExhaustiveSearch<M>) -> [Operation]? {
        if oracle.isLinearizable(events) { return nil }
        let length = (1...events.count).first { !oracle.isLinearizable(Array(events.prefix($0))) }
        return length.map { Array(events.prefix($0)) }
    }

    private func isTrue<M: Model>(
        _ moment: MomentDiagnosis<M>.Moment, _ accesses: [Access], _ last: Int, _ prefix: [Operation],
        _ oracle: ExhaustiveSearch<M>
    ) -> Bool {
        var events = prefix
        let begin = accesses[last].position
        switch moment {
        case .earlier(let other):
            // Its invocation moves before the other's return.
            guard accesses[other].returned < begin else { return false }
            let stranger = Operation.Process.client(1_000)
            events[begin].process = stranger
            events[accesses[last].returned].process = stranger
            let invocation = events.remove(at: begin)
            events.insert(invocation, at: accesses[other].returned)
            return oracle.isLinearizable(events)
        case .later, .never:
            // Nothing after the last return is in the prefix.
            guard case .never = moment else { return false }
            var alone = events
            let invocation = alone.remove(at: begin)
            alone.insert(invocation, at: 0)
            alone[0].process = .client(1_000)
            alone[accesses[last].returned].process = .client(1_000)
            return !oracle.isLinearizable(alone)
        case .failed(let other):
            guard accesses[other].completion?.kind == .fail else { return false }
            events[accesses[other].returned].kind = .info
            return oracle.isLinearizable(events)
        case .doubled(let other):
            var copy = accesses[other].invocation
            copy.process = .client(1_000)
            if let answer = accesses[other].answer, answer != .null, answer != copy.value { return false }
            events.insert(copy, at: accesses[other].position)
            return oracle.isLinearizable(events)
        case .lost(let other):
            guard accesses[other].isOK else { return false }
            events.remove(at: accesses[other].returned)
            events.remove(at: accesses[other].position)
            return oracle.isLinearizable(events)
        }
    }
}
