import PolygraphHistory
import PolygraphModels

extension LinearizabilityOptions {
    /// How a history is read, in one sentence without a full stop; the readings of different tools differ, and decide
    /// verdicts. Only what the history has is spoken of.
    func readings(of model: some Model, in history: History) -> String {
        let present = ReadingKinds(history)
        var parts: [String] = []
        if let semaphore = model as? CountingSemaphore {
            parts.append("\(Phrases.count(Int(semaphore.permits), "permit")) in all")
        }
        parts.append("initial value \(Self.text(of: model.initial))")
        if present.failedCAS {
            switch failedCAS {
            case .mismatch: parts.append("a cas that failed with the error mismatch shows that the value was another")
            case .observes: parts.append("a failed cas shows that the value was another")
            case .ignored: parts.append("a failed cas shows nothing")
            }
        }
        if present.readOfNull {
            switch Self.nilRead(of: model) {
            case nil: break
            case .value: parts.append("a read of null shows that there was nothing")
            case .any: parts.append("a read of null shows nothing")
            }
        }
        let saysMore = present.failedCAS && failedCAS != .ignored
        if present.otherFailure || present.failedCAS && failedCAS == .ignored {
            parts.append("\(saysMore ? "any other" : "a") failed operation did not happen")
        }
        if present.unknownOutcome {
            parts.append(
                "an operation of unknown outcome took effect at any time after its invocation, or never")
        }
        return parts.joined(separator: "; ")
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

/// Which kinds of operations a history has, of those that can be read in more than one way.
struct ReadingKinds {
    private(set) var failedCAS = false
    /// Something other than a cas that failed.
    private(set) var otherFailure = false
    private(set) var readOfNull = false
    private(set) var unknownOutcome = false

    init(_ history: History) {
        let columns = history.columns
        let isCAS = columns.functionNames.map { $0 == "cas" }
        let isRead = columns.functionNames.map { $0 == "read" }
        for position in 0..<columns.count where columns.processes[position] != EventColumns.nemesis {
            let function = Int(columns.functions[position])
            switch columns.kinds[position] {
            case .invoke: if columns.partner[position] < 0 { unknownOutcome = true }
            case .info: unknownOutcome = true
            case .fail: if isCAS[function] { failedCAS = true } else { otherFailure = true }
            case .ok:
                if isRead[function], !readOfNull, columns.values[columns.valueIDs[position]] == .null {
                    readOfNull = true
                }
            }
        }
    }
}
