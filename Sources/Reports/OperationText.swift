import PolygraphHistory

/// An operation of a client: its invocation together with what became of it.
struct Call: Sendable {
    var invocation: Operation
    var completion: Operation?

    /// How it ended; `info` when it never completed.
    var outcome: Operation.Kind { completion?.kind ?? .info }

    /// `read 3 → 2`, `write 3 ← 5`, `cas 3: 1 → 2` (3 being the key): what was asked, and what came back where that
    /// says something new.
    var text: String {
        var text = invocation.function
        if let key = invocation.key { text += " " + Self.short(key) }
        if invocation.function == "cas", let pair = invocation.value.elements, pair.count == 2 {
            return text + (invocation.key == nil ? " " : ": ") + pair[0].description + " → " + pair[1].description
        }
        if invocation.value != .null {
            text += (invocation.key == nil ? " " : " ← ") + invocation.value.description
        }
        if let completion, completion.kind == .ok, completion.value != invocation.value {
            text += " → " + completion.value.description
        }
        return text
    }

    /// A key without quotes where that is clear.
    static func short(_ key: Value) -> String {
        key.stringValue ?? key.description
    }

    /// `process 3 · n2`
    var place: String {
        var text = invocation.process.number.map { "process \($0)" } ?? "nemesis"
        if let node = invocation.node ?? completion?.node { text += " · " + node }
        return text
    }
}

extension History {
    /// The calls whose invocations have these indices (order of record), in the order of record.
    func calls(_ indices: [Int]) -> [Call] {
        let wanted = Set(indices)
        guard !wanted.isEmpty else { return [] }
        return operations.indices.compactMap { position in
            guard wanted.contains(operations[position].index), operations[position].kind == .invoke,
                operations[position].process != .nemesis
            else { return nil }
            return Call(invocation: operations[position], completion: completion(of: position))
        }
    }
}
