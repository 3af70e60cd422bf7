import PolygraphChecking
import PolygraphHistory

extension RecordedFault {
    /// The measured facts as short phrases: `frames cut 312`, `n1: measured offset 60 s`.
    func proofPhrases(undo: Bool = false) -> [String] {
        let facts = undo ? undoProof : proof
        return facts.sorted { $0.key < $1.key }.map { Self.phrase($0.key, $0.value) }
    }

    private static func phrase(_ name: String, _ value: Value) -> String {
        if let fields = value.fields {
            return name + ": "
                + fields.sorted { $0.key < $1.key }.map { phrase($0.key, $0.value) }.joined(separator: ", ")
        }
        var words = name.split(separator: "_").map(String.init)
        let isTime =
            words.last == "ns" || (words.contains { ["offset", "elapsed", "skew", "latency"].contains($0) })
        if isTime, let nanoseconds = value.integerValue {
            if words.last == "ns" { words.removeLast() }
            // Whole offsets are told to the millisecond: "1 min" would hide how exact the measurement is.
            let isLong = nanoseconds.magnitude >= 1_000_000_000
            return words.joined(separator: " ") + " " + (isLong ? Units.moment : Units.duration)(nanoseconds)
        }
        let shown = value.stringValue ?? value.integerValue.map { Units.count(Int($0)) } ?? value.description
        return words.joined(separator: " ") + " " + shown
    }
}
