import PolygraphClients
import PolygraphHistory

/// Gathers the mistakes of a file, so that they are reported together.
final class MistakeList {
    private(set) var mistakes: [WorkloadFileError] = []

    func add(_ mistake: WorkloadFileError) { mistakes.append(mistake) }
}

/// Reads one value of a workload file. Whatever is not as expected is noted with its place, and nil is returned: the
/// caller goes on, so that one run finds all mistakes.
struct NodeReader {
    let node: YAMLNode
    /// `faults[1].clock`
    let path: String
    let mistakes: MistakeList

    /// Notes a mistake in this value.
    func fail(_ message: String, at mark: SourceMark? = nil) {
        mistakes.add(WorkloadFileError(mark ?? node.mark, keyPath: path, message))
    }

    /// Notes that this is not what was expected.
    func expected(_ what: String) { fail("expected \(what); found \(found)") }

    /// What is here, in words.
    private var found: String {
        switch node.content {
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .scalar(let text, let isPlain):
            if isPlain, value == .null { return "nothing" }
            return "`\(text)`"
        }
    }

    // MARK: - Scalars

    /// The text of a scalar, whatever it looks like; nil for `null`, lists and mappings.
    var word: String? {
        guard case .scalar(let text, let isPlain) = node.content else { return nil }
        return isPlain && value == .null ? nil : text
    }

    /// A text.
    func string(_ what: String = "a text") -> String? {
        if let word { return word }
        expected(what)
        return nil
    }

    func integer(_ range: ClosedRange<Int>, _ what: String) -> Int? {
        if case .integer(let number) = value, let number = Int(exactly: number), range.contains(number) {
            return number
        }
        expected("\(what) (\(range.lowerBound) … \(range.upperBound))")
        return nil
    }

    func bool() -> Bool? {
        if case .bool(let flag) = value { return flag }
        expected("true or false")
        return nil
    }

    /// One of a few words.
    func choice<Choice>(_ choices: [(word: String, meaning: Choice)], _ what: String) -> Choice? {
        guard let word else {
            expected("\(what) (\(choices.map(\.word).joined(separator: ", ")))")
            return nil
        }
        if let found = choices.first(where: { $0.word == word }) { return found.meaning }
        let words = choices.map(\.word)
        fail(
            "there is no \(what) `\(word)`\(Spelling.suggestion(for: word, among: words)) "
                + "(known: \(words.joined(separator: ", ")))")
        return nil
    }

    /// Nanoseconds.
    func duration(atLeast least: Int64 = 1) -> Int64? {
        guard let word, let duration = Quantity.parseDuration(word) else {
            expected("a duration such as 500ms, 10s or 1m30s")
            return nil
        }
        if duration >= least { return duration }
        fail(
            least <= 1
                ? "must be longer than 0; found `\(word)`"
                : "must be at least \(Quantity.describe(duration: least)); found `\(word)`")
        return nil
    }

    /// Bytes: `512MB`, `2GB`, `64KiB`; decimal and binary units.
    func size(atLeast least: Int64) -> Int64? {
        guard let word, let bytes = Quantity.parseBytes(word) else {
            expected("an amount such as 64KiB, 512MB or 2GB")
            return nil
        }
        if bytes >= least { return bytes }
        fail("must be at least \(Quantity.describe(bytes: least)); found `\(word)`")
        return nil
    }

    /// The value with JSON's types; every text a string.
    var value: Value {
        switch node.content {
        case .scalar(let text, let isPlain): return isPlain ? Self.plain(text) : .string(text)
        case .sequence: return .list(elements.map(\.value))
        case .mapping(let entries):
            return .object(Dictionary(uniqueKeysWithValues: entries.map { ($0.key, child($0).value) }))
        }
    }

    /// A scalar without quotes, by the core rules of YAML 1.2.
    private static func plain(_ text: String) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default:
            if let number = Int64(text) { return .integer(number) }
            // `Double` would also take `nan`, `inf` and hexadecimal digits.
            let digits = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
            if digits, let number = Double(text) { return .double(number) }
            return .string(text)
        }
    }

    // MARK: - Lists and mappings

    var isMapping: Bool { if case .mapping = node.content { true } else { false } }

    /// The elements of a list, or nothing.
    private var elements: [NodeReader] {
        guard case .sequence(let elements) = node.content else { return [] }
        return elements.enumerated().map {
            NodeReader(node: $0.element, path: "\(path)[\($0.offset)]", mistakes: mistakes)
        }
    }

    private func child(_ entry: YAMLNode.Entry) -> NodeReader {
        NodeReader(node: entry.value, path: path.isEmpty ? entry.key : "\(path).\(entry.key)", mistakes: mistakes)
    }

    /// The elements of a list.
    func list(_ what: String) -> [NodeReader]? {
        if case .sequence = node.content { return elements }
        expected(what)
        return nil
    }

    /// The elements of a list, or the value itself as the only one.
    var oneOrMore: [NodeReader] {
        if case .sequence = node.content { return elements }
        return [self]
    }

    /// The entries of a mapping with any keys, in the order of the file.
    func entries(_ what: String) -> [(entry: YAMLNode.Entry, reader: NodeReader)]? {
        guard case .mapping(let entries) = node.content else {
            expected(what)
            return nil
        }
        return entries.map { ($0, child($0)) }
    }

    /// A mapping that has only known keys. Unknown ones are noted.
    func mapping(_ what: String, known: [String]) -> MappingReader? {
        guard let entries = entries("\(what): a mapping with \(Self.keyList(known))") else { return nil }
        for (entry, _) in entries where !known.contains(entry.key) {
            fail(
                "unknown key `\(entry.key)`\(Spelling.suggestion(for: entry.key, among: known)) "
                    + "(known: \(known.joined(separator: ", ")))", at: entry.keyMark)
        }
        return MappingReader(
            reader: self, fields: Dictionary(uniqueKeysWithValues: entries.map { ($0.entry.key, $0.reader) }))
    }

    private static func keyList(_ known: [String]) -> String {
        known.count == 1
            ? "the key `\(known[0])`" : "keys such as \(known.prefix(3).map { "`\($0)`" }.joined(separator: ", "))"
    }
}

/// A mapping whose keys have been looked through.
struct MappingReader {
    let reader: NodeReader
    fileprivate let fields: [String: NodeReader]

    /// The value of a key, or nil when the file does not have it.
    subscript(key: String) -> NodeReader? { fields[key] }

    /// The value of a key that must be there; its absence is noted.
    func required(_ key: String, _ what: String) -> NodeReader? {
        if let field = fields[key] { return field }
        reader.fail("the key `\(key)` is missing: \(what)")
        return nil
    }
}
