/// The reading head for EDN (github.com/edn-format/edn): white space and commas, comments, `#_`, and every kind of
/// form that Clojure prints.
///
/// What EDN has and `Value` has not: keywords and symbols become strings without the colon (`:a/b` is "a/b"), as do
/// characters; a ratio becomes a double, unless it is whole; a set becomes a list in ascending order; the keys of a map
/// become strings; a tag is dropped and what it stands before is kept.
struct EDNScanner {
    typealias Failure = JSONScanner.Failure

    let bytes: UnsafePointer<UInt8>
    let end: Int
    var position: Int
    /// Where the comment begins that the end cut off, if it did.
    private(set) var cutComment: Int?
    private var depth = 0

    init(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
        self.bytes = bytes
        self.end = end
        position = start
    }

    // MARK: - Failures

    /// A mistake. Where the head stands at the end, more bytes might make it right.
    func failure(_ message: String, at offset: Int? = nil) -> Failure {
        Failure(message: message, offset: offset ?? position, isTruncation: position >= end)
    }

    func expected(_ what: String) -> Failure {
        guard position < end else { return failure("expected \(what), but the text ends here") }
        return failure("expected \(what), found \(Self.describe(bytes[position]))")
    }

    private static func describe(_ byte: UInt8) -> String {
        switch byte {
        case 0x21...0x7E: "'\(Character(Unicode.Scalar(byte)))'"
        default: "the byte 0x" + String(byte, radix: 16, uppercase: true)
        }
    }

    // MARK: - Steps

    /// Passes over white space, commas, comments and `#_` with its form.
    @inline(__always)
    mutating func skipSpace() throws(Failure) {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x09...0x0D, UInt8(ascii: ","): position += 1
            case UInt8(ascii: ";"): skipComment()
            case UInt8(ascii: "#"):
                guard position + 1 < end, bytes[position + 1] == UInt8(ascii: "_") else { return }
                try skipDiscarded()
            default: return
            }
        }
    }

    private mutating func skipComment() {
        let start = position
        while position < end, bytes[position] != 0x0A { position += 1 }
        if position == end { cutComment = start }
    }

    private mutating func skipDiscarded() throws(Failure) {
        position += 2
        try deepen()
        _ = try value()
        depth -= 1
    }

    /// Counts one level of nesting, whatever makes it: each takes a piece of the stack.
    private mutating func deepen() throws(Failure) {
        if depth >= JSONParser.depthLimit { throw failure("forms nest deeper than \(JSONParser.depthLimit)") }
        depth += 1
    }

    /// The next byte after white space, not taken; nil at the end.
    @inline(__always)
    mutating func peek() throws(Failure) -> UInt8? {
        try skipSpace()
        return position < end ? bytes[position] : nil
    }

    /// Whether a byte ends a token.
    @inline(__always)
    static func endsToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            true
        default: false
        }
    }

    /// Takes all that belongs to a token.
    @inline(__always)
    mutating func token() -> Range<Int> {
        let start = position
        while position < end, !Self.endsToken(bytes[position]) { position += 1 }
        return start..<position
    }

    func text(_ range: Range<Int>) throws(Failure) -> String {
        let part = UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
        guard let text = String(validating: part, as: UTF8.self) else {
            throw failure("this is not UTF-8", at: range.lowerBound)
        }
        return text
    }

    // MARK: - Forms

    /// Reads any form.
    mutating func value() throws(Failure) -> Value {
        guard let first = try peek() else { throw expected("a value") }
        switch first {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: ":"): return .string(try keyword())
        case UInt8(ascii: "["): return .list(try elements(to: UInt8(ascii: "]")))
        case UInt8(ascii: "("): return .list(try elements(to: UInt8(ascii: ")")))
        case UInt8(ascii: "{"): return .object(try map())
        case UInt8(ascii: "\\"): return .string(try character())
        case UInt8(ascii: "#"): return try dispatched()
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            if position + 1 < end, bytes[position + 1] &- UInt8(ascii: "0") < 10 { return try number() }
            return try symbol()
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): throw expected("a value")
        case 0...0x20, 0x7F: throw expected("a value")
        default: return try symbol()
        }
    }

    /// Reads a keyword, without its colon.
    mutating func keyword() throws(Failure) -> String {
        let token = token()
        guard token.count > 1 else { throw failure("expected the name of a keyword after ':'") }
        return try text(token.lowerBound + 1..<token.upperBound)
    }

    private mutating func symbol() throws(Failure) -> Value {
        let token = token()
        switch try text(token) {
        case "nil": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case let name: return .string(name)
        }
    }

    /// Reads the elements of a vector, list or set; the opening bracket comes next.
    private mutating func elements(to close: UInt8) throws(Failure) -> [Value] {
        try deepen()
        position += 1
        var elements: [Value] = []
        while true {
            guard let byte = try peek() else { throw expected("a value or \(Self.describe(close))") }
            if byte == close {
                position += 1
                depth -= 1
                return elements
            }
            elements.append(try value())
        }
    }

    private mutating func map() throws(Failure) -> [String: Value] {
        try deepen()
        position += 1
        var fields: [String: Value] = [:]
        while true {
            guard let byte = try peek() else { throw expected("a key or '}'") }
            if byte == UInt8(ascii: "}") {
                position += 1
                depth -= 1
                return fields
            }
            let start = position
            let key = try value()
            let name = key.stringValue ?? key.description
            if fields.updateValue(try value(), forKey: name) != nil {
                throw failure("the key \"\(name)\" comes twice in one map", at: start)
            }
        }
    }

    /// Reads what begins with `#`: a set, a symbolic number, a pattern, or a tagged form.
    private mutating func dispatched() throws(Failure) -> Value {
        guard position + 1 < end else {
            position = end
            throw expected("a tag after '#'")
        }
        switch bytes[position + 1] {
        case UInt8(ascii: "{"):
            position += 1
            return .list(Self.ascending(try elements(to: UInt8(ascii: "}"))))
        case UInt8(ascii: "#"): return .string(try text(token()))
        case UInt8(ascii: "\""):
            position += 1
            return .string(try pattern())
        default:
            try tag()
            try deepen()
            defer { depth -= 1 }
            return try value()
        }
    }

    /// Takes a tag with its `#`.
    @discardableResult
    mutating func tag() throws(Failure) -> Range<Int> {
        position += 1
        let name = token()
        if name.isEmpty { throw expected("a tag after '#'") }
        return name
    }

    /// Sets have no order of their own; equal ones must become equal lists.
    private static func ascending(_ elements: [Value]) -> [Value] {
        elements.map { (number: $0.integerValue, text: $0.integerValue == nil ? $0.description : "", value: $0) }
            .sorted { left, right in
                switch (left.number, right.number) {
                case (let left?, let right?): left < right
                case (nil, nil): left.text < right.text
                case (let left, _): left != nil
                }
            }
            .map(\.value)
    }
}
