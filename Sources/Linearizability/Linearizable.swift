import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// Decides whether every operation of a history can have taken effect at one instant between its invocation and its
/// completion, so that the model allows the sequence.
///
/// Each key is decided alone. `valid` rests on an order that was replayed against the history, `invalid` on an
/// impossible part of it that a second search examined; a key that the budget does not suffice for is `unknown`.
public struct Linearizable: Checker {
    public let name = "linearizable"
    public let model: any Model
    public let options: LinearizabilityOptions

    public init(model: any Model, options: LinearizabilityOptions = LinearizabilityOptions()) {
        self.model = model
        self.options = options
    }

    /// - Parameter modelName: a name of `ModelCatalog`; nil results for any other.
    public init?(modelNamed modelName: String, options: LinearizabilityOptions = LinearizabilityOptions()) {
        guard let model = ModelCatalog.model(named: modelName) else { return nil }
        self.init(model: model, options: options)
    }

    public func check(_ history: History) -> CheckResult {
        // By its type, the check of a model becomes code of its own; the most used ones are worth it.
        switch model {
        case let model as Register: check(history, model)
        case let model as CASRegister: check(history, model)
        case let model as FIFOQueue: check(history, model)
        case let model as LIFOStack: check(history, model)
        default: check(history, model)
        }
    }

    private func check<M: Model>(_ history: History, _ model: M) -> CheckResult {
        JoinedKeys.isNeeded(history, model)
            ? LinearizabilityCheck(history: history, model: JoinedKeys(base: model), options: options).run()
            : LinearizabilityCheck(history: history, model: model, options: options).run()
    }
}
