/// Where something was written: a file with line and column, or an option of the command line.
public struct SourceMark: Hashable, Sendable {
    /// The file, or the option: `--set clients.rate=5/s`.
    public var source: String
    /// Counted from 1; nil for an option.
    public var line: Int?
    /// In characters, counted from 1; nil for an option.
    public var column: Int?

    public init(source: String, line: Int? = nil, column: Int? = nil) {
        self.source = source
        self.line = line
        self.column = column
    }

    /// A place further right on the same line.
    func advanced(by characters: Int) -> SourceMark {
        SourceMark(source: source, line: line, column: column.map { $0 + characters })
    }
}

/// A part of a YAML document that still knows where it was written.
public struct YAMLNode: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// `isPlain`: without quotes, so that `5` is a number and `true` a truth value.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the file; no key twice.
        case mapping([Entry])
    }

    /// A key of a mapping with its value.
    public struct Entry: Hashable, Sendable {
        public var key: String
        public var keyMark: SourceMark
        public var value: YAMLNode

        public init(key: String, keyMark: SourceMark, value: YAMLNode) {
            self.key = key
            self.keyMark = keyMark
            self.value = value
        }
    }

    public var content: Content
    public var mark: SourceMark
    /// Characters between the mark and the beginning of a scalar's text, where the two correspond letter by letter;
    /// nil where escapes or several lines keep them apart.
    var textIndent: Int?

    public init(_ content: Content, mark: SourceMark) {
        self.content = content
        self.mark = mark
    }

    /// The value of a key of a mapping.
    public subscript(key: String) -> YAMLNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// Where a byte of a scalar's text was written; the beginning of the scalar where that cannot be told.
    func mark(ofByte offset: Int) -> SourceMark {
        guard case .scalar(let text, _) = content, let textIndent else { return mark }
        let characters = String(decoding: Array(text.utf8.prefix(offset)), as: UTF8.self).unicodeScalars.count
        return mark.advanced(by: textIndent + characters)
    }
}
