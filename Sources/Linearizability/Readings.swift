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
            model.family != .register
            ? ""
            : Self.nullReadsConstrain(model)
                ? "; a read of null shows that there was nothing" : "; a read of null shows nothing"
        return
            "initial value \(Self.text(of: model.initial)); \(refused)\(nullRead); any other failed operation did not happen; one of "
            + "unknown outcome took effect at any time after its invocation, or never"
    }

    /// Whether a read that returned null says that the value was null; true for models that know no other reading.
    static func nullReadsConstrain(_ model: some Model) -> Bool {
        switch model {
        case let register as Register: register.nilRead == .value
        case let register as CASRegister: register.nilRead == .value
        default: true
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
