/// Numbers, strings and characters of EDN.
extension EDNScanner {
    // MARK: - Numbers

    /// Reads a number; its first digit or its sign comes next.
    mutating func number() throws(Failure) -> Value {
        let start = position
        if let number = integer() { return .integer(number) }
        let range = token()
        let text = try text(range)
        var digits = Substring(text)
        let sign = digits.first == "-" || digits.first == "+" ? digits.removeFirst() : "+"
        if digits.hasPrefix("0x") || digits.hasPrefix("0X"), let magnitude = Int64(digits.dropFirst(2), radix: 16),
            magnitude >= 0
        {
            return .integer(sign == "-" ? -magnitude : magnitude)
        }
        let whole = digits.prefix { $0.isASCII && $0.isNumber }
        let rest = digits[whole.endIndex...]
        if whole.count > 1, whole.first == "0" { throw failure("a number must not begin with 0", at: start) }
        switch rest.first {
        case nil,
            "N" where rest.count == 1:
            if let number = Int64(text.dropLast(rest.count)) { return .integer(number) }
            return try double(text.dropLast(rest.count), text, start)
        case "/":
            let below = rest.dropFirst()
            guard !below.isEmpty, below.allSatisfy({ $0.isASCII && $0.isNumber }), let denominator = Double(below),
                denominator > 0, let numerator = Double(whole)
            else { throw failure("the ratio \(text) must have two whole numbers, the second one above 0", at: start) }
            if let above = Int64(text.prefix(text.count - rest.count)), let below = Int64(below), above % below == 0 {
                return .integer(above / below)
            }
            let ratio = numerator / denominator
            guard ratio.isFinite else { throw failure("the ratio \(text) is too large", at: start) }
            return .double(sign == "-" ? -ratio : ratio)
        case ".", "e", "E", "M":
            return try double(rest.last == "M" ? text.dropLast() : Substring(text), text, start)
        default: throw failure("\(text) is not a number", at: start)
        }
    }

    private func double(_ digits: Substring, _ text: String, _ start: Int) throws(Failure) -> Value {
        // A point may stand at the end, where Swift wants a digit behind it.
        let spelled = digits.hasSuffix(".") ? digits + "0" : digits
        // Swift also knows hexadecimal numbers and the names of infinity.
        guard spelled.utf8.allSatisfy({ $0 &- 0x30 < 10 || ".eE+-".utf8.contains($0) }), let number = Double(spelled)
        else {
            throw failure("\(text) is not a number", at: start)
        }
        guard number.isFinite else { throw failure("the number \(text) is too large", at: start) }
        return .double(number)
    }

    /// Reads a whole number of at most 18 digits; nil, with nothing taken, for anything else.
    @inline(__always)
    mutating func integer() -> Int64? {
        let start = position
        let negative = bytes[start] == UInt8(ascii: "-")
        var at = negative ? start + 1 : start
        let first = at
        var number: Int64 = 0
        while at < end {
            let digit = bytes[at] &- UInt8(ascii: "0")
            if digit > 9 { break }
            number = number &* 10 &+ Int64(digit)
            at += 1
        }
        let digits = at - first
        guard digits > 0, digits <= 18, digits == 1 || bytes[first] != UInt8(ascii: "0"),
            at == end || Self.endsToken(bytes[at])
        else { return nil }
        position = at
        return negative ? -number : number
    }

    // MARK: - Strings

    /// Reads a string; the quote comes next.
    mutating func string() throws(Failure) -> String {
        position += 1
        let start = position
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try text(start..<position)
                position += 1
                return text
            case UInt8(ascii: "\\"): return try stringWithEscapes(from: start)
            default: position += 1
            }
        }
        throw expected("the closing quote of a string")
    }

    /// Reads on from the first escape; the string began at `start`.
    private mutating func stringWithEscapes(from start: Int) throws(Failure) -> String {
        var text = Array(UnsafeBufferPointer(start: bytes + start, count: position - start))
        while position < end {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw failure("this is not UTF-8", at: start)
                }
                return result
            case UInt8(ascii: "\\"): try escape(into: &text)
            default: text.append(byte)
            }
        }
        throw expected("the closing quote of a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard position < end else { throw expected("an escape") }
        let plain: UInt8
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): plain = bytes[position]
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            position += 1
            text.append(contentsOf: String(try scalar()).utf8)
            return
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            text.append(contentsOf: String(try octal()).utf8)
            return
        default: throw expected("one of \" \\ b f n r t u or an octal number after the backslash")
        }
        text.append(plain)
        position += 1
    }

    /// Reads a pattern (`#"…"`) as it stands; its quote comes next.
    mutating func pattern() throws(Failure) -> String {
        position += 1
        let start = position
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try text(start..<position)
                position += 1
                return text
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        position = end
        throw expected("the closing quote of a pattern")
    }

    // MARK: - Characters

    /// Reads a character, such as `\a`, `\newline` or `\u0041`; the backslash comes next.
    mutating func character() throws(Failure) -> String {
        let start = position
        position += 1
        guard position < end else { throw expected("a character") }
        // The first byte may be one that ends tokens.
        position += 1
        _ = token()
        let name = try text(start + 1..<position)
        if name.unicodeScalars.count == 1 { return name }
        switch name {
        case "newline": return "\n"
        case "space": return " "
        case "tab": return "\t"
        case "return": return "\r"
        case "formfeed": return "\u{C}"
        case "backspace": return "\u{8}"
        default: break
        }
        let stop = position
        defer { position = stop }
        position = start + 2
        if name.hasPrefix("u"), name.utf8.count == 5 { return String(try scalar()) }
        if name.hasPrefix("o"), stop - position <= 3, position < stop { return String(try octal()) }
        position = stop
        throw failure("\\\(name) is not a character", at: start)
    }

    /// Reads four hexadecimal digits, and the second half where they are the first of a pair of surrogates.
    private mutating func scalar() throws(Failure) -> Unicode.Scalar {
        let start = position
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, position + 1 >= end {
            position = end
            throw expected("the second half of a surrogate pair")
        }
        if first < 0xDC00, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let second = try hexadecimal()
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw failure("one half of a surrogate pair comes without the other", at: start)
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            guard position < end, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw expected("four hexadecimal digits")
            }
            number = number << 4 | UInt32(digit)
            position += 1
        }
        return number
    }

    /// Reads one to three octal digits.
    private mutating func octal() throws(Failure) -> Unicode.Scalar {
        let start = position
        var number: UInt8 = 0
        while position < end, position - start < 3, bytes[position] &- UInt8(ascii: "0") < 8 {
            let (product, overflow) = number.multipliedReportingOverflow(by: 8)
            if overflow { throw failure("an octal character must be at most 377", at: start) }
            number = product + (bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        if position == start { throw expected("an octal digit") }
        return Unicode.Scalar(number)
    }
}
