import PolygraphHistory

/// A node, as templates know it.
public struct TemplateNode: Hashable, Sendable {
    /// n1, n2, n3, …
    public var name: String
    /// As the other nodes and the clients reach it.
    public var address: String
    /// Counted from 1: n1 is 1.
    public var index: Int
    /// Its data directory.
    public var data: String
    /// Where this program is on its machine; nil: where it is on this one.
    public var program: String?
    /// Where it listens, as far as the workload file says so.
    public var port: UInt16?

    public init(
        name: String, address: String, index: Int, data: String = "", program: String? = nil, port: UInt16? = nil
    ) {
        self.port = port
        self.name = name
        self.address = address
        self.index = index
        self.data = data
        self.program = program
    }
}

/// Text with `{{placeholders}}`, taken apart once. What concerns the node is filled in once a node (`bound`), what
/// concerns the operation once an operation (`render`).
public struct Template: Hashable, Sendable {
    /// How a value is written into its surroundings.
    enum Encoding: Hashable, Sendable {
        /// Strings as they are, everything else as compact JSON.
        case plain
        /// As `plain`, for a part of a URL after the host.
        case percent
        /// For the host of a URL: an IPv6 address gets its brackets.
        case host
        /// A JSON value of its own.
        case json
        /// As `plain`, inside a JSON string.
        case jsonText
    }

    enum Segment: Hashable, Sendable {
        case literal([UInt8])
        case placeholder(Placeholder, Encoding)
    }

    private(set) var segments: [Segment] = []

    init() {}

    /// Takes a text apart.
    /// - Throws: `TemplateError` for a placeholder that does not exist in this scope or is never closed.
    public init(_ text: String, _ scope: PlaceholderScope) throws(TemplateError) {
        try append(text, scope, .plain)
    }

    /// The JSON text of a value whose strings (field names excepted) are templates. A string that is exactly one
    /// placeholder becomes the value itself, with its type: `"{{value}}"` with 3 is 3.
    public init(json value: Value, _ scope: PlaceholderScope) throws(TemplateError) {
        try append(json: value, scope)
    }

    /// A text in which nothing stands for anything.
    public init(literal text: String) { append(literal: Array(text.utf8)) }

    mutating func append(literal bytes: [UInt8]) {
        if bytes.isEmpty { return }
        if case .literal(let earlier) = segments.last {
            segments[segments.count - 1] = .literal(earlier + bytes)
        } else {
            segments.append(.literal(bytes))
        }
    }

    mutating func append(_ placeholder: Placeholder, _ encoding: Encoding) {
        segments.append(.placeholder(placeholder, encoding))
    }

    mutating func append(
        _ text: String, _ scope: PlaceholderScope, _ encoding: Encoding
    ) throws(TemplateError) {
        for piece in try Self.pieces(of: text, scope) {
            switch piece {
            case .literal(let bytes):
                if encoding == .jsonText {
                    append(literal: Self.unquotedJSON(String(decoding: bytes, as: UTF8.self)))
                } else {
                    append(literal: bytes)
                }
            case .placeholder(let placeholder, _): segments.append(.placeholder(placeholder, encoding))
            }
        }
    }

    private mutating func append(json value: Value, _ scope: PlaceholderScope) throws(TemplateError) {
        switch value {
        case .string(let text):
            let pieces = try Self.pieces(of: text, scope)
            if pieces.count == 1, case .placeholder(let placeholder, _) = pieces[0] {
                segments.append(.placeholder(placeholder, .json))
            } else {
                append(literal: Array("\"".utf8))
                try append(text, scope, .jsonText)
                append(literal: Array("\"".utf8))
            }
        case .list(let elements):
            append(literal: Array("[".utf8))
            for (position, element) in elements.enumerated() {
                if position > 0 { append(literal: Array(",".utf8)) }
                try append(json: element, scope)
            }
            append(literal: Array("]".utf8))
        case .object(let fields):
            append(literal: Array("{".utf8))
            for (position, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if position > 0 { append(literal: Array(",".utf8)) }
                append(literal: Array("\(Value.string(field.key)):".utf8))
                try append(json: field.value, scope)
            }
            append(literal: Array("}".utf8))
        default: append(literal: Array(value.description.utf8))
        }
    }

    /// Literals and placeholders in turn; a placeholder's encoding is not yet known.
    private static func pieces(of text: String, _ scope: PlaceholderScope) throws(TemplateError) -> [Segment] {
        let bytes = Array(text.utf8)
        let open = UInt8(ascii: "{")
        let close = UInt8(ascii: "}")
        var pieces: [Segment] = []
        var literal: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == open, position + 1 < bytes.count, bytes[position + 1] == open else {
                literal.append(bytes[position])
                position += 1
                continue
            }
            var end = position + 2
            while end + 1 < bytes.count, !(bytes[end] == close && bytes[end + 1] == close) { end += 1 }
            guard end + 1 < bytes.count else {
                throw TemplateError("`{{` is never closed by `}}`", offset: position)
            }
            let inside = bytes[(position + 2)..<end].split(separator: UInt8(ascii: " ")).joined(separator: [32])
            let name = String(decoding: Array(inside), as: UTF8.self)
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = []
            pieces.append(.placeholder(try scope.placeholder(name, at: position), .plain))
            position = end + 2
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return pieces
    }

    private static func unquotedJSON(_ text: String) -> [UInt8] {
        Array(Value.string(text).description.utf8.dropFirst().dropLast())
    }

    /// The placeholders in it.
    public var placeholders: [Placeholder] {
        segments.compactMap { if case .placeholder(let placeholder, _) = $0 { placeholder } else { nil } }
    }
}
