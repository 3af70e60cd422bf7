/// Reads operations as JSON objects with the fields of Jepsen's (`{"type":"invoke","f":"txn","value":[["w","x",2]]}`),
/// as elle-cli takes them: one after another, or in one array.
struct ElleJSONReader: EventStreamReader {
    typealias Failure = JSONScanner.Failure

    var events: EventAssembler
    private(set) var isInside = false
    private var isOver = false
    /// Whether an event of the array was read after which no comma came yet.
    private var needsComma = false
    private let independent: Bool

    init(independent: Bool) {
        self.independent = independent
        events = EventAssembler(independent: independent)
    }

    mutating func step(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(Failure) -> EventStreamStep {
        var scanner = JSONScanner(UnsafeRawBufferPointer(start: bytes + start, count: end - start))
        do throws(Failure) {
            let first = scanner.valueStart()
            guard start + first < end else { return .nothing(end) }
            let byte = bytes[start + first]
            if isOver { try scanner.end() }
            if isInside, byte == UInt8(ascii: "]"), needsComma || events.count == 0 {
                (isInside, isOver) = (false, true)
                return .taken(start + first + 1)
            }
            if needsComma {
                guard byte == UInt8(ascii: ",") else { throw scanner.expected("',' or ']'") }
                needsComma = false
                return .taken(start + first + 1)
            }
            if byte == UInt8(ascii: "["), !isInside, events.count == 0 {
                isInside = true
                return .taken(start + first + 1)
            }
            try event(&scanner, first)
            needsComma = isInside
            return .taken(start + scanner.position)
        } catch {
            var error = error
            error.offset += start
            throw error
        }
    }

    private mutating func event(_ scanner: inout JSONScanner, _ start: Int) throws(Failure) {
        var fields: [(name: String, offset: Int, value: Value)] = []
        try scanner.members(depth: 1) { (scanner, name, nameOffset) throws(Failure) in
            let offset = scanner.valueStart()
            let value = try scanner.value(depth: 2)
            if fields.contains(where: { $0.name == name }) {
                throw scanner.failure("the field \"\(name)\" comes twice", at: nameOffset)
            }
            fields.append((name, offset, value))
        }
        var draft = EventAssembler.Draft()
        var place = start
        do throws(HistoryError) {
            for field in fields {
                place = field.offset
                try read(field.name, field.value, &draft)
            }
            place = start
            try events.append(draft)
        } catch {
            throw Failure(message: error.message, offset: place)
        }
    }

    private mutating func read(
        _ name: String, _ value: Value, _ draft: inout EventAssembler.Draft
    ) throws(HistoryError) {
        func mismatch(_ expected: String) -> HistoryError {
            var found = value.description
            if found.utf8.count > 40 { found = String(found.prefix(39)) + "…" }
            return HistoryError("the field \"\(name)\" must be \(expected), found \(found)")
        }
        switch (name, value) {
        case ("index", .integer(let number)) where number >= 0: draft.index = number
        case ("time", .integer(let number)): draft.time = number
        case ("intended", .integer(let number)): draft.intended = number
        case ("process", .integer(let number)) where number >= 0 && number <= Int64(Int32.max):
            draft.process = .client(Int32(number))
        case ("process", .string("nemesis")): draft.process = .nemesis
        case ("f", .string(let name)): draft.function = try events.builder.function(name)
        case ("node", .string(let name)): draft.node = try events.builder.node(name)
        case ("index", .null), ("time", .null), ("intended", .null), ("process", .null), ("f", .null), ("node", .null),
            ("error", .null):
            break
        case ("type", .string(let name)):
            guard let kind = Operation.Kind(rawValue: name) else { fallthrough }
            draft.kind = kind
        case ("type", _): throw mismatch("one of \"invoke\", \"ok\", \"fail\", \"info\"")
        case ("index", _): throw mismatch("a whole number, 0 or more")
        case ("time", _), ("intended", _): throw mismatch("a whole number of at most 64 bits")
        case ("process", _): throw mismatch("a number (0 to \(Int32.max)) or \"nemesis\"")
        case ("f", _), ("node", _): throw mismatch("a string")
        case ("error", _): draft.error = events.builder.error(value.stringValue ?? value.description)
        case ("key", _):
            draft.key = events.builder.intern(value)
            draft.hasKey = true
        case ("value", .list(let elements)) where independent && elements.count == 2:
            draft.key = events.builder.intern(elements[0])
            draft.value = events.builder.intern(elements[1])
            draft.isTuple = true
        case ("value", _): draft.value = events.builder.intern(value)
        default: break
        }
    }
}
