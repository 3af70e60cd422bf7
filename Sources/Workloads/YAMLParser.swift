import CYAML

/// Reads one YAML document into a tree (libyaml, YAML 1.1 syntax with 1.2's core types).
public enum YAMLParser {
    /// Bytes of a document.
    static let sizeLimit = 1 << 20
    /// Nodes of the tree, those that aliases repeat included: a file of a few lines can otherwise mean billions.
    static let nodeLimit = 20_000
    static let depthLimit = 50

    /// Reads a document.
    /// - Parameter source: the file's name for messages.
    /// - Throws: `WorkloadFileError` with line and column.
    public static func parse(_ bytes: [UInt8], source: String) throws(WorkloadFileError) -> YAMLNode {
        guard bytes.count <= sizeLimit else {
            throw WorkloadFileError(
                SourceMark(source: source), "the file is larger than \(sizeLimit >> 20) MiB; this is no workload file")
        }
        let events = EventReader(bytes, source: source)
        var composer = TreeComposer(source: source)
        return try composer.document(events)
    }
}

/// What libyaml says, one at a time.
private struct Event {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, sequenceStart, sequenceEnd, mappingStart, mappingEnd
        case alias
        case scalar(String, isPlain: Bool)
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    var mark: SourceMark
    /// As `YAMLNode.textIndent`.
    var textIndent: Int?
}

/// libyaml's parser with its memory.
private final class EventReader {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let source: String

