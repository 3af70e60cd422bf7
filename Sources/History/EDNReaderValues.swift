/// The names that a reading head of operation maps knows, as the words that their bytes make.
enum EDNName {
    static var process: UInt64 { @inline(__always) get { UsualJSON.word("process") } }
    static var type: UInt64 { @inline(__always) get { UsualJSON.word("type") } }
    static var f: UInt64 { @inline(__always) get { UsualJSON.word("f") } }
    static var value: UInt64 { @inline(__always) get { UsualJSON.word("value") } }
    static var time: UInt64 { @inline(__always) get { UsualJSON.word("time") } }
    static var index: UInt64 { @inline(__always) get { UsualJSON.word("index") } }
    static var key: UInt64 { @inline(__always) get { UsualJSON.word("key") } }
    static var error: UInt64 { @inline(__always) get { UsualJSON.word("error") } }
    static var node: UInt64 { @inline(__always) get { UsualJSON.word("node") } }
    static var intended: UInt64 { @inline(__always) get { UsualJSON.word("intended") } }
    static var invoke: UInt64 { @inline(__always) get { UsualJSON.word("invoke") } }
    static var ok: UInt64 { @inline(__always) get { UsualJSON.word("ok") } }
    static var fail: UInt64 { @inline(__always) get { UsualJSON.word("fail") } }
    static var info: UInt64 { @inline(__always) get { UsualJSON.word("info") } }
}

/// The ids of the values of one history in EDN: what is spelled the same is read once.
struct EDNValues {
    typealias Failure = JSONScanner.Failure

    private var cache = SpellingCache()

    /// Reads the value of an operation, which may be a tuple.
    /// - Parameter independent: whether a plain vector of two is a tuple.
    @inline(__always)
    mutating func operand(
        _ scanner: inout EDNScanner, _ byte: UInt8, independent: Bool, _ draft: inout EventAssembler.Draft,
        _ builder: inout HistoryBuilder
    ) throws(Failure) {
        if byte == UInt8(ascii: "#") || independent && byte == UInt8(ascii: "[") {
            if try tuple(&scanner, byte, &draft, &builder) { return }
        }
        draft.value = try id(&scanner, byte, &builder)
    }

