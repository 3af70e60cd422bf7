import PolygraphChecking
import PolygraphHistory

extension RecordedFault {
    /// The measured facts as short phrases: `frames cut 312`, `n1: measured offset 60 s`.
    func proofPhrases(undo: Bool = false) -> [String] {
        let facts = undo ? undoProof : proof
        return facts.sorted { $0.key < $1.key }.map { Self.phrase($0.key, $0.value) }
    }

    /// A fact as a phrase: its name, then its value with a unit.
    static func phrase(_ name: String, _ value: Value) -> String {
        if let fields = value.fields {
            return name + ": "
                + fields.sorted { $0.key < $1.key }.map { phrase($0.key, $0.value) }.joined(separator: ", ")
        }
        if isTime(name), let nanoseconds = value.integerValue {
            // Whole offsets are told to the millisecond: "1 min" would hide how exact the measurement is.
            let isLong = nanoseconds.magnitude >= 1_000_000_000
            return title(name) + " " + (isLong ? Units.moment : Units.duration)(nanoseconds)
        }
        let shown = value.stringValue ?? value.integerValue.map { Units.count(Int($0)) } ?? value.description
        return title(name) + " " + shown
    }

    /// The name of a fact in words, without its unit.
    static func title(_ name: String) -> String {
        var words = name.split(separator: "_").map(String.init)
        if words.last == "ns" { words.removeLast() }
        return words.joined(separator: " ")
    }

    private static func isTime(_ name: String) -> Bool {
        let words = name.split(separator: "_")
        return words.last == "ns" || words.contains { ["offset", "elapsed", "skew", "latency", "jump"].contains($0) }
    }
}
