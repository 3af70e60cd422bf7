import PolygraphHistory
import PolygraphModels

extension LinearizabilityOptions {
    /// How a history is read, in one sentence without a full stop; the readings of different tools differ, and decide
    /// verdicts.
    func readings(of model: some Model) -> String {
        let refused =
            switch failedCAS {
            case .mismatch: "a cas that failed with the error mismatch shows that the value was another"
            case .observes: "a failed cas shows that the value was another"
            case .ignored: "a failed cas shows nothing"
            }
        let nullRead =
            switch Self.nilRead(of: model) {
            case nil: ""
            case .value: "; a read of null shows that there was nothing"
            case .any: "; a read of null shows nothing"
            }
        let permits =
            (model as? CountingSemaphore).map { "\(Phrases.count(Int($0.permits), "permit")) in all; " } ?? ""
        return
            "\(permits)initial value \(Self.text(of: model.initial)); \(refused)\(nullRead); any other failed operation did not happen; one of "
            + "unknown outcome took effect at any time after its invocation, or never"
    }

    /// Whether a read that returned null says that the value was null; true for models that know no other reading.
    static func nullReadsConstrain(_ model: some Model) -> Bool { nilRead(of: model) != .any }

    /// What a read of null says; nil for models that know no other reading than that the value was null.
    private static func nilRead(of model: some Model) -> NilRead? {
        switch model {
        case let register as Register: register.nilRead
        case let register as CASRegister: register.nilRead
        case let registers as MultiRegister: registers.nilRead
        case let registers as JoinedKeys<MultiRegister>: registers.base.nilRead
        default: model.family == .register ? .value : nil
        }
    }

    /// A state in a sentence.
    static func text<State>(of state: State) -> String {
        switch state {
        case let value as Value: "\(value)"
        case let collection as any Collection where collection.isEmpty: "empty"
        default: "\(state)"
        }
    }
}
