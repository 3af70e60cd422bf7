import PolygraphHistory
import PolygraphModels

/// One operation of a partition as the engines see it: an interval in the order of record, and a call.
struct PartitionOperation: Sendable {
    /// The rank of an end that never came.
    static let never = Int32.max

    /// Position of the invocation in the history, which is also its rank in time.
    var invoked: Int32
    /// Position of the completion in the history; `never` when the operation may take effect at any later time, or
    /// not at all.
    var returned: Int32
    var call: Call

    /// Whether it must have taken effect.
    var isMandatory: Bool { returned != Self.never }
}

/// The operations of a history that concern one key, in the order of their invocations.
///
/// What cannot constrain or change anything is left out: operations that failed (they did not happen), and
/// observers whose answer nobody saw.
struct Partition: Sendable {
    /// The key; nil for operations without one.
    var key: Value?
    var operations: [PartitionOperation] = []
    /// Invocations in the history, the ones left out included.
    var invocations = 0
    /// The first call that the model cannot judge, in words; the partition is then undecidable.
    var problem: String?

    /// Splits a history by key, in the order in which keys first appear.
    ///
    /// A history is linearizable if and only if each object's part is (Herlihy and Wing, 1990), so each part can be
    /// decided alone.
    static func split(_ history: History, model: some Model, failedCAS: LinearizabilityOptions.FailedCAS) -> [Partition]
    {
        var partitions: [Partition] = []
        var places: [Value?: Int] = [:]
        for (position, invocation) in history.operations.enumerated()
        where invocation.kind == .invoke && invocation.process != .nemesis {
            let place =
                places[invocation.key]
                ?? {
                    partitions.append(Partition(key: invocation.key))
                    places[invocation.key] = partitions.count - 1
                    return partitions.count - 1
                }()
            partitions[place].invocations += 1
            partitions[place].add(invocation, at: position, in: history, model: model, failedCAS: failedCAS)
        }
        return partitions
    }

    private mutating func add(
        _ invocation: Operation, at position: Int, in history: History, model: some Model,
        failedCAS: LinearizabilityOptions.FailedCAS
    ) {
        let completion = history.completion(of: position)
        var call = Call(
            function: invocation.function, input: invocation.value, output: nil, outcome: .unknown,
            process: model.needsProcess ? invocation.process.number : nil, key: invocation.key)
        var returned = PartitionOperation.never
        switch completion?.kind {
        case .ok:
            call.output = completion?.value
            call.outcome = .happened
            returned = history.partner[position]
        case .fail:
            guard failedCAS == .observes, invocation.function == "cas", completion?.error == "mismatch" else { return }
            call.outcome = .refused
            returned = history.partner[position]
        default: break
        }
        if problem == nil, let found = model.problem(with: call) {
            problem = "operation \(invocation.index): \(found)"
        }
        if call.outcome == .unknown && model.isObserver(call) { return }
        operations.append(PartitionOperation(invoked: Int32(position), returned: returned, call: call))
    }
}

extension PartitionOperation {
    /// The same operation when nobody knows whether it took effect. What it answered is kept: if it did take
    /// effect, then with that answer.
    var relaxed: PartitionOperation {
        PartitionOperation(invoked: invoked, returned: Self.never, call: call)
    }
}
