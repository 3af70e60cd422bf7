import PolygraphHistory
import PolygraphModels

/// One operation of a partition as the engines see it: an interval in the order of record.
struct PartitionOperation: Sendable {
    /// The rank of an end that never came.
    static let never = Int32.max

    /// Position of the invocation in the history, which is also its rank in time.
    var invoked: Int32
    /// Position of the completion in the history; `never` when the operation may take effect at any later time, or
    /// not at all.
    var returned: Int32

    /// Whether it must have taken effect.
    var isMandatory: Bool { returned != Self.never }
}

/// The operations of a history that concern one key (or, for models with independent parts, some parts of it), in the
/// order of their invocations. Operations that failed are left out: they did not happen.
struct Partition: Sendable {
    /// The key; nil for operations without one.
    var key: Value?
    var operations: [PartitionOperation] = []
    /// Invocations in the history, the ones left out included.
    var invocations = 0

    /// Splits a history by key, in the order in which keys first appear.
    ///
    /// A history is linearizable if and only if each object's part is (Herlihy and Wing, 1990), so each part can be
    /// decided alone.
    /// - Parameter joinsKeys: whether all operations stay together, whatever their keys.
    static func split(
        _ history: History, failedCAS: LinearizabilityOptions.FailedCAS, joinsKeys: Bool = false
    ) -> [Partition] {
        let columns = history.columns
        let observes = columns.functionNames.map { $0 == "cas" }
        let mismatch = columns.errorTexts.firstIndex(of: "mismatch").map { Int32($0) } ?? Int32.max
        // Places of the partitions by key id, one later; 0 for keys that have none yet.
        var places = [Int32](repeating: 0, count: columns.values.count + 1)
        var keys: [Int32] = []
        var invocations: [Int] = []
        var kept: [Int] = []
        let count = columns.count
        // Two rounds: the first counts, so that no partition has to grow.
        return columns.kinds.withUnsafeBufferPointer { kinds in
            columns.processes.withUnsafeBufferPointer { processes in
                columns.keys.withUnsafeBufferPointer { keyIDs in
                    columns.partner.withUnsafeBufferPointer { partner in
                        func returned(_ position: Int) -> Int32? {
                            let completion = partner[position]
                            if completion < 0 { return PartitionOperation.never }
                            switch kinds[Int(completion)] {
                            case .ok: return completion
                            case .fail:
                                guard observes[Int(columns.functions[position])],
                                    failedCAS.observes(isMismatch: columns.error(Int(completion)) == mismatch)
                                else { return nil }
                                return completion
                            default: return PartitionOperation.never
                            }
                        }
                        for position in 0..<count where kinds[position] == .invoke && processes[position] >= 0 {
                            let key = joinsKeys ? EventColumns.none : keyIDs[position]
                            let id = Int(key + 1)
                            if places[id] == 0 {
                                keys.append(key)
                                invocations.append(0)
                                kept.append(0)
                                places[id] = Int32(keys.count)
                            }
                            let place = Int(places[id]) - 1
                            invocations[place] += 1
                            if returned(position) != nil { kept[place] += 1 }
                        }
                        var partitions = keys.indices.map { place in
                            var partition = Partition(
                                key: keys[place] < 0 ? nil : .some(columns.values[keys[place]]),
                                invocations: invocations[place])
                            partition.operations.reserveCapacity(kept[place])
                            return partition
                        }
                        for position in 0..<count where kinds[position] == .invoke && processes[position] >= 0 {
                            guard let returned = returned(position) else { continue }
                            partitions[Int(places[joinsKeys ? 0 : Int(keyIDs[position] + 1)]) - 1].operations.append(
                                PartitionOperation(invoked: Int32(position), returned: returned))
                        }
                        return partitions
                    }
                }
            }
        }
    }
}

extension EventColumns {
    /// What a model sees of the operation that was invoked at `position`.
    func call(_ position: Int, needsProcess: Bool = false) -> Call {
        var call = Call(
            function: functionNames[Int(functions[position])], input: values[valueIDs[position]], output: nil,
            outcome: .unknown, process: needsProcess ? Int(processes[position]) : nil,
            key: keys[position] < 0 ? nil : .some(values[keys[position]]))
        let completion = partner[position]
        if completion >= 0 {
            switch kinds[Int(completion)] {
            case .ok:
                call.output = values[valueIDs[Int(completion)]]
                call.outcome = .happened
            case .fail: call.outcome = .refused
            default: break
            }
        }
        return call
    }
}
