import PolygraphClients
import PolygraphHistory
import PolygraphNemesis

/// Reads which nodes a fault is for: a word, a number, node names, or odds by node name.
struct TargetReading {
    let shape: ClusterShape

    func target(_ reader: NodeReader) -> Target? {
        if reader.isMapping { return weighted(reader) }
        if case .integer(let count) = reader.value { return checked(.count(Int(clamping: count)), reader) }
        let words = Target.words + (shape.nodes == 1 ? ["n1"] : ["n1", "[n1, n2]"])
        let readers = reader.oneOrMore
        guard !readers.isEmpty, readers.allSatisfy({ $0.word != nil }) else {
            reader.expected("a target (\(words.joined(separator: ", ")))")
            return nil
        }
        let given = readers.compactMap(\.word)
        if given.count == 1, Target.words.contains(given[0]) { return checked(Target(.string(given[0]))!, reader) }
        var named: [String] = []
        for (word, reader) in zip(given, readers) {
            if named.contains(word) {
                reader.fail("`\(word)` is named twice")
            } else if shape.names.contains(word) {
                named.append(word)
            } else if Target.words.contains(word) {
                reader.fail("`\(word)` stands alone; a list is for nodes by name")
            } else if !refuseNode(word, reader) {
                reader.fail(
                    "unknown target `\(word)`\(Spelling.suggestion(for: word, among: Target.words)) "
                        + "(known: \(words.joined(separator: ", ")))")
            }
        }
        return named.count == given.count ? .named(named) : nil
    }

    private func checked(_ target: Target, _ reader: NodeReader) -> Target? {
        if let problem = target.problem(in: shape) { reader.fail(problem) }
        return target
    }

    /// `{n1: 3, n2: 1}`
    private func weighted(_ reader: NodeReader) -> Target? {
        guard let entries = reader.entries("odds by node name, such as {n1: 3, n2: 1}") else { return nil }
        var odds: [String: Int64] = [:]
        for (entry, reader) in entries {
            if shape.names.contains(entry.key) {
                odds[entry.key] = reader.integer(0...1_000_000, "odds").map(Int64.init)
            } else if !refuseNode(entry.key, reader) {
                reader.fail("`\(entry.key)` is no node; odds go by node name, such as {n1: 3, n2: 1}")
            }
        }
        if odds.count == entries.count, odds.values.allSatisfy({ $0 == 0 }) {
            reader.fail("all odds are 0: nobody would be hit")
            return nil
        }
        return odds.count == entries.count ? .weighted(odds) : nil
    }

    /// Notes that a name looks like a node's, and is none of this cluster.
    private func refuseNode(_ word: String, _ reader: NodeReader) -> Bool {
        guard word.hasPrefix("n"), word.dropFirst().allSatisfy(\.isNumber), word.count > 1 else { return false }
        let nodes = shape.nodes == 1 ? "n1" : "n1 … n\(shape.nodes)"
        reader.fail("there is no node `\(word)`; the nodes are \(nodes)")
        return true
    }
}
