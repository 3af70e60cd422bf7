import PolygraphHistory
import PolygraphModels

/// The different calls of a partition as small integers, with the shape of each where the model gives one.
///
/// Operations with the same label are interchangeable for the model.
struct LabelTable: Sendable {
    /// How a label restricts the state it can meet.
    enum Condition: UInt8, Sendable {
        case always
        case only
        case allBut
    }

    /// The id of every state that no operation of the search can tell from another (`Schedule`).
    static let indistinct: Int32 = 0

    private(set) var calls: [Call] = []
    private(set) var isObserver: [Bool] = []
    /// Whether every call has a shape; the fields below are filled only then.
    private(set) var isShaped = true
    private(set) var condition: [Condition] = []
    /// The state that the condition names; -1 without one.
    private(set) var conditionState: [Int32] = []
    /// The state that the label leads to; -1 for an observer.
    private(set) var target: [Int32] = []
    private(set) var initial: Int32 = -1
    /// Number of state ids, `indistinct` included.
    private(set) var stateCount: Int32 = 1
    /// The label of each operation of the partition.
    private(set) var labels: [Int32] = []
    /// The first operation that the model cannot judge, by its place, and why not.
    private(set) var problem: (place: Int, text: String)?

    init<M: Model>(_ operations: [PartitionOperation], columns: EventColumns, model: M) {
        var shaped: [Shape<M.State>: Int32] = [:]
        var states: [M.State: Int32] = [:]
        var next: Int32 = 1
        func id(of state: M.State) -> Int32 {
            if let known = states[state] { return known }
            states[state] = next
            next += 1
            return next - 1
        }
        initial = id(of: model.initial)
        labels.reserveCapacity(operations.count)
        var known = SignatureIndex(capacity: min(operations.count, 1 << 16))
        for (place, operation) in operations.enumerated() {
            let position = Int(operation.invoked)
            let (found, slot) = known.find(Signature(columns, position, withProcess: model.needsProcess))
            if found >= 0 {
                labels.append(found)
                continue
            }
            let call = columns.call(position, needsProcess: model.needsProcess)
            if problem == nil, let text = model.problem(with: call) { problem = (place, text) }
            // Calls of one shape are one label, however they were answered: a write that nobody heard of again is
            // the same as one that was acknowledged.
            let shape = model.shape(of: call)
            if let shape, let same = shaped[shape] {
                known.set(slot, same)
                labels.append(same)
                continue
            }
            let label = Int32(calls.count)
            known.set(slot, label)
            labels.append(label)
            calls.append(call)
            isObserver.append(model.isObserver(call) || (shape != nil && shape?.target == nil))
            guard let shape else {
                isShaped = false
                continue
            }
            shaped[shape] = label
            switch shape.guard {
            case .always:
                condition.append(.always)
                conditionState.append(-1)
            case .only(let state):
                condition.append(.only)
                conditionState.append(id(of: state))
            case .allBut(let state):
                condition.append(.allBut)
                conditionState.append(id(of: state))
            }
            target.append(shape.target.map(id(of:)) ?? -1)
        }
        stateCount = next
    }
}

/// What tells one call from another, in ids: function, process where it matters, input, output or outcome, and the key,
/// which differs where operations of several keys are judged together.
private struct Signature {
    let first: UInt64
    let second: UInt64
    let key: Int32

    init(_ columns: EventColumns, _ position: Int, withProcess: Bool) {
        let completion = Int(columns.partner[position])
        var output: Int32 = -1
        if completion >= 0 {
            switch columns.kinds[completion] {
            case .ok: output = columns.valueIDs[completion]
            case .fail: output = -2
            default: break
            }
        }
        let process = withProcess ? UInt64(UInt32(bitPattern: columns.processes[position])) : 0
        key = columns.keys[position]
        first = UInt64(columns.functions[position]) << 32 | process
        second = UInt64(UInt32(bitPattern: columns.valueIDs[position])) << 32 | UInt64(UInt32(bitPattern: output))
    }
}

/// Labels by signature, by open addressing.
private struct SignatureIndex {
    private var first: [UInt64]
    private var second: [UInt64]
    private var keys: [Int32]
    /// -1 where a place is free.
    private var labels: [Int32]
    private var count = 0

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        first = [UInt64](repeating: 0, count: size)
        second = first
        keys = [Int32](repeating: 0, count: size)
        labels = [Int32](repeating: -1, count: size)
    }

    /// - Returns: the label of the signature and its place; -1 and a place of its own where it has none yet.
    mutating func find(_ signature: Signature) -> (label: Int32, slot: Int) {
        if count * 2 >= labels.count { grow() }
        let slot = place(signature.first, signature.second, signature.key)
        if labels[slot] < 0 {
            first[slot] = signature.first
            second[slot] = signature.second
            keys[slot] = signature.key
        }
        return (labels[slot], slot)
    }

    mutating func set(_ slot: Int, _ label: Int32) {
        labels[slot] = label
        count += 1
    }

    private func place(_ one: UInt64, _ two: UInt64, _ key: Int32) -> Int {
        let mask = labels.count - 1
        var place = Int(truncatingIfNeeded: mix(one &* 31 ^ two)) & mask
        while labels[place] >= 0 && (first[place] != one || second[place] != two || keys[place] != key) {
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func grow() {
        let old = self
        first = [UInt64](repeating: 0, count: old.labels.count * 2)
        second = first
        keys = [Int32](repeating: 0, count: first.count)
        labels = [Int32](repeating: -1, count: first.count)
        for place in old.labels.indices where old.labels[place] >= 0 {
            let new = self.place(old.first[place], old.second[place], old.keys[place])
            (first[new], second[new], keys[new], labels[new]) = (
                old.first[place], old.second[place], old.keys[place], old.labels[place]
            )
        }
    }
}
