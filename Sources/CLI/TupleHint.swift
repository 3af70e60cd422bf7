import PolygraphHistory

/// Recognises histories of many objects whose values are `[key value]` tuples, as `jepsen.independent` writes them.
enum TupleHint {
    /// Models whose operations may carry `[key, value]` by themselves.
    private static let keyed: Set<String> = ["multi-register", "kv", "string-kv", "leader"]

    /// A sentence where the values look like tuples and nobody said that they are; nil otherwise.
    /// - Parameter model: the name of the model that judges them.
    static func hint(_ history: History, model: String, isIndependent: Bool) -> String? {
        if isIndependent || keyed.contains(model) { return nil }
        let columns = history.columns
        var tuples = 0
        for position in 0..<columns.count
        where columns.kinds[position] == .invoke && columns.processes[position] != EventColumns.nemesis {
            guard columns.keys[position] == EventColumns.none,
                columns.values.pair(columns.valueIDs[position]) != nil
            else { return nil }
            // A cas carries two values without being a tuple.
            if columns.functionNames[Int(columns.functions[position])] != "cas" { tuples += 1 }
        }
        if tuples == 0 { return nil }
        return
            "every value is a list of two, as if it were [key value] of many objects; with --independent each key is "
            + "judged apart"
    }
}
