/// Reads operation maps (`{:process 0, :type :invoke, :f :write, :value 3}`) as Jepsen, Knossos and Elle write them.
///
/// The maps may carry a tag (`#jepsen.history.Op{…}`), and stand one after another or in one vector or list. Of a map
/// it reads `:index`, `:time`, `:process`, `:type`, `:f`, `:value`, `:key`, `:node`, `:error` and `:intended`, and
/// passes over the rest. An `:error` that is no string or keyword becomes JSON text.
///
/// A value is a `[key value]` tuple where it is tagged as one (`#jepsen.independent.Tuple`, or a tag that ends in
/// `tuple` or `MapEntry`), or a vector of two where the history is said to be independent.
struct EDNReader: EventStreamReader {
    typealias Failure = JSONScanner.Failure

    var events: EventAssembler
    private(set) var isInside = false
    private var isOver = false
    private var close: UInt8 = 0
    private let independent: Bool
    private var functions = SpellingCache()
    private var nodes = SpellingCache()
    private var errors = SpellingCache()
    private var values = EDNValues()

    init(independent: Bool) {
        self.independent = independent
        events = EventAssembler(independent: independent)
    }

    // MARK: - The history

    mutating func step(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(Failure) -> EventStreamStep {
        var scanner = EDNScanner(bytes, start, end)
        guard var byte = try scanner.peek() else { return .nothing(scanner.cutComment ?? end) }
        if isOver { throw scanner.expected("the end of the file after the history") }
        let first = scanner.position
        if byte == UInt8(ascii: "#") {
            try scanner.tag()
            guard let next = try scanner.peek() else { throw scanner.expected("an operation map after the tag") }
            byte = next
        }
        switch byte {
        case UInt8(ascii: "{"):
            try event(&scanner, first)
        case UInt8(ascii: "["), UInt8(ascii: "("):
            // Nothing but one history may stand in a file.
            guard !isInside, events.count == 0 else { throw scanner.expected("an operation map") }
            scanner.position += 1
            isInside = true
            close = byte == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: ")")
        case close where isInside && scanner.position == first:
            scanner.position += 1
            isInside = false
            isOver = true
        default: throw scanner.expected(isInside ? "an operation map or the closing bracket" : "an operation map")
        }
        return .taken(scanner.position)
    }

    // MARK: - An event

    private mutating func event(_ scanner: inout EDNScanner, _ start: Int) throws(Failure) {
        var draft = EventAssembler.Draft()
        var seen = 0
        scanner.position += 1
        while true {
            guard let byte = try scanner.peek() else { throw scanner.expected("a field or '}'") }
            if byte == UInt8(ascii: "}") { break }
            if byte == UInt8(ascii: "]") || byte == UInt8(ascii: ")") { throw scanner.expected("a field or '}'") }
            guard byte == UInt8(ascii: ":") else {
                // Fields of other tools may have any name.
                _ = try scanner.value()
                _ = try scanner.value()
                continue
            }
            let name = scanner.token()
            let bit = try field(name, &scanner, &draft)
            if seen & bit != 0 {
                throw scanner.failure("the field \(try scanner.text(name)) comes twice", at: name.lowerBound)
            }
            seen |= bit
        }
        scanner.position += 1
        do throws(HistoryError) {
            try events.append(draft)
        } catch {
            throw Failure(message: error.message, offset: start)
        }
    }

    /// Reads the value of a field.
    /// - Returns: the field's bit; 0 for one that is passed over.
    @inline(__always)
    private mutating func field(
        _ name: Range<Int>, _ scanner: inout EDNScanner, _ draft: inout EventAssembler.Draft
    ) throws(Failure) -> Int {
        let count = name.count - 1
        let word = UsualJSON.word(scanner.bytes, name.lowerBound + 1) & (count >= 8 ? .max : 1 << UInt64(8 * count) - 1)
        guard count > 0, count <= 8, let byte = try scanner.peek() else {
            if count == 0 { throw scanner.failure("expected the name of a field after ':'", at: name.lowerBound) }
            _ = try scanner.value()
            return 0
        }
        switch word {
        case EDNName.process:
            draft.process = try process(&scanner, byte)
            return 1
        case EDNName.type:
            draft.kind = try kind(&scanner)
            return 2
        case EDNName.f:
            draft.function = try function(&scanner)
            return 4
        case EDNName.value:
            try values.operand(&scanner, byte, independent: independent, &draft, &events.builder)
            return 8
        case EDNName.time:
            draft.time = try integer(&scanner, ":time", smallest: .min)
            return 16
        case EDNName.index:
            draft.index = try integer(&scanner, ":index", smallest: 0)
            return 32
        case EDNName.key:
            draft.key = try values.id(&scanner, byte, &events.builder)
            draft.hasKey = true
            return 64
        case EDNName.error:
            draft.error = try error(&scanner)
            return 128
        case EDNName.node:
            draft.node = try node(&scanner)
            return 256
        case EDNName.intended:
            draft.intended = try integer(&scanner, ":intended", smallest: .min)
            return 512
        default:
            _ = try scanner.value()
            return 0
        }
    }

    private func mismatch(
        _ name: String, _ expected: String, _ scanner: EDNScanner, _ start: Int
    ) throws(Failure) -> Failure {
        var found = try scanner.text(start..<scanner.position)
        if found.utf8.count > 40 { found = String(found.prefix(39)) + "…" }
        return scanner.failure("the field \(name) must be \(expected), found \(found)", at: start)
    }

