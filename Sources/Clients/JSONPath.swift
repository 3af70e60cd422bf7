import PolygraphHistory

/// Where in a JSON document a value is: `$`, `$.value`, `$.kvs[0].value`, `$["a b"]`.
public struct JSONPath: Hashable, Sendable, CustomStringConvertible {
    private enum Step: Hashable, Sendable {
        case field(String)
        case element(Int)
    }

    private let steps: [Step]
    /// As it was written.
    public let description: String

    /// - Throws: `TemplateError` with the place at which it stops making sense.
    public init(_ text: String) throws(TemplateError) {
        let bytes = Array(text.utf8)
        var steps: [Step] = []
        func fail(_ what: String, _ offset: Int) -> TemplateError {
            TemplateError("`\(text)` is no path such as `$.value` or `$.items[0].id`: \(what)", offset: offset)
        }
        guard bytes.first == UInt8(ascii: "$") else { throw fail("it begins with `$`", 0) }
        var position = 1
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: ".") {
                let rest = bytes[(position + 1)...]
                let name = rest.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") }
                if name.isEmpty { throw fail("a field's name is missing after `.`", position) }
                steps.append(.field(String(decoding: name, as: UTF8.self)))
                position = name.endIndex
            } else if bytes[position] == UInt8(ascii: "[") {
                guard let close = bytes[position...].firstIndex(of: UInt8(ascii: "]")) else {
                    throw fail("`[` is never closed", position)
                }
                let inside = bytes[(position + 1)..<close]
                if let quote = inside.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                    inside.count >= 2, inside.last == quote
                {
                    steps.append(.field(String(decoding: inside.dropFirst().dropLast(), as: UTF8.self)))
                } else if let number = Int(String(decoding: inside, as: UTF8.self)), number >= 0 {
                    steps.append(.element(number))
                } else {
                    throw fail("inside `[ ]` is a number from 0, or a name in quotes", position + 1)
                }
                position = close + 1
            } else {
                throw fail("`.name` or `[0]` is expected here", position)
            }
        }
        self.steps = steps
        description = text
    }

    /// The value at this place, or nil when there is none.
    public func value(in document: Value) -> Value? {
        var current = document
        for step in steps {
            switch step {
            case .field(let name):
                guard let next = current[name] else { return nil }
                current = next
            case .element(let index):
                guard case .list(let elements) = current, index < elements.count else { return nil }
                current = elements[index]
            }
        }
        return current
    }
}
