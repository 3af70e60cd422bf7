/// The pieces of a line in the usual shape, for reading heads that stand in a `ByteWindow`: the zero bytes behind a
/// window end every loop here.
enum UsualJSON {
    // MARK: - Words

    /// What at most eight bytes of ASCII make when they are read as one number, the first byte lowest.
    @inline(__always)
    static func word(_ text: StaticString) -> UInt64 {
        var word: UInt64 = 0
        for place in 0..<text.utf8CodeUnitCount { word |= UInt64(text.utf8Start[place]) << UInt64(8 * place) }
        return word
    }

    /// The next eight bytes as one number.
    @inline(__always)
    static func word(_ bytes: UnsafePointer<UInt8>, _ at: Int) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(bytes + at).loadUnaligned(as: UInt64.self))
    }

    static var function: UInt64 { @inline(__always) get { word("f\":") } }
    static var key: UInt64 { @inline(__always) get { word("key\":") } }
    static var node: UInt64 { @inline(__always) get { word("node\":") } }
    static var time: UInt64 { @inline(__always) get { word("time\":") } }
    static var type: UInt64 { @inline(__always) get { word("type\":") } }
    static var index: UInt64 { @inline(__always) get { word("index\":") } }
    static var value: UInt64 { @inline(__always) get { word("value\":") } }
    static var error: UInt64 { @inline(__always) get { word("error\":") } }
    static var process: UInt64 { @inline(__always) get { word("process\"") } }
    static var intended: UInt64 { @inline(__always) get { word("intended") } }
    static var invoke: UInt64 { @inline(__always) get { word("\"invoke\"") } }
    static var ok: UInt64 { @inline(__always) get { word("\"ok\"") } }
    static var fail: UInt64 { @inline(__always) get { word("\"fail\"") } }
    static var info: UInt64 { @inline(__always) get { word("\"info\"") } }
    static var nemesis: UInt64 { @inline(__always) get { word("\"nemesis") } }
    static var null: UInt64 { @inline(__always) get { word("null") } }
    static var `nil`: UInt64 { @inline(__always) get { word("nil") } }
    static var `true`: UInt64 { @inline(__always) get { word("true") } }
    static var `false`: UInt64 { @inline(__always) get { word("false") } }

    // MARK: - Steps

    @inline(__always)
    static func skipSpace(_ bytes: UnsafePointer<UInt8>, _ at: inout Int) {
        if bytes[at] == 0x20 { at += 1 }
    }

    /// A whole number of at most 18 digits; what follows it is for the caller to judge.
    @inline(__always)
    static func integer(_ bytes: UnsafePointer<UInt8>, _ at: inout Int) -> Int64? {
        let negative = bytes[at] == UInt8(ascii: "-")
        if negative { at += 1 }
        let first = at
        var number: Int64 = 0
        while true {
            let digit = bytes[at] &- UInt8(ascii: "0")
            if digit > 9 { break }
            number = number &* 10 &+ Int64(digit)
            at += 1
        }
        let digits = at - first
        guard digits > 0, digits <= 18, digits == 1 || bytes[first] != UInt8(ascii: "0") else { return nil }
        return negative ? -number : number
    }

    @inline(__always)
    static func process(_ bytes: UnsafePointer<UInt8>, _ at: inout Int) -> Int32? {
        if bytes[at] == UInt8(ascii: "\"") {
            guard word(bytes, at) == Self.nemesis, bytes[at + 8] == UInt8(ascii: "\"") else { return nil }
            at += 9
            return EventColumns.nemesis
        }
        guard let number = integer(bytes, &at), number >= 0 else { return nil }
        return Int32(exactly: number)
    }

    @inline(__always)
    static func kind(_ bytes: UnsafePointer<UInt8>, _ at: inout Int) -> Operation.Kind? {
        let word = word(bytes, at)
        if word == Self.invoke {
            at += 8
            return .invoke
        }
        if word & 0xffff_ffff == Self.ok {
            at += 4
            return .ok
        }
        at += 6
        switch word & 0xffff_ffff_ffff {
        case Self.fail: return .fail
        case Self.info: return .info
        default: return nil
        }
    }

    /// The offset behind the closing quote of a string without escapes, or nil.
    @inline(__always)
    static func endOfString(_ bytes: UnsafePointer<UInt8>, _ start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "\"") else { return nil }
        var at = start + 1
        while true {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") { return at + 1 }
            // The zero bytes behind the window end this too.
            if byte < 0x20 || byte == UInt8(ascii: "\\") { return nil }
            at += 1
        }
    }

    /// The offset behind the closing quote of a string without escapes and with nothing but ASCII, or nil.
    @inline(__always)
    static func endOfPlainString(_ bytes: UnsafePointer<UInt8>, _ start: Int) -> Int? {
        var at = start + 1
        while true {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") { return at + 1 }
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\\") { return nil }
            at += 1
        }
    }

    /// Whether a byte can follow a value.
    @inline(__always)
    static func endsValue(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    /// The offset behind the bracket that closes the one at `start`, or nil.
    static func endOfBrackets(_ bytes: UnsafePointer<UInt8>, _ start: Int) -> Int? {
        var at = start
        var depth = 0
        while true {
            switch bytes[at] {
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return at + 1 }
            case UInt8(ascii: "\""):
                guard let end = endOfString(bytes, at) else { return nil }
                at = end
                continue
            case 0, 0x0A: return nil
            default: break
            }
            at += 1
        }
    }
}
