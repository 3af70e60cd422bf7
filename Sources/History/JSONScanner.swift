/// The reading head under `JSONParser` and `JSONLines`: goes over bytes once and builds only what it is asked for.
struct JSONScanner {
    /// A mistake in the text.
    struct Failure: Error {
        var message: String
        /// Where, in bytes from the beginning.
        var offset: Int
        /// Whether the text ended where more of it was expected: it may be the beginning of something right.
        var isTruncation = false
    }

    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    private let count: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
        count = bytes.count
    }

    // MARK: Steps

    /// The next byte after white space; not taken.
    private mutating func peek() -> UInt8? {
        while position < count {
            let byte = bytes[position]
            // JSON's white space: space, tab, line feed, carriage return.
            if byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 { return byte }
            position += 1
        }
        return nil
    }

    /// Where the next value begins.
    mutating func valueStart() -> Int {
        _ = peek()
        return position
    }

    func failure(_ message: String, at offset: Int? = nil) -> Failure {
        Failure(message: message, offset: offset ?? position)
    }

    func expected(_ what: String) -> Failure {
        guard position < count else {
            return Failure(message: "expected \(what), but the text ends here", offset: position, isTruncation: true)
        }
        return failure("expected \(what), found \(describe(bytes[position]))")
    }

    private func describe(_ byte: UInt8) -> String {
        switch byte {
        case 0x21...0x7E: "'\(Character(Unicode.Scalar(byte)))'"
        case 0x0A, 0x0D: "the end of the line"
        case 0x20: "a space"
        default: "the byte 0x" + String(byte, radix: 16, uppercase: true)
        }
    }

    /// Takes `byte` after white space if it comes next.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    /// Requires that nothing but white space is left.
    mutating func end() throws(Failure) {
        if peek() != nil { throw failure("expected the end, found \(describe(bytes[position])) after the value") }
    }

    // MARK: Values

    /// Reads any value.
    mutating func value(depth: Int) throws(Failure) -> Value {
        guard let first = peek() else { throw expected("a value") }
        switch first {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .list(try list(depth: depth))
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default: throw expected("a value")
        }
    }

    private mutating func list(depth: Int) throws(Failure) -> [Value] {
        try enter(depth)
        var elements: [Value] = []
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth + 1))
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw expected("',' or ']'") }
            return elements
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> [String: Value] {
        var fields: [String: Value] = [:]
        try members(depth: depth) { (scanner, name, offset) throws(Failure) in
            let value = try scanner.value(depth: depth + 1)
            if fields.updateValue(value, forKey: name) != nil {
                throw scanner.failure("the field \"\(name)\" comes twice in one object", at: offset)
            }
        }
        return fields
    }

    /// Goes over the members of an object; `body` must read exactly one value.
    /// - Parameter body: gets the scanner before the value, the name, and where the name began.
    @inline(__always)
    mutating func members(
        depth: Int, _ body: (inout JSONScanner, String, Int) throws(Failure) -> Void
    ) throws(Failure) {
        guard peek() == UInt8(ascii: "{") else { throw expected("'{'") }
        try enter(depth)
        if take(UInt8(ascii: "}")) { return }
        while true {
            guard let byte = peek(), byte == UInt8(ascii: "\"") else { throw expected("the name of a field in quotes") }
            let offset = position
            let name = try string()
            guard take(UInt8(ascii: ":")) else { throw expected("':' after \"\(name)\"") }
            try body(&self, name, offset)
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw expected("',' or '}'") }
            return
        }
    }

    /// Takes the bracket that opens a list or an object.
    private mutating func enter(_ depth: Int) throws(Failure) {
        if depth >= JSONParser.depthLimit {
            throw failure("lists and objects nest deeper than \(JSONParser.depthLimit)")
        }
        position += 1
    }

    private mutating func word(_ word: StaticString) throws(Failure) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard position < count, bytes[position] == word.utf8Start[offset] else { throw expected("\(word)") }
            position += 1
        }
    }

    // MARK: Numbers

    private mutating func number() throws(Failure) -> Value {
        let start = position
        let negative = bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        let digits = position
        var magnitude: UInt64 = 0
        var overflows = false
        while let digit = digit() {
            let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, stillTooLarge) = product.addingReportingOverflow(UInt64(digit))
            magnitude = sum
            overflows = overflows || tooLarge || stillTooLarge
            position += 1
        }
        if position == digits { throw expected("a digit") }
        if bytes[digits] == UInt8(ascii: "0"), position > digits + 1 {
            throw failure("a number must not begin with 0", at: start)
        }
        var isInteger = true
        if position < count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try takeDigits()
        }
        if position < count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try takeDigits()
        }
        if isInteger, !overflows {
            if !negative, magnitude <= UInt64(Int64.max) { return .integer(Int64(magnitude)) }
            if negative, magnitude <= Int64.min.magnitude {
                return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
            }
        }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw failure("the number \(text) is too large", at: start)
        }
        return .double(number)
    }

    private func digit() -> UInt8? {
        guard position < count else { return nil }
        let digit = bytes[position] &- UInt8(ascii: "0")
        return digit < 10 ? digit : nil
    }

    private mutating func takeDigits() throws(Failure) {
        guard digit() != nil else { throw expected("a digit") }
        while digit() != nil { position += 1 }
    }

    // MARK: Strings

    /// Reads a string; the quote must come next.
    mutating func string() throws(Failure) -> String {
        guard peek() == UInt8(ascii: "\"") else { throw expected("a string") }
        position += 1
        let start = position
        var seen: UInt8 = 0
        while position < count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = try decoded(start..<position, isASCII: seen < 0x80)
                position += 1
                return text
            }
            seen |= byte
            if byte == UInt8(ascii: "\\") { return try stringWithEscapes(from: start) }
            if byte < 0x20 { throw controlCharacter(byte) }
            position += 1
        }
        throw expected("the closing quote of a string")
    }

    private func controlCharacter(_ byte: UInt8) -> Failure {
        failure(
            "\(describe(byte)) stands in a string; it must be written as an escape (\\n, \\t or \\u00..)")
    }

    private func decoded(_ range: Range<Int>, isASCII: Bool) throws(Failure) -> String {
        let part = UnsafeRawBufferPointer(rebasing: bytes[range])
        // The library's validation costs more than its plain copy.
        if isASCII { return String(decoding: part, as: UTF8.self) }
        guard let text = String(validating: part, as: UTF8.self) else { throw notUTF8(in: range) }
        return text
    }

    private func notUTF8(in range: Range<Int>) -> Failure {
        // The last prefix that is valid ends where the mistake is.
        var low = range.lowerBound
        while low < range.upperBound {
            var length = 1
            while length <= 4, low + length <= range.upperBound,
                String(validating: UnsafeRawBufferPointer(rebasing: bytes[low..<low + length]), as: UTF8.self) == nil
            {
                length += 1
            }
            if length > 4 || low + length > range.upperBound { break }
            low += length
        }
        return failure("this is not UTF-8: \(describe(bytes[min(low, range.upperBound - 1)])) in a string", at: low)
    }

    /// Reads on from the first escape; the string began at `start`.
    private mutating func stringWithEscapes(from start: Int) throws(Failure) -> String {
        var text = Array(bytes[start..<position])
        while position < count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else { throw notUTF8(in: start..<position) }
                position += 1
                return result
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &text)
            case 0..<0x20: throw controlCharacter(byte)
            default:
                text.append(byte)
                position += 1
            }
        }
        throw expected("the closing quote of a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard position < count else { throw expected("an escape") }
        let plain: UInt8
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = bytes[position]
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            text.append(contentsOf: UTF8.encode(try unicodeEscape())!)
            return
        default: throw expected("one of \" \\ / b f n r t u after the backslash")
        }
        text.append(plain)
        position += 1
    }

    /// Reads `uXXXX`, and the second half where it is a pair of surrogates.
    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let start = position - 1
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(UInt32(first)) { return scalar }
        guard first < 0xDC00 else {
            throw failure("the second half of a surrogate pair comes without the first", at: start)
        }
        for byte in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
            guard position < count, bytes[position] == byte else {
                throw expected("the second half of a surrogate pair (\\uDC00 to \\uDFFF)")
            }
            if byte == UInt8(ascii: "\\") { position += 1 }
        }
        let second = try fourHexDigits()
        guard (0xDC00...0xDFFF).contains(second) else {
            throw failure("the first half of a surrogate pair comes without the second", at: start)
        }
        return Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))!
    }

    /// Reads four digits; the `u` before them comes next.
    private mutating func fourHexDigits() throws(Failure) -> UInt16 {
        position += 1
        var number: UInt16 = 0
        for _ in 0..<4 {
            guard position < count else { throw expected("four hexadecimal digits") }
            let digit: UInt8
            switch bytes[position] {
            case let byte where byte &- UInt8(ascii: "0") < 10: digit = byte - UInt8(ascii: "0")
            case let byte where (byte | 0x20) &- UInt8(ascii: "a") < 6: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: throw expected("four hexadecimal digits")
            }
            number = number << 4 | UInt16(digit)
            position += 1
        }
        return number
    }
}
