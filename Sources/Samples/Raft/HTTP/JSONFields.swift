/// A flat JSON object whose members are scalars, each kept as canonical text.
///
/// Canonical text makes equal values equal byte for byte, without rounding: integers and other numbers stay as
/// written, strings are pure ASCII with the shortest of the standard escapes.
struct JSONFields {
    private(set) var fields: [String: String] = [:]
    private var bytes: ArraySlice<UInt8>

    /// - Throws: a sentence that says where the text is not such an object.
    init(parsing text: [UInt8]) throws(HTTPFailure) {
        guard String(validating: text, as: UTF8.self) != nil else { throw HTTPFailure(400, "the body is not UTF-8") }
        bytes = text[...]
        skipSpace()
        try expect("{")
        skipSpace()
        if bytes.first == UInt8(ascii: "}") {
            bytes.removeFirst()
        } else {
            try parseMembers()
        }
        skipSpace()
        guard bytes.isEmpty else { throw HTTPFailure(400, "something follows the JSON object") }
    }

    /// The canonical text of a member, or nil where it is missing. Names are canonical text, too.
    subscript(name: String) -> String? { fields[Self.quoted(name)] }

    private mutating func parseMembers() throws(HTTPFailure) {
        while true {
            skipSpace()
            let name = try parseString()
            skipSpace()
            try expect(":")
            skipSpace()
            guard fields.updateValue(try parseScalar(), forKey: name) == nil else {
                throw HTTPFailure(400, "the member \(name) occurs twice")
            }
            skipSpace()
            guard let next = bytes.popFirst() else { throw HTTPFailure(400, "the JSON object is not closed") }
            if next == UInt8(ascii: "}") { return }
            guard next == UInt8(ascii: ",") else { throw HTTPFailure(400, "expected a comma in the JSON object") }
        }
    }

    private mutating func parseScalar() throws(HTTPFailure) -> String {
        switch bytes.first {
        case UInt8(ascii: "\""): return try parseString()
        case UInt8(ascii: "t"): return try parse(literal: "true")
        case UInt8(ascii: "f"): return try parse(literal: "false")
        case UInt8(ascii: "n"): return try parse(literal: "null")
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            throw HTTPFailure(400, "values are scalars: a number, a string, true, false or null")
        default: return try parseNumber()
        }
    }

    private mutating func parse(literal: String) throws(HTTPFailure) -> String {
        guard bytes.starts(with: literal.utf8) else { throw HTTPFailure(400, "expected \(literal)") }
        bytes.removeFirst(literal.utf8.count)
        return literal
    }

    private mutating func parseNumber() throws(HTTPFailure) -> String {
        let text = bytes.prefix { "+-.eE0123456789".utf8.contains($0) }
        var rest = text
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let hasLeadingZero = rest.first == UInt8(ascii: "0")
        let integerDigits = Self.dropDigits(&rest)
        var isValid = integerDigits == 1 || (integerDigits > 1 && !hasLeadingZero)
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            isValid = isValid && Self.dropDigits(&rest) > 0
        }
        if let mark = rest.first, mark | 32 == UInt8(ascii: "e") {
            rest.removeFirst()
            if let sign = rest.first, "+-".utf8.contains(sign) { rest.removeFirst() }
            isValid = isValid && Self.dropDigits(&rest) > 0
        }
        guard isValid, rest.isEmpty else { throw HTTPFailure(400, "expected a JSON value") }
        bytes.removeFirst(text.count)
        let number = String(decoding: text, as: UTF8.self)
        return number == "-0" ? "0" : number
    }

    private static func dropDigits(_ bytes: inout ArraySlice<UInt8>) -> Int {
        let digits = bytes.prefix { (48...57).contains($0) }.count
        bytes.removeFirst(digits)
        return digits
    }

    // MARK: Strings

    private mutating func parseString() throws(HTTPFailure) -> String {
        try expect("\"")
        var units: [UInt16] = []
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return Self.quoted(units)
            case UInt8(ascii: "\\"): units.append(try parseEscape())
            case 0..<32: throw HTTPFailure(400, "a control character in a string must be escaped")
            case 32..<128: units.append(UInt16(byte))
            default:
                let rest = bytes.prefix { $0 >= 128 }
                bytes.removeFirst(rest.count)
                units.append(contentsOf: String(decoding: [byte] + rest, as: UTF8.self).utf16)
            }
        }
        throw HTTPFailure(400, "a string is not closed")
    }

    private mutating func parseEscape() throws(HTTPFailure) -> UInt16 {
        switch bytes.popFirst() {
        case UInt8(ascii: "\""): return 0x22
        case UInt8(ascii: "\\"): return 0x5C
        case UInt8(ascii: "/"): return 0x2F
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "u"):
            var unit: UInt16 = 0
            for _ in 0..<4 {
                guard let digit = bytes.popFirst().flatMap(PercentEncoding.hexadecimal) else {
                    throw HTTPFailure(400, "expected four hexadecimal digits after \\u")
                }
                unit = unit << 4 | UInt16(digit)
            }
            return unit
        default: throw HTTPFailure(400, "a string holds an unknown escape")
        }
    }

    /// A string as canonical JSON text.
    static func quoted(_ text: String) -> String { quoted(Array(text.utf16)) }

    private static func quoted(_ units: [UInt16]) -> String {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for unit in units {
            switch unit {
            case 0x22: result.append(contentsOf: #"\""#.utf8)
            case 0x5C: result.append(contentsOf: #"\\"#.utf8)
            case 10: result.append(contentsOf: #"\n"#.utf8)
            case 32..<127: result.append(UInt8(unit))
            default:
                let digits = String(unit, radix: 16)
                result.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8)
            }
        }
        result.append(UInt8(ascii: "\""))
        return String(decoding: result, as: UTF8.self)
    }

    // MARK: Characters

    private mutating func skipSpace() { bytes = bytes.drop { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 } }

    private mutating func expect(_ character: Unicode.Scalar) throws(HTTPFailure) {
        guard let first = bytes.first, UInt32(first) == character.value else {
            throw HTTPFailure(400, "expected \(character) in the JSON object")
        }
        bytes.removeFirst()
    }
}