    init(_ bytes: [UInt8], source: String) {
        self.source = source
        // libyaml keeps pointing at its input: it gets memory of its own that does not move.
        input = .allocate(capacity: max(1, bytes.count))
        _ = input.initialize(from: bytes)
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else { fatalError("out of memory") }
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(WorkloadFileError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        var result = Event(kind: .streamEnd, mark: mark(event.start_mark))
        switch event.type {
        case YAML_STREAM_START_EVENT: result.kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: result.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: result.kind = .documentEnd
        case YAML_SEQUENCE_START_EVENT:
            result.kind = .sequenceStart
            result.anchor = text(event.data.sequence_start.anchor)
            result.tag = text(event.data.sequence_start.tag)
        case YAML_SEQUENCE_END_EVENT: result.kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            result.kind = .mappingStart
            result.anchor = text(event.data.mapping_start.anchor)
            result.tag = text(event.data.mapping_start.tag)
        case YAML_MAPPING_END_EVENT: result.kind = .mappingEnd
        case YAML_ALIAS_EVENT:
            result.kind = .alias
            result.anchor = text(event.data.alias.anchor)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            result.kind = .scalar(value, isPlain: isPlain)
            result.anchor = text(scalar.anchor)
            result.tag = text(scalar.tag)
            let quotes = isPlain ? 0 : 1
            let span = Int(event.end_mark.index) - Int(event.start_mark.index)
            if event.start_mark.line == event.end_mark.line, span == value.unicodeScalars.count + 2 * quotes {
                result.textIndent = quotes
            }
        default: result.kind = .streamEnd
        }
        return result
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func mark(_ mark: yaml_mark_t) -> SourceMark {
        SourceMark(source: source, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    /// libyaml's words, with their place.
    private func failure() -> WorkloadFileError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
        if parser.pointee.error == YAML_READER_ERROR {
            let before = input.prefix(Int(parser.pointee.problem_offset))
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
            return WorkloadFileError(
                SourceMark(source: source, line: line, column: column), "\(problem): the file must be text in UTF-8")
        }
        let place = parser.pointee.problem_mark
        var message = "YAML: \(problem)"
        if let context = parser.pointee.context {
            message += " \(String(cString: context))"
            let start = parser.pointee.context_mark
            if start.line != place.line { message += " that began on line \(start.line + 1)" }
        }
        // The mark counts characters; up to here a tab can only be found if bytes are looked at by character.
        let scalars = String(decoding: UnsafeBufferPointer(input), as: UTF8.self).unicodeScalars
        if scalars.dropFirst(Int(place.index)).first == "\t" { message += "; this is a tab: indent with spaces" }
        return WorkloadFileError(mark(place), message)
    }
}

/// Builds the tree.
private struct TreeComposer {
    let source: String
    private var anchors: [String: YAMLNode] = [:]
    private var nodes = 0

    init(source: String) { self.source = source }

    mutating func document(_ events: EventReader) throws(WorkloadFileError) -> YAMLNode {
        _ = try events.next()
        let start = try events.next()
        guard case .documentStart = start.kind else {
            throw WorkloadFileError(SourceMark(source: source, line: 1, column: 1), "the file is empty")
        }
        let root = try node(events, try events.next(), depth: 0)
        _ = try events.next()
        let end = try events.next()
        guard case .streamEnd = end.kind else {
            throw WorkloadFileError(end.mark, "a second document begins here; a file holds one workload")
        }
        return root
    }

    private mutating func node(
        _ events: EventReader, _ event: Event, depth: Int
    ) throws(WorkloadFileError) -> YAMLNode {
        try count(1, event.mark)
        if depth > YAMLParser.depthLimit { throw WorkloadFileError(event.mark, "nested too deeply") }
        if let tag = event.tag {
            throw WorkloadFileError(event.mark, "tags (`\(tag)`) are not understood; leave it out")
        }
        let content: YAMLNode.Content
        switch event.kind {
        case .alias: return try alias(event)
        case .scalar(let text, let isPlain): content = .scalar(text, isPlain: isPlain)
        case .sequenceStart: content = .sequence(try elements(events, depth: depth))
        case .mappingStart: content = .mapping(try entries(events, depth: depth))
        default: throw WorkloadFileError(event.mark, "a value is missing")
        }
        var result = YAMLNode(content, mark: event.mark)
        result.textIndent = event.textIndent
        if let anchor = event.anchor { anchors[anchor] = result }
        return result
    }

    /// A copy of the node that carries the anchor.
    private mutating func alias(_ event: Event) throws(WorkloadFileError) -> YAMLNode {
        let name = event.anchor ?? ""
        guard let original = anchors[name] else {
            throw WorkloadFileError(
                event.mark,
                "there is no anchor `&\(name)` before this alias"
                    + "; text that begins with `*` goes in quotes")
        }
        try count(Self.size(of: original), event.mark)
        return original
    }

    private static func size(of node: YAMLNode) -> Int {
        switch node.content {
        case .scalar: 1
        case .sequence(let elements): elements.reduce(1) { $0 + size(of: $1) }
        case .mapping(let entries): entries.reduce(1) { $0 + size(of: $1.value) }
        }
    }

    private mutating func count(_ more: Int, _ mark: SourceMark) throws(WorkloadFileError) {
        nodes += more
        guard nodes <= YAMLParser.nodeLimit else {
            throw WorkloadFileError(mark, "more than \(YAMLParser.nodeLimit) values, with aliases expanded")
        }
    }

    private mutating func elements(_ events: EventReader, depth: Int) throws(WorkloadFileError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { return elements }
            elements.append(try node(events, event, depth: depth + 1))
        }
    }

    private mutating func entries(_ events: EventReader, depth: Int) throws(WorkloadFileError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return entries }
            let keyNode = try node(events, event, depth: depth + 1)
            guard case .scalar(let key, _) = keyNode.content else {
                throw WorkloadFileError(
                    event.mark, "a key must be a word; a text with `{{placeholders}}` goes in quotes: \"{{…}}\"")
            }
            if let line = lines[key] {
                throw WorkloadFileError(event.mark, "the key `\(key)` stands here again (first on line \(line))")
            }
            lines[key] = event.mark.line ?? 0
            let value = try node(events, try events.next(), depth: depth + 1)
            entries.append(YAMLNode.Entry(key: key, keyMark: event.mark, value: value))
        }
    }
}
