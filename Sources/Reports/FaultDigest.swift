import PolygraphChecking
import PolygraphHistory

// What a report that has little room says of a fault: nodes in ranges, equal nodes together, nothing that is zero.

extension RecordedFault {
    /// `partition halves: n1 n2 cut from n3-n5`; without the title where the summary begins with the fault's word.
    var whatWasDone: String {
        let text = NodeNames.inRanges(summary)
        if text.isEmpty { return title }
        let word = function.prefix { $0 != "-" }
        return text.hasPrefix(word) ? text : "\(title): \(text)"
    }

    /// `proved: n1-n5 bytes lost 24,480-24,555, files rolled back 1`
    var whatProvesIt: String {
        if let failure { return "\(state): \(failure)" }
        if isSkipped { return "skipped: \(proof["skipped"]?.stringValue ?? "")" }
        if let refusal { return "\(state): \(refusal)" }
        let digest = ProofDigest(proofAtTheEnd).text
        return digest.isEmpty ? state : "\(state): \(digest)"
    }

    /// The measured facts of the injection, with what was counted until the end instead of what had been counted when
    /// it began. What else was measured at the end is about the undo.
    private var proofAtTheEnd: [String: Value] {
        var facts = proof
        for (name, value) in undoProof {
            if Self.isCounted(name, value) { facts[name] = value }
            let counts = (value.fields ?? [:]).filter { Self.isCounted($0.key, $0.value) }
            if counts.isEmpty || facts[name]?.stringValue != nil { continue }
            facts[name] = .object((facts[name]?.fields ?? [:]).merging(counts) { $1 })
        }
        return facts
    }

    private static let counted: Set<String> = [
        "wrong_answers", "resets", "mean_delay_ns", "kills", "starts", "restarted", "calls_hit", "calls_matched",
        "out_of_memory_kills", "held_up", "held_up_ns", "stops", "stopped_ns",
    ]

    private static func isCounted(_ name: String, _ value: Value) -> Bool {
        value.integerValue != nil && (counted.contains(name) || name.hasPrefix("frames_"))
    }
}

extension FaultLog {
    /// How many the system under test, or the rules for its members, refused.
    var refused: Int { faults.count { !$0.isSkipped && $0.refusal != nil } }
}

/// The measured facts of a fault in few words.
struct ProofDigest {
    let text: String

    /// How something was measured, and how long that took, is for those who look closer.
    private static let omitted: Set<String> = ["elapsed_ns", "method", "elapsed"]

    init(_ proof: [String: Value]) {
        var parts: [String] = []
        // By node where the facts are of nodes, with what is the same said once.
        var nodes: [String] = []
        var facts: [String: [Value]] = [:]
        var remarks: [String: [String]] = [:]
        for name in proof.keys.sorted(by: NodeNames.precedes) {
            guard let value = proof[name] else { continue }
            if let fields = value.fields {
                nodes.append(name)
                for (fact, value) in fields where !Self.omitted.contains(fact) {
                    facts[fact, default: []].append(value)
                }
            } else if NodeNames.isOne(name), let remark = value.stringValue {
                remarks[remark, default: []].append(name)
            }
        }
        let shared = facts.keys.sorted().compactMap { Self.together($0, facts[$0] ?? []) }
        if !shared.isEmpty { parts.append(NodeNames.ranges(nodes) + " " + shared.joined(separator: ", ")) }
        for name in proof.keys.sorted() {
            guard let value = proof[name], value.fields == nil, !Self.omitted.contains(name) else { continue }
            if NodeNames.isOne(name), value.stringValue != nil { continue }
            if let phrase = Self.together(name, [value]) { parts.append(phrase) }
        }
        for (remark, names) in remarks.sorted(by: { $0.key < $1.key }) {
            parts.append("\(NodeNames.ranges(names)) \(remark)")
        }
        text = parts.joined(separator: "; ")
    }

    /// One fact of several nodes: the value where all have the same, otherwise from the least to the most; nil where it
    /// is nothing.
    private static func together(_ name: String, _ values: [Value]) -> String? {
        let telling = values.filter { ![.null, .integer(0), .double(0), .bool(false), .string("")].contains($0) }
        guard let first = telling.first else { return nil }
        if telling.allSatisfy({ $0 == .bool(true) }) { return name.replacing("_", with: " ") }
        let least = RecordedFault.phrase(name, first)
        if values.allSatisfy({ $0 == first }) { return least }
        let numbers = values.compactMap(\.integerValue)
        guard numbers.count == values.count, let low = numbers.min(), let high = numbers.max() else {
            return least + " …"
        }
        // The phrase of the greatest ends with its number.
        let words = RecordedFault.phrase(name, .integer(low))
        let title = RecordedFault.title(name)
        return words + " to " + RecordedFault.phrase(name, .integer(high)).dropFirst(title.count + 1)
    }
}

/// Names of nodes that end in a number, in few words.
enum NodeNames {
    /// `n1-n3 n5`
    static func ranges(_ names: [String]) -> String { joined(names.sorted(by: precedes)) }

    /// A text in which runs of neighbours, such as `n1 n2 n3`, are ranges.
    static func inRanges(_ text: String) -> String {
        var words: [String] = []
        var names: [String] = []
        func flush() {
            if !names.isEmpty { words.append(joined(names)) }
            names = []
        }
        for word in text.split(separator: " ", omittingEmptySubsequences: false).map(String.init) {
            let name = word.hasSuffix(":") || word.hasSuffix(",") ? String(word.dropLast()) : word
            if isOne(name) {
                names.append(name)
                if name == word { continue }
                flush()
                words[words.count - 1] += word.suffix(1)
            } else {
                flush()
                words.append(word)
            }
        }
        flush()
        return words.joined(separator: " ")
    }

    /// Whether this is `n` and a number.
    static func isOne(_ word: String) -> Bool { number(word) != nil }

    /// By number, and by letter where there is none.
    static func precedes(_ left: String, _ right: String) -> Bool {
        (number(left) ?? .max, left) < (number(right) ?? .max, right)
    }

    private static func number(_ word: String) -> Int? {
        guard word.first == "n", word.count > 1, word.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        return Int(word.dropFirst())
    }

    /// In the order given, three or more in a row as a range.
    private static func joined(_ names: [String]) -> String {
        var parts: [String] = []
        var start = 0
        while start < names.count {
            var end = start
            while end + 1 < names.count, let here = number(names[end]), number(names[end + 1]) == here + 1 { end += 1 }
            if end - start >= 2 {
                parts.append("\(names[start])-\(names[end])")
            } else {
                parts += names[start...end]
            }
            start = end + 1
        }
        return parts.joined(separator: " ")
    }
}
