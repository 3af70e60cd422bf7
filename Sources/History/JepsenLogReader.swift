/// Reads the lines that Jepsen logs for operations: `INFO jepsen.util - PROCESS :TYPE :FUNCTION VALUE`, with tabs or
/// spaces between. Lines that are not such are passed over, as a log has many kinds.
///
/// Where the value of a completion is a keyword, it is the reason: `:info :write :timed-out` carries no value and the
/// error `timed-out`. A failed `cas` without one was refused by the system, so that its error is `mismatch`.
struct JepsenLogReader {
    private(set) var events: EventAssembler
    private let independent: Bool
    private var passedOver = 0

    init(independent: Bool) {
        self.independent = independent
        events = EventAssembler(independent: independent)
    }

    mutating func readAll(_ window: inout ByteWindow) throws(HistoryError) {
        while true {
            var offset = 0
            while offset < window.count {
                let feed = window.lineFeed(from: offset)
                guard feed != nil || window.isAtEnd else { break }
                let end = feed ?? window.count
                try line(window, offset..<end, isLast: feed == nil)
                offset = feed.map { $0 + 1 } ?? end
            }
            if window.isAtEnd { break }
            try window.advance(to: offset)
        }
        if passedOver > 0 { events.warn("\(passedOver) lines are no operations and were passed over") }
        if events.count == 0 {
            throw HistoryError(
                "there is no event in it; expected lines like `INFO  jepsen.util - 3 :invoke :write 1`",
                file: window.file)
        }
    }

    /// Whether a line is one of an operation.
    static func isEvent(_ line: UnsafeRawBufferPointer) -> Bool { operation(line) != nil }

    /// Where the number of the process begins in a line of an operation: behind `jepsen.util - `, or any other logger
    /// with a dash, and before a keyword.
    private static func operation(_ line: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        // The dash stands alone; a date may have others.
        while at + 2 < line.count {
            if isSpace(line[at]), line[at + 1] == UInt8(ascii: "-"), isSpace(line[at + 2]) { break }
            at += 1
        }
        at += 3
        while at < line.count, isSpace(line[at]) { at += 1 }
        let start = at
        while at < line.count, !isSpace(line[at]) { at += 1 }
        guard at > start, at < line.count else { return nil }
        while at < line.count, isSpace(line[at]) { at += 1 }
        guard at < line.count, line[at] == UInt8(ascii: ":") else { return nil }
        let isNumber = line[start] &- UInt8(ascii: "0") < 10
        return isNumber || line[start...].starts(with: ":nemesis".utf8) ? start : nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private mutating func line(
        _ window: borrowing ByteWindow, _ range: Range<Int>, isLast: Bool
    ) throws(HistoryError) {
        guard let start = Self.operation(window.part(range)) else {
            if !window.part(range).allSatisfy({ Self.isSpace($0) || $0 == 0x0D }) { passedOver += 1 }
            return
        }
        // With its line feed, where a line has one: what reaches to the end of the text may be half of something.
        var scanner = EDNScanner(window.bytes, range.lowerBound + start, range.upperBound + (isLast ? 0 : 1))
        let process = scanner.position
        do throws(JSONScanner.Failure) {
            try event(&scanner, range.upperBound)
        } catch {
            if error.isTruncation, isLast {
                events.warn(
                    "line \(window.place(of: process).line), the last one, ends in the midst of an event and was dropped"
                )
                return
            }
            throw window.error(error.message, at: min(error.offset, range.upperBound))
        }
    }

    private mutating func event(_ scanner: inout EDNScanner, _ end: Int) throws(JSONScanner.Failure) {
        typealias Failure = JSONScanner.Failure
        let start = scanner.position
        func field(_ what: String) throws(Failure) -> (Value, Int) {
            guard try scanner.peek() != nil, scanner.position < end else {
                throw Failure(message: "expected \(what), but the line ends here", offset: end, isTruncation: true)
            }
            let place = scanner.position
            return (try scanner.value(), place)
        }
        var draft = EventAssembler.Draft()
        switch try field("a process") {
        case (.integer(let number), _) where number >= 0 && number <= Int64(Int32.max):
            draft.process = .client(Int32(number))
        case (.string("nemesis"), _): draft.process = .nemesis
        case (let value, let place):
            throw Failure(message: "the process must be a number or :nemesis, found \(value)", offset: place)
        }
        let (type, typePlace) = try field("one of :invoke, :ok, :fail, :info")
        guard let kind = type.stringValue.flatMap(Operation.Kind.init(rawValue:)) else {
            throw Failure(
                message: "the type must be one of :invoke, :ok, :fail, :info, found \(type)", offset: typePlace)
        }
        draft.kind = kind
        let (name, namePlace) = try field("a function")
        guard let function = name.stringValue else {
            throw Failure(message: "the function must be a keyword, found \(name)", offset: namePlace)
        }
        // A reason may stand behind the value, or in its place.
        var operand = Value.null
        var reason: String?
        if let byte = try scanner.peek(), scanner.position < end {
            let isKeyword = byte == UInt8(ascii: ":") && kind != .invoke
            let value = try scanner.value()
            if isKeyword { reason = value.stringValue } else { operand = value }
        }
        if reason == nil, try scanner.peek() != nil, scanner.position < end {
            let value = try scanner.value()
            reason = value.stringValue ?? value.description
        }
        if try scanner.peek() != nil, scanner.position < end {
            throw scanner.expected("the end of the line")
        }
        if reason == nil, kind == .fail, function == "cas" { reason = "mismatch" }
        do throws(HistoryError) {
            draft.function = try events.builder.function(function)
            if independent, let elements = operand.elements, elements.count == 2 {
                draft.key = events.builder.intern(elements[0])
                draft.value = events.builder.intern(elements[1])
                draft.isTuple = true
            } else {
                draft.value = events.builder.intern(operand)
            }
            if let reason { draft.error = events.builder.error(reason) }
            try events.append(draft)
        } catch {
            throw Failure(message: error.message, offset: start)
        }
    }
}
