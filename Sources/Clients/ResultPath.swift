import PolygraphHistory

/// Where in an answer a result is, and how it is spelled there: `$.value`, `$.kvs[0].value | base64 | json`.
public struct ResultPath: Hashable, Sendable, CustomStringConvertible {
    /// What a text in the answer stands for.
    private enum Filter: String, CaseIterable {
        /// The bytes of another text.
        case base64
        /// A JSON value of its own: `"5"` is 5.
        case json

        /// Nil where the text is no such thing.
        func apply(to value: Value) -> Value? {
            guard let text = value.stringValue else { return nil }
            switch self {
            case .base64: return Base64.decode(text).map(Value.string)
            case .json: return try? JSONParser.parse(Array(text.utf8))
            }
        }
    }

    private let path: JSONPath
    private let filters: [Filter]
    /// As it was written.
    public let description: String

    /// - Throws: `TemplateError` with the place at which it stops making sense.
    public init(_ text: String) throws(TemplateError) {
        // A field's name in brackets may have any character.
        let filtersBegin = text[(text.lastIndex(of: "]") ?? text.startIndex)...].firstIndex(of: "|") ?? text.endIndex
        path = try JSONPath(Self.trimmed(text[..<filtersBegin]))
        let parts = text[filtersBegin...].split(separator: "|", omittingEmptySubsequences: false).map(Self.trimmed)
        var filters: [Filter] = []
        for part in parts.dropFirst() {
            guard let filter = Filter(rawValue: part) else {
                let known = Filter.allCases.map(\.rawValue)
                throw TemplateError(
                    "there is no filter `\(part)`\(Spelling.suggestion(for: part, among: known)) "
                        + "(there are: \(known.joined(separator: ", ")))")
            }
            filters.append(filter)
        }
        self.filters = filters
        description = text
    }

    /// The result.
    /// - Returns: nil where there is nothing at this place.
    /// - Throws: what is there instead of what the filters expect.
    public func value(in document: Value) throws(TemplateError) -> Value? {
        guard var value = path.value(in: document) else { return nil }
        for filter in filters {
            guard let next = filter.apply(to: value) else {
                throw TemplateError("\(value) is not \(filter.rawValue)")
            }
            value = next
        }
        return value
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