    /// A whole number, or nil for `nil`.
    @inline(__always)
    private func integer(
        _ scanner: inout EDNScanner, _ name: String, smallest: Int64
    ) throws(Failure) -> Int64? {
        let start = scanner.position
        if let number = scanner.integer(), number >= smallest { return number }
        scanner.position = start
        switch try scanner.value() {
        case .null: return nil
        case .integer(let number) where number >= smallest: return number
        default:
            throw try mismatch(
                name, smallest < 0 ? "a whole number of at most 64 bits" : "a whole number, 0 or more", scanner, start)
        }
    }

    @inline(__always)
    private func process(_ scanner: inout EDNScanner, _ byte: UInt8) throws(Failure) -> EventAssembler.Draft.Process {
        let start = scanner.position
        if byte &- UInt8(ascii: "0") < 10, let number = scanner.integer(), let small = Int32(exactly: number) {
            return .client(small)
        }
        scanner.position = start
        switch try scanner.value() {
        case .null: return .missing
        case .string("nemesis"): return .nemesis
        default: throw try mismatch(":process", "a number (0 to \(Int32.max)) or :nemesis", scanner, start)
        }
    }

    @inline(__always)
    private func kind(_ scanner: inout EDNScanner) throws(Failure) -> Operation.Kind {
        let start = scanner.position
        if scanner.bytes[start] == UInt8(ascii: ":") {
            let count = scanner.token().count - 1
            let word = UsualJSON.word(scanner.bytes, start + 1) & (count >= 8 ? .max : 1 << UInt64(8 * count) - 1)
            switch word {
            case EDNName.invoke: return .invoke
            case EDNName.ok: return .ok
            case EDNName.fail: return .fail
            case EDNName.info: return .info
            default: break
            }
        } else if let name = try scanner.value().stringValue, let kind = Operation.Kind(rawValue: name) {
            return kind
        }
        throw try mismatch(":type", "one of :invoke, :ok, :fail, :info", scanner, start)
    }

    // MARK: - Names

    @inline(__always)
    private mutating func function(_ scanner: inout EDNScanner) throws(Failure) -> UInt16? {
        let start = scanner.position
        let known = Self.find(&functions, &scanner)
        if known >= 0 { return UInt16(truncatingIfNeeded: known) }
        switch try scanner.value() {
        case .null: return nil
        case .string(let name):
            try requireMore(scanner)
            let id = try id(start) { builder throws(HistoryError) in Int32(try builder.function(name)) }
            Self.remember(&functions, scanner, start, id)
            return UInt16(truncatingIfNeeded: id)
        default: throw try mismatch(":f", "a keyword or a string", scanner, start)
        }
    }

    private mutating func node(_ scanner: inout EDNScanner) throws(Failure) -> Int16 {
        let start = scanner.position
        let known = Self.find(&nodes, &scanner)
        if known >= 0 { return Int16(truncatingIfNeeded: known) }
        switch try scanner.value() {
        case .null: return -1
        case .string(let name):
            try requireMore(scanner)
            let id = try id(start) { builder throws(HistoryError) in Int32(try builder.node(name)) }
            Self.remember(&nodes, scanner, start, id)
            return Int16(truncatingIfNeeded: id)
        default: throw try mismatch(":node", "a string or a keyword", scanner, start)
        }
    }

    private mutating func error(_ scanner: inout EDNScanner) throws(Failure) -> Int32 {
        let start = scanner.position
        let known = Self.find(&errors, &scanner)
        if known >= 0 { return known }
        let text: String
        switch try scanner.value() {
        case .null: return EventColumns.none
        case .string(let name): text = name
        case let value: text = value.description
        }
        try requireMore(scanner)
        let id = events.builder.error(text)
        Self.remember(&errors, scanner, start, id)
        return id
    }

    /// What reaches to the end of the text may be half of something, and must leave no trace in the tables.
    private func requireMore(_ scanner: EDNScanner) throws(Failure) {
        if scanner.position >= scanner.end { throw scanner.expected("'}'") }
    }

    private mutating func id(
        _ start: Int, _ body: (inout HistoryBuilder) throws(HistoryError) -> Int32
    ) throws(Failure) -> Int32 {
        do throws(HistoryError) {
            return try body(&events.builder)
        } catch {
            throw Failure(message: error.message, offset: start)
        }
    }

    /// The id that a token had before, which is then taken; -1, with nothing taken, where there was none or the next
    /// form is no token.
    @inline(__always)
    private static func find(_ cache: inout SpellingCache, _ scanner: inout EDNScanner) -> Int32 {
        let start = scanner.position
        let token = scanner.token()
        if !token.isEmpty {
            let bytes = scanner.bytes + start
            let known = cache.find(bytes, token.count, hash: SpellingCache.hash(bytes, token.count))
            if known >= 0 { return known }
        }
        scanner.position = start
        return -1
    }

    /// Remembers the id of the form that was read from `start`, if that is a token.
    private static func remember(_ cache: inout SpellingCache, _ scanner: EDNScanner, _ start: Int, _ id: Int32) {
        let count = scanner.position - start
        let bytes = scanner.bytes + start
        guard count > 0, !(0..<count).contains(where: { EDNScanner.endsToken(bytes[$0]) }) else { return }
        cache.insert(bytes, count, hash: SpellingCache.hash(bytes, count), id: id)
    }
}
