/// A value in a history: what an operation carries or returns. The data model of JSON, with exact integers.
public enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case list([Value])
    case object([String: Value])

    /// The integer, or nil for any other kind of value.
    public var integerValue: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The string, or nil for any other kind of value.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The truth value, or nil for any other kind of value.
    public var boolValue: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// A number of either kind as a double, or nil for any other kind of value.
    public var doubleValue: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    /// The elements of a list, or nil for any other kind of value.
    public var elements: [Value]? {
        if case .list(let values) = self { values } else { nil }
    }

    /// The fields of an object, or nil for any other kind of value.
    public var fields: [String: Value]? {
        if case .object(let fields) = self { fields } else { nil }
    }

    /// The field of an object; nil where there is none or this is no object.
    public subscript(field: String) -> Value? { fields?[field] }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral
{
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: Value...) { self = .list(elements) }
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
    public init(floatLiteral value: Double) { self = .double(value) }
}

extension Value: CustomStringConvertible {
    /// Compact JSON, with an object's fields in alphabetical order.
    public var description: String {
        var bytes: [UInt8] = []
        JSONWriter.append(self, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
