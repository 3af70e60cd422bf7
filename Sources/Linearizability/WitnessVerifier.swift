import PolygraphHistory
import PolygraphModels

/// Replays a claimed order against the history itself.
///
/// It takes nothing from the engines: it pairs, filters and judges the operations anew, so that a defect of an engine
/// cannot make a history look valid.
struct WitnessVerifier<M: Model>: Sendable {
    private let model: M
    private let columns: EventColumns
    /// Whether one order holds the operations of all keys.
    private let joinsKeys: Bool
    /// Of each event that is an invocation of a client, what became of it.
    private let outcomes: [Outcome]
    /// Position of the return of each invocation that returned with certainty.
    private let returns: [Int32]
    /// Of each key, by its id one later, the number of operations that must be in its order; 0 is for those without.
    private let required: [Int32]

    private enum Outcome: UInt8 {
        /// No invocation, or one that certainly did not happen.
        case absent
        case happened
        case refused
        case unknown
    }

    /// Checks that `order` (positions of invocations in the history) holds every operation of the key that was
    /// acknowledged exactly once, of the others at most those that may have taken effect and each at most once, keeps
    /// the order in time of operations that do not overlap, and that the model allows each step.
    /// - Returns: nil, or what is wrong with the order.
    func fault(in order: [Int], of key: Value?) -> String? {
        var seen = PositionSet(capacity: order.count)
        let keyID = key.map { columns.values.id(of: $0) ?? -2 } ?? EventColumns.none
        var state = model.initial
        var latestInvocation = -1
        var found: Int32 = 0
        for start in stride(from: 0, to: order.count, by: 512) {
            // First what lies all over the history, with nothing in between that would wait for it, then the steps.
            let block = order[start..<min(start + 512, order.count)]
            for position in block {
                guard position >= 0, position < outcomes.count, outcomes[position] != .absent,
                    joinsKeys || columns.keys[position] == keyID
                else { return "event \(position) is in the order, but it did not take effect on this key" }
                guard seen.insert(position) else { return "event \(position) is in the order twice" }
                let outcome = outcomes[position]
                // Whatever stands earlier must have been invoked before this one returned.
                guard outcome == .unknown || latestInvocation < Int(returns[position]) else {
                    return
                        "event \(position) had returned before event \(latestInvocation) was invoked, but stands after it"
                }
                latestInvocation = max(latestInvocation, position)
                if outcome != .unknown { found += 1 }
            }
            let inputs = block.map { columns.valueIDs[$0] }
            let outputs = block.map { outcomes[$0] == .happened ? columns.valueIDs[Int(returns[$0])] : -1 }
            for (place, position) in block.enumerated() {
                guard model.apply(call(position, inputs[place], outputs[place], key), to: &state) else {
                    return "the model does not allow event \(position) where it stands"
                }
            }
        }
        if found == requiredCount(keyID) { return nil }
        let listed = Set(order)
        let missing = outcomes.indices.first {
            (outcomes[$0] == .happened || outcomes[$0] == .refused) && (joinsKeys || columns.keys[$0] == keyID)
                && !listed.contains($0)
        }
        return "event \(missing ?? -1) was acknowledged, but is missing from the order"
    }

    private func requiredCount(_ id: Int32) -> Int32 { id < -1 || id + 2 > required.count ? 0 : required[Int(id) + 1] }

    private func call(_ position: Int, _ input: Int32, _ output: Int32, _ key: Value?) -> Call {
        Call(
            function: columns.functionNames[Int(columns.functions[position])],
            input: columns.values[input],
            output: output < 0 ? nil : .some(columns.values[output]),
            outcome: output >= 0 ? .happened : outcomes[position] == .refused ? .refused : .unknown,
            process: model.needsProcess ? Int(columns.processes[position]) : nil,
            key: !joinsKeys ? key : columns.keys[position] < 0 ? nil : .some(columns.values[columns.keys[position]]))
    }

    /// Checks one order for every key of the history, as `fault` does; a key without an order must need none.
    /// - Returns: nil, or what is wrong with the first key that is wrong, in no particular order.
    func fault(inAll orders: [Value?: [Int]]) -> String? {
        for id in required.indices where required[id] > 0 {
            let key = id == 0 ? Value?.none : columns.values[Int32(id - 1)]
            if let fault = fault(in: orders[key] ?? [], of: key) {
                return (key.map { "key \($0): " } ?? "") + fault
            }
        }
        for (key, order) in orders where !order.isEmpty {
            let id = key.map { columns.values.id(of: $0) ?? -2 } ?? EventColumns.none
            if requiredCount(id) > 0 { continue }
            if let fault = fault(in: order, of: key) { return (key.map { "key \($0): " } ?? "") + fault }
        }
        return nil
    }

    init(_ history: History, model: M, failedCAS: LinearizabilityOptions.FailedCAS) {
        self.model = model
        joinsKeys = model is any JoinsKeys
        columns = history.columns
        var outcomes = [Outcome](repeating: .absent, count: history.columns.count)
        var returns = [Int32](repeating: -1, count: history.columns.count)
        var required = [Int32](repeating: 0, count: joinsKeys ? 1 : Int(columns.keys.max() ?? -1) + 2)
        let processes = Self.small(columns.processes)
        var open = [Int32](repeating: -1, count: Int(processes.max() ?? -1) + 1)
        let mismatch = columns.errorTexts.firstIndex(of: "mismatch") ?? -2
        for position in outcomes.indices where columns.processes[position] >= 0 {
            let process = Int(processes[position])
            if columns.kinds[position] == .invoke {
                open[process] = Int32(position)
                outcomes[position] = .unknown
                continue
            }
            let start = Int(open[process])
            if start < 0 { continue }
            open[process] = -1
            switch columns.kinds[position] {
            case .ok: outcomes[start] = .happened
            case .fail:
                let isObservation =
                    columns.functionNames[Int(columns.functions[start])] == "cas"
                    && failedCAS.observes(isMismatch: Int(columns.error(position)) == mismatch)
                outcomes[start] = isObservation ? .refused : .absent
            case .info, .invoke: continue
            }
            returns[start] = Int32(position)
            if outcomes[start] != .absent {
                required[joinsKeys ? 0 : Int(columns.keys[start]) + 1] += 1
            }
        }
        self.outcomes = outcomes
        self.returns = returns
        self.required = required
    }

    /// The numbers of processes, or others in their place where they are too large to count by.
    private static func small(_ processes: [Int32]) -> [Int32] {
        if processes.max() ?? 0 <= processes.count { return processes }
        var numbers: [Int32: Int32] = [:]
        return processes.map { process in
            if process >= 0 && numbers[process] == nil { numbers[process] = Int32(numbers.count) }
            return numbers[process] ?? process
        }
    }
}
