import PolygraphHistory
import PolygraphModels

/// The operations of one key of a register as steps between values, without asking the model about each.
///
/// Made for models of the family `register`, which promise what their functions mean. Values are small numbers, those
/// of the operations' own where the history has many more.
struct RegisterReading {
    enum Action: UInt8 {
        /// Leaves its value.
        case write
        /// Needs its value.
        case read
        /// Needs its value, leaves its target.
        case cas
        /// Needs any value but its own.
        case refusedCAS
        /// Takes effect in any state, and changes none.
        case idle
        /// Cannot matter: an observer whose answer nobody saw.
        case dropped
    }

    /// The intervals; a return of `PartitionOperation.never` where nobody knows whether it took effect.
    let operations: [PartitionOperation]
    /// Of each operation its value, and in the lowest bits its action.
    private let subjects: FlatArray<UInt32>
    /// Of each operation the value that a compare-and-set leaves, and -1 for any other; empty where there are none.
    private let targets: FlatArray<Int32>
    /// The value before any operation.
    let initial: Int32
    /// Values are below this.
    let valueCount: Int
    private let scratch: RegisterZones.Scratch

    private static var actionBits: UInt32 { 3 }

    private enum Role: UInt8 {
        case read
        case write
        case cas
        case unknown
    }

    /// Nil where the model is of another family, or where an operation is not what the family promises.
    init?<M: Model>(
        _ operations: [PartitionOperation], columns: EventColumns, model: M, scratch: RegisterZones.Scratch
    ) {
        guard model.family == .register, let first = model.initial as? Value,
            columns.values.count < 1 << (32 - Self.actionBits) - 1
        else { return nil }
        let roles: [Role] = columns.functionNames.map {
            switch $0 {
            case "read": .read
            case "write": .write
            case "cas": .cas
            default: .unknown
            }
        }
        let unknownInitial = Int32(columns.values.count)
        var values = LocalValues(
            operations.count, of: columns.values.count + 1, first: columns.values.id(of: first) ?? unknownInitial,
            scratch)
        let anyMatches = Self.nullMatchesAny(model) ? ValueTable.null : -1
        let subjects = FlatArray<UInt32>(uninitialized: operations.count)
        var targets = FlatArray<Int32>(uninitialized: 0)
        var place = 0
        for operation in operations {
            let position = Int(operation.invoked)
            var value = columns.valueIDs[position]
            var action = Action.write
            switch roles[Int(columns.functions[position])] {
            case .write: break
            case .read:
                action = .dropped
                if operation.isMandatory {
                    value = columns.valueIDs[Int(operation.returned)]
                    action = value == anyMatches ? .idle : .read
                }
            case .cas:
                guard let (from, to) = columns.values.pair(value) else { return nil }
                value = from
                action = .refusedCAS
                if !operation.isMandatory || columns.kinds[Int(operation.returned)] != .fail {
                    action = .cas
                    if targets.count == 0 { targets = FlatArray(repeating: -1, count: operations.count) }
                    targets[place] = values.number(to)
                }
            case .unknown: return nil
            }
            let number = action.hasValue ? values.number(value) : 0
            subjects.base.advanced(by: place).initialize(
                to: UInt32(bitPattern: number) << Self.actionBits | UInt32(action.rawValue))
            place += 1
        }
        self.operations = operations
        self.subjects = subjects
        self.targets = targets
        self.scratch = scratch
        initial = values.first
        valueCount = values.count
    }

    /// The steps at `places` of another reading with other returns; an observer that need not have taken effect is
    /// dropped.
    private init(_ whole: RegisterReading, _ places: [Int32], returns: [Int32]) {
        var values = LocalValues(places.count, of: whole.valueCount, first: whole.initial, whole.scratch)
        subjects = FlatArray(uninitialized: places.count)
        targets = FlatArray(repeating: -1, count: whole.hasTargets ? places.count : 0)
        operations = places.indices.map {
            PartitionOperation(invoked: whole.operations[Int(places[$0])].invoked, returned: returns[$0])
        }
        for (number, place) in places.enumerated() {
            var action = whole.action(Int(place))
            if returns[number] == PartitionOperation.never && action != .write && action != .cas { action = .dropped }
            let value = action.hasValue ? values.number(whole.value(Int(place))) : 0
            subjects.base.advanced(by: number).initialize(
                to: UInt32(bitPattern: value) << Self.actionBits | UInt32(action.rawValue))
            if action == .cas { targets[number] = values.number(whole.target(Int(place))) }
        }
        scratch = whole.scratch
        initial = values.first
        valueCount = values.count
    }

    /// The steps at `places` with other returns.
    func part(_ places: [Int32], returns: [Int32]) -> RegisterReading {
        RegisterReading(self, places, returns: returns)
    }

    @inline(__always)
    func action(_ place: Int) -> Action {
        Action(rawValue: UInt8(truncatingIfNeeded: subjects[place]) & 7) ?? .dropped
    }

    @inline(__always)
    func value(_ place: Int) -> Int32 { Int32(bitPattern: subjects[place] >> Self.actionBits) }

    /// Whether some operation is a compare-and-set that may have taken effect.
    var hasTargets: Bool { targets.count > 0 }

    /// The value that a compare-and-set leaves; -1 for any other operation.
    @inline(__always)
    func target(_ place: Int) -> Int32 { targets.count == 0 ? -1 : targets[place] }

    /// Whether the model reads a read of null as no observation.
    private static func nullMatchesAny(_ model: some Model) -> Bool {
        let call = Call(function: "read", input: .null, output: .null)
        guard let shape = model.shape(of: call) else { return false }
        if case .always = shape.guard { return true }
        return false
    }
}

extension RegisterReading.Action {
    @inline(__always)
    fileprivate var hasValue: Bool {
        switch self {
        case .write, .read, .cas, .refusedCAS: true
        case .idle, .dropped: false
        }
    }
}

/// The numbers of the values of some operations.
private struct LocalValues {
    private let scratch: RegisterZones.Scratch
    /// Whether values keep their ids.
    private let keepsIDs: Bool
    private(set) var count: Int
    let first: Int32

    init(_ operationCount: Int, of idCount: Int, first: Int32, _ scratch: RegisterZones.Scratch) {
        self.scratch = scratch
        keepsIDs = idCount <= 2 * operationCount + 16
        count = keepsIDs ? idCount : 1
        self.first = keepsIDs ? first : 0
        if !keepsIDs {
            scratch.start(idCount)
            _ = scratch.cluster(of: first, next: 0)
        }
    }

    @inline(__always)
    mutating func number(_ id: Int32) -> Int32 {
        if keepsIDs { return id }
        let number = scratch.cluster(of: id, next: Int32(truncatingIfNeeded: count))
        if number == count { count += 1 }
        return number
    }
}
