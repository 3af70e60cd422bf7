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

    init<M: Model>(_ operations: [PartitionOperation], model: M) {
        var ids: [Call: Int32] = [:]
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
        for operation in operations {
            // Calls of one shape are one label, however they were answered: a write that nobody heard of again is
            // the same as one that was acknowledged.
            let shape = model.shape(of: operation.call)
            if let known = shape.map({ shaped[$0] }) ?? ids[operation.call] {
                labels.append(known)
                continue
            }
            let label = Int32(calls.count)
            labels.append(label)
            calls.append(operation.call)
            isObserver.append(model.isObserver(operation.call) || (shape != nil && shape?.target == nil))
            guard let shape else {
                ids[operation.call] = label
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
