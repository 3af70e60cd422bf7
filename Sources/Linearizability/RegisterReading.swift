import PolygraphHistory
import PolygraphModels

/// The operations of one key of a register as steps between values, without asking the model about each.
///
/// Made for models of the family `register`, which promise what their functions mean.
struct RegisterReading: Sendable {
    enum Action: UInt8, Sendable {
        /// Leaves `target`.
        case write
        /// Needs `source`.
        case read
        /// Needs `source`, leaves `target`.
        case cas
        /// Needs any value but `source`.
        case refusedCAS
        /// Takes effect in any state, and changes none.
        case idle
        /// Cannot matter: an observer whose answer nobody saw.
        case dropped
    }

    /// An operation; values are ids of the history's table.
    struct Step: Sendable {
        var invoked: Int32
        /// `PartitionOperation.never` where nobody knows whether it took effect.
        var returned: Int32
        var source: Int32
        var target: Int32
        var action: Action
    }

    private(set) var steps: [Step] = []
    /// The id of the value before any operation.
    let initial: Int32
    /// Ids are below this.
    let valueCount: Int

    private enum Role: UInt8 {
        case read
        case write
        case cas
        case unknown
    }

    /// Nil where the model is of another family, or where an operation is not what the family promises.
    init?<M: Model>(_ operations: [PartitionOperation], columns: EventColumns, model: M) {
        guard model.family == .register, let first = model.initial as? Value else { return nil }
        let known = columns.values.id(of: first)
        initial = known ?? Int32(columns.values.count)
        valueCount = columns.values.count + 1
        let roles: [Role] = columns.functionNames.map {
            switch $0 {
            case "read": .read
            case "write": .write
            case "cas": .cas
            default: .unknown
            }
        }
        let nullMatchesAny = Self.nullMatchesAny(model)
        steps.reserveCapacity(operations.count)
        for operation in operations {
            let position = Int(operation.invoked)
            let input = columns.valueIDs[position]
            var step = Step(
                invoked: operation.invoked, returned: operation.returned, source: -1, target: -1, action: .dropped)
            switch roles[Int(columns.functions[position])] {
            case .write:
                step.action = .write
                step.target = input
            case .read:
                if operation.isMandatory {
                    let output = columns.valueIDs[Int(operation.returned)]
                    step.action = nullMatchesAny && output == ValueTable.null ? .idle : .read
                    step.source = output
                }
            case .cas:
                guard let (from, to) = columns.values.pair(input) else { return nil }
                step.source = from
                step.target = to
                step.action = .cas
                if operation.isMandatory && columns.kinds[Int(operation.returned)] == .fail {
                    step.action = .refusedCAS
                    step.target = -1
                }
            case .unknown: return nil
            }
            steps.append(step)
        }
    }

    private init(_ steps: [Step], like other: RegisterReading) {
        self.steps = steps
        initial = other.initial
        valueCount = other.valueCount
    }

    /// The steps at `places` with other returns; an observer that need not have taken effect is dropped.
    func part(_ places: [Int32], returns: [Int32]) -> RegisterReading {
        var part: [Step] = []
        part.reserveCapacity(places.count)
        for (number, place) in places.enumerated() {
            var step = steps[Int(place)]
            step.returned = returns[number]
            if step.returned == PartitionOperation.never && (step.action != .write && step.action != .cas) {
                step.action = .dropped
            }
            part.append(step)
        }
        return RegisterReading(part, like: self)
    }

    /// Whether the model reads a read of null as no observation.
    private static func nullMatchesAny(_ model: some Model) -> Bool {
        let call = Call(function: "read", input: .null, output: .null)
        guard let shape = model.shape(of: call) else { return false }
        if case .always = shape.guard { return true }
        return false
    }
}
