import PolygraphChecking
import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels
import Testing

/// What the random histories are worth: a model that tells the checker something wrong about itself is found out by
/// them.
@Suite struct MutationTests {
    /// A model with one defect.
    private struct Mutant<Base: Model>: Model {
        enum Defect: String, CaseIterable, Sendable {
            /// Every call is said to change nothing.
            case everythingObserves
            /// A shape lets through what it should stop.
            case shapesStopNothing
            /// A shape leaves the state as it is.
            case shapesChangeNothing
            /// A call of unknown outcome changes nothing.
            case crashesDoNothing
            /// A call is allowed where it should be, and changes nothing.
            case changesNothing
        }

        let base: Base
        let defect: Defect

        var name: String { base.name }
        var initial: Base.State { base.initial }
        // The deciders of families ask no model.
        var family: ModelFamily { .general }
        var needsProcess: Bool { base.needsProcess }
        func problem(with call: Call) -> String? { base.problem(with: call) }
        func parts(of call: Call) -> [Value]? { base.parts(of: call) }

        func step(_ state: Base.State, _ call: Call) -> Base.State? {
            let next = base.step(state, call)
            switch defect {
            case .crashesDoNothing: return call.outcome == .unknown ? state : next
            case .changesNothing: return next == nil ? nil : state
            default: return next
            }
        }

        func isObserver(_ call: Call) -> Bool { defect == .everythingObserves || base.isObserver(call) }

        func shape(of call: Call) -> Shape<Base.State>? {
            guard var shape = base.shape(of: call) else { return nil }
            switch defect {
            case .shapesStopNothing: shape.guard = .always
            case .shapesChangeNothing:
                if call.outcome != .unknown { shape.target = nil }
            case .crashesDoNothing, .changesNothing: return nil
            case .everythingObserves: break
            }
            return shape
        }
    }

    /// The seed of the first history on which the mutant gets another verdict than the model deserves.
    private static func discovery<M: Model>(
        _ vocabulary: ModelVocabulary, _ model: M, _ mutate: (M) -> any Model
    ) -> UInt64? {
        let generator = RandomModelHistory(vocabulary, model)
        let oracle = ExhaustiveSearch(model)
        let mutant = mutate(model)
        return (0..<3_000 as Range<UInt64>).first { seed in
            let events = generator.make(seed: seed)
            return ModelFuzzTests.verdict(events, mutant) != (oracle.isLinearizable(events) ? .valid : .invalid)
        }
    }

    private static func isFound<M: Model>(_ vocabulary: ModelVocabulary, _ model: M, _ defect: String) -> Bool {
        discovery(vocabulary, model) { Mutant(base: $0, defect: .init(rawValue: defect) ?? .everythingObserves) } != nil
    }

    private static func named(_ name: String) throws -> ModelVocabulary {
        try #require(ModelVocabulary.all.first { $0.model.name == name })
    }

    @Test(arguments: [
        "register", "cas-register", "multi-register", "kv", "string-kv", "owner-mutex", "fifo-queue", "stack",
        "unordered-queue", "priority-queue", "set", "g-set", "counter", "fetch-and-add", "log", "leader",
    ])
    func historiesFindWrongSteps(name: String) throws {
        let vocabulary = try Self.named(name)
        for defect in ["crashesDoNothing", "changesNothing"] where name != "leader" || defect != "crashesDoNothing" {
            let isFound = Self.isFound(vocabulary, vocabulary.model, defect)
            #expect(isFound, "\(defect)")
        }
    }

    @Test(arguments: ["register", "cas-register", "owner-mutex", "fifo-queue", "counter", "set", "log"])
    func historiesFindCallsThatOnlyPretendToObserve(name: String) throws {
        let vocabulary = try Self.named(name)
        let isFound = Self.isFound(vocabulary, vocabulary.model, "everythingObserves")
        #expect(isFound)
    }

    @Test(arguments: ["register", "cas-register", "owner-mutex"])
    func historiesFindWrongShapes(name: String) throws {
        let vocabulary = try Self.named(name)
        for defect in ["shapesStopNothing", "shapesChangeNothing"] {
            let isFound = Self.isFound(vocabulary, vocabulary.model, defect)
            #expect(isFound, "\(defect)")
        }
    }
}