    /// Reads the next form.
    @inline(__always)
    mutating func id(
        _ scanner: inout EDNScanner, _ byte: UInt8, _ builder: inout HistoryBuilder
    ) throws(Failure) -> Int32 {
        if let id = scalar(&scanner, byte, &builder) { return id }
        switch byte {
        case UInt8(ascii: "["):
            if let pair = pair(&scanner, &builder) { return pair }
            return try spelled(&scanner, &builder)
        case UInt8(ascii: "\""), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "("):
            return try spelled(&scanner, &builder)
        default: break
        }
        let value = try scanner.value()
        try requireMore(scanner)
        return builder.intern(value)
    }

    /// The id of a whole number, nil, or a plain string, behind which more text stands; nil, with nothing taken, for
    /// anything else.
    @inline(__always)
    private func scalar(_ scanner: inout EDNScanner, _ byte: UInt8, _ builder: inout HistoryBuilder) -> Int32? {
        let start = scanner.position
        let (bytes, end) = (scanner.bytes, scanner.end)
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard let number = scanner.integer() else { return nil }
            guard scanner.position < end else {
                scanner.position = start
                return nil
            }
            return builder.intern(number)
        case UInt8(ascii: "n"):
            guard UsualJSON.word(bytes, start) & 0xff_ffff == UsualJSON.`nil`, start + 3 < end,
                EDNScanner.endsToken(bytes[start + 3])
            else { return nil }
            scanner.position += 3
            return ValueTable.null
        case UInt8(ascii: "\""):
            var at = start + 1
            while at < end, bytes[at] < 0x80, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") {
                at += 1
            }
            guard at < end, bytes[at] == UInt8(ascii: "\""), at > start + 1 else { return nil }
            scanner.position = at + 1
            return builder.internASCII(bytes + start + 1, at - start - 1)
        default: return nil
        }
    }

    /// An operation map has a bracket at its end: a form that reaches to the end of the text may be half of one, and
    /// must leave no trace in the tables.
    @inline(__always)
    private func requireMore(_ scanner: EDNScanner) throws(Failure) {
        if scanner.position >= scanner.end { throw scanner.expected("'}'") }
    }

    /// A form that is longer than a number, looked up by its spelling.
    private mutating func spelled(
        _ scanner: inout EDNScanner, _ builder: inout HistoryBuilder
    ) throws(Failure) -> Int32 {
        let start = scanner.position
        let bytes = scanner.bytes + start
        var hash: UInt64 = 0
        var count = 0
        if let stop = Self.extent(scanner.bytes, start, scanner.end), stop - start <= SpellingCache.longest {
            count = stop - start
            hash = SpellingCache.hash(bytes, count)
            let known = cache.find(bytes, count, hash: hash)
            if known >= 0 {
                scanner.position = stop
                return known
            }
        }
        let value = try scanner.value()
        try requireMore(scanner)
        let id = builder.intern(value)
        if count > 0, scanner.position == start + count { cache.insert(bytes, count, hash: hash, id: id) }
        return id
    }

    /// Where the form ends whose text begins at `start`, or nil where that cannot be told so simply.
    private static func extent(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var at = start
        if bytes[at] == UInt8(ascii: ":") {
            while at < end, !EDNScanner.endsToken(bytes[at]) { at += 1 }
            return at < end ? at : nil
        }
        var depth = 0
        while at < end {
            switch bytes[at] {
            case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "("): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\""):
                at += 1
                while at < end, bytes[at] != UInt8(ascii: "\"") {
                    at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
                }
                if at >= end { return nil }
            // Comments and characters may hold brackets.
            case UInt8(ascii: ";"), UInt8(ascii: "\\"): return nil
            default: break
            }
            at += 1
            if depth == 0 { return at }
        }
        return nil
    }

    /// A vector of two numbers, strings or nils with one space between; nil, with nothing taken, for any other.
    private func pair(_ scanner: inout EDNScanner, _ builder: inout HistoryBuilder) -> Int32? {
        let start = scanner.position
        let bytes = scanner.bytes
        scanner.position += 1
        if let first = scalar(&scanner, bytes[scanner.position], &builder), bytes[scanner.position] == 0x20 {
            scanner.position += 1
            if let second = scalar(&scanner, bytes[scanner.position], &builder),
                scanner.position < scanner.end, bytes[scanner.position] == UInt8(ascii: "]")
            {
                scanner.position += 1
                return builder.internPair(first, second)
            }
        }
        scanner.position = start
        return nil
    }

    // MARK: - Tuples

    /// - Returns: whether the next form was a tuple; if not, nothing is taken.
    private mutating func tuple(
        _ scanner: inout EDNScanner, _ byte: UInt8, _ draft: inout EventAssembler.Draft, _ builder: inout HistoryBuilder
    ) throws(Failure) -> Bool {
        let start = scanner.position
        var isTagged = false
        if byte == UInt8(ascii: "#") {
            // A set, a pattern or a symbolic number is no tag.
            let next = scanner.bytes[start + 1]
            if EDNScanner.endsToken(next) || next == UInt8(ascii: "#") { return false }
            let name = try scanner.text(try scanner.tag()).lowercased()
            isTagged = name.hasSuffix("tuple") || name.hasSuffix("mapentry")
        }
        if byte != UInt8(ascii: "#") || isTagged {
            let next = try scanner.peek()
            if next == UInt8(ascii: "["), try vectorOfTwo(&scanner, &draft, &builder) { return true }
            if isTagged {
                let place = scanner.position
                guard let fields = try scanner.value().fields, let key = fields["key"], let value = fields["value"]
                else {
                    throw scanner.failure("expected [key value] or {:key …, :value …} after the tag", at: place)
                }
                try requireMore(scanner)
                draft.key = builder.intern(key)
                draft.value = builder.intern(value)
                draft.isTuple = true
                return true
            }
        }
        scanner.position = start
        return false
    }

    private mutating func vectorOfTwo(
        _ scanner: inout EDNScanner, _ draft: inout EventAssembler.Draft, _ builder: inout HistoryBuilder
    ) throws(Failure) -> Bool {
        let start = scanner.position
        scanner.position += 1
        if let first = try scanner.peek(), first != UInt8(ascii: "]") {
            let key = try id(&scanner, first, &builder)
            if let second = try scanner.peek(), second != UInt8(ascii: "]") {
                let value = try id(&scanner, second, &builder)
                if try scanner.peek() == UInt8(ascii: "]") {
                    scanner.position += 1
                    draft.key = key
                    draft.value = value
                    draft.isTuple = true
                    return true
                }
            }
        }
        scanner.position = start
        return false
    }
}
