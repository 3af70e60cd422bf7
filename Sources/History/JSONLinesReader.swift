/// Reads `JSONLines` into columns.
///
/// A line in the usual shape (known fields, whole numbers, strings without escapes, at most one space after a colon
/// or a comma) goes straight into ids: nothing is built for it, and a value that was spelled the same before is only
/// looked up. Every other line goes to `JSONLines`, which knows every shape and every mistake.
struct JSONLinesReader {
    private var builder = HistoryBuilder()
    private var lastIndex: Int64 = -1
    private var functions = SpellingCache()
    private var nodes = SpellingCache()
    private var errors = SpellingCache()
    private var values = SpellingCache()

    /// Reads to the end of the window's source.
    ///
    /// A last line without line feed that ends in the midst of an event is what a crash leaves behind: it is dropped,
    /// with a warning. Any other mistake is an error.
    mutating func readAll(_ window: inout ByteWindow) throws(HistoryError) {
        do throws(HistoryError) {
            try readLines(&window)
        } catch {
            var error = error
            error.file = window.file
            throw error
        }
    }

    private mutating func readLines(_ window: inout ByteWindow) throws(HistoryError) {
        var offset = 0
        while true {
            let bytes = UnsafePointer(window.bytes)
            let end = window.count
            while offset < end {
                let next = try usualLine(bytes, offset)
                if next > offset {
                    offset = next
                } else if let feed = window.lineFeed(from: offset) {
                    try anyLine(window, offset..<feed, isLast: false)
                    offset = feed + 1
                } else {
                    break
                }
            }
            if window.isAtEnd {
                if offset < end { try anyLine(window, offset..<end, isLast: true) }
                return
            }
            if window.bytesBefore == 0, let size = window.size, offset > 0 {
                builder.reserve(size / max(offset / max(builder.count, 1), 1) * 33 / 32)
            }
            try window.advance(to: offset)
            offset = 0
        }
    }

    /// The history of what was read.
    consuming func finish() -> History { builder.finish() }

    // MARK: - Any line

    private mutating func anyLine(
        _ window: borrowing ByteWindow, _ range: Range<Int>, isLast: Bool
    ) throws(HistoryError) {
        let line = window.part(range)
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
        let operation: Operation
        do throws(JSONScanner.Failure) {
            operation = try JSONLines.operation(line)
            if operation.index <= lastIndex {
                throw JSONScanner.Failure(
                    message: "the field \"index\" is \(operation.index), but must be greater than \(lastIndex), "
                        + "that of the event before: it is the order of record", offset: 0)
            }
        } catch {
            let number = window.place(of: range.lowerBound).line
            guard isLast, isTorn(line, error) else {
                throw HistoryError(error.message, line: number, column: error.offset + 1)
            }
            builder.warnings.append(
                "line \(number), the last one, ends in the midst of an event and was dropped: whoever wrote it "
                    + "was stopped; events that were not yet on disk are lost too")
            return
        }
        lastIndex = Int64(operation.index)
        try builder.append(operation)
    }

    /// Whether a line without line feed is the beginning of a right one. Some file systems fill what they had not yet
    /// written when the power went with zero bytes.
    private func isTorn(_ line: UnsafeRawBufferPointer, _ failure: JSONScanner.Failure) -> Bool {
        failure.isTruncation || line.last == 0 && line[failure.offset...].allSatisfy { $0 == 0 }
    }

    // MARK: - The usual line

    /// Bits of the fields that a line had.
    private enum Field {
        static let index = 1
        static let time = 2
        static let process = 4
        static let kind = 8
        static let function = 16
        static let key = 32
        static let value = 64
        static let node = 128
        static let error = 256
        static let intended = 512
        static let required = 31
    }

    /// Reads the line at `start` if it has the usual shape.
    /// - Returns: the offset behind its line feed, or `start` where the line is for `JSONLines` to read.
    private mutating func usualLine(_ bytes: UnsafePointer<UInt8>, _ start: Int) throws(HistoryError) -> Int {
        var at = start
        guard bytes[at] == UInt8(ascii: "{") else { return start }
        at += 1
        var event = HistoryBuilder.Event(index: 0, time: 0, process: 0, kind: .invoke, function: 0)
        var seen = 0
        while true {
            guard bytes[at] == UInt8(ascii: "\"") else { return start }
            let name = UInt64(
                littleEndian: UnsafeRawPointer(bytes + at + 1).loadUnaligned(as: UInt64.self))
            let field: Int
            if name & 0xff_ffff_ffff_ffff == UsualJSON.index {
                (field, at) = (Field.index, at + 8)
                UsualJSON.skipSpace(bytes, &at)
                guard let number = UsualJSON.integer(bytes, &at), number > lastIndex else { return start }
                event.index = number
            } else if name & 0xffff_ffff_ffff == UsualJSON.time {
                (field, at) = (Field.time, at + 7)
                UsualJSON.skipSpace(bytes, &at)
                guard let number = UsualJSON.integer(bytes, &at) else { return start }
                event.time = number
            } else if name == UsualJSON.process, bytes[at + 9] == UInt8(ascii: ":") {
                (field, at) = (Field.process, at + 10)
                UsualJSON.skipSpace(bytes, &at)
                guard let process = UsualJSON.process(bytes, &at) else { return start }
                event.process = process
            } else if name & 0xffff_ffff_ffff == UsualJSON.type {
                (field, at) = (Field.kind, at + 7)
                UsualJSON.skipSpace(bytes, &at)
                guard let kind = UsualJSON.kind(bytes, &at) else { return start }
                event.kind = kind
            } else if name & 0xff_ffff == UsualJSON.function {
                (field, at) = (Field.function, at + 4)
                UsualJSON.skipSpace(bytes, &at)
                guard let end = UsualJSON.endOfString(bytes, at) else { return start }
                guard let id = try function(bytes + at, end - at) else { return start }
                event.function = id
                at = end
            } else if name & 0xff_ffff_ffff == UsualJSON.key {
                (field, at) = (Field.key, at + 6)
                UsualJSON.skipSpace(bytes, &at)
                guard let id = value(bytes, &at) else { return start }
                event.key = id
            } else if name & 0xff_ffff_ffff_ffff == UsualJSON.value {
                (field, at) = (Field.value, at + 8)
                UsualJSON.skipSpace(bytes, &at)
                guard let id = value(bytes, &at) else { return start }
                event.value = id
            } else if name & 0xffff_ffff_ffff == UsualJSON.node {
                (field, at) = (Field.node, at + 7)
                UsualJSON.skipSpace(bytes, &at)
                guard let end = UsualJSON.endOfString(bytes, at) else { return start }
                guard let id = try node(bytes + at, end - at) else { return start }
                event.node = id
                at = end
            } else if name & 0xff_ffff_ffff_ffff == UsualJSON.error {
                (field, at) = (Field.error, at + 8)
                UsualJSON.skipSpace(bytes, &at)
                guard let end = UsualJSON.endOfString(bytes, at) else { return start }
                guard let id = error(bytes + at, end - at) else { return start }
                event.error = id
                at = end
            } else if name == UsualJSON.intended, bytes[at + 9] == UInt8(ascii: "\""),
                bytes[at + 10] == UInt8(ascii: ":")
            {
                (field, at) = (Field.intended, at + 11)
                UsualJSON.skipSpace(bytes, &at)
                guard let number = UsualJSON.integer(bytes, &at) else { return start }
                event.intended = number
            } else {
                return start
            }
            guard seen & field == 0 else { return start }
            seen |= field
            if bytes[at] == UInt8(ascii: ",") {
                at += 1
                UsualJSON.skipSpace(bytes, &at)
                continue
            }
            guard bytes[at] == UInt8(ascii: "}") else { return start }
            at += 1
            break
        }
        if bytes[at] == 0x0D { at += 1 }
        guard bytes[at] == 0x0A, seen & Field.required == Field.required else { return start }
        if event.process == EventColumns.nemesis, event.kind == .invoke { return start }
        lastIndex = event.index
        try builder.append(event)
        return at + 1
    }

    // MARK: - Ids

    /// The text of a string with its quotes, or nil where it is none.
    private static func text(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> String? {
        String(validating: UnsafeBufferPointer(start: bytes + 1, count: count - 2), as: UTF8.self)
    }

    @inline(__always)
    private mutating func function(_ bytes: UnsafePointer<UInt8>, _ count: Int) throws(HistoryError) -> UInt16? {
        let hash = SpellingCache.hash(bytes, count)
        let known = functions.find(bytes, count, hash: hash)
        if known >= 0 { return UInt16(truncatingIfNeeded: known) }
        guard let text = Self.text(bytes, count) else { return nil }
        let id = try builder.function(text)
        functions.insert(bytes, count, hash: hash, id: Int32(id))
        return id
    }

    @inline(__always)
    private mutating func node(_ bytes: UnsafePointer<UInt8>, _ count: Int) throws(HistoryError) -> Int16? {
        let hash = SpellingCache.hash(bytes, count)
        let known = nodes.find(bytes, count, hash: hash)
        if known >= 0 { return Int16(truncatingIfNeeded: known) }
        guard let text = Self.text(bytes, count) else { return nil }
        let id = try builder.node(text)
        nodes.insert(bytes, count, hash: hash, id: Int32(id))
        return id
    }

    @inline(__always)
    private mutating func error(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32? {
        let hash = SpellingCache.hash(bytes, count)
        let known = errors.find(bytes, count, hash: hash)
        if known >= 0 { return known }
        guard let text = Self.text(bytes, count) else { return nil }
        let id = builder.error(text)
        errors.insert(bytes, count, hash: hash, id: id)
        return id
    }

    /// The id of the value at `at`, or nil where it is for `JSONLines` to read.
    @inline(__always)
    private mutating func value(_ bytes: UnsafePointer<UInt8>, _ at: inout Int) -> Int32? {
        if let id = scalar(bytes, &at) { return id }
        let end: Int
        switch bytes[at] {
        case UInt8(ascii: "t"):
            guard UsualJSON.word(bytes, at) & 0xffff_ffff == UsualJSON.`true` else { return nil }
            end = at + 4
        case UInt8(ascii: "f"):
            guard UsualJSON.word(bytes, at) & 0xff_ffff_ffff == UsualJSON.`false` else { return nil }
            end = at + 5
        case UInt8(ascii: "\""):
            guard let found = UsualJSON.endOfString(bytes, at) else { return nil }
            end = found
        case UInt8(ascii: "["):
            if let pair = pair(bytes, &at) { return pair }
            guard let found = UsualJSON.endOfBrackets(bytes, at) else { return nil }
            end = found
        case UInt8(ascii: "{"):
            guard let found = UsualJSON.endOfBrackets(bytes, at) else { return nil }
            end = found
        default: return nil
        }
        defer { at = end }
        let hash = SpellingCache.hash(bytes + at, end - at)
        let known = values.find(bytes + at, end - at, hash: hash)
        return known >= 0 ? known : newValue(bytes + at, end - at, hash)
    }

    /// The id of a whole number, null, or a plain string; nil, with nothing taken, for anything else.
    @inline(__always)
    private mutating func scalar(_ bytes: UnsafePointer<UInt8>, _ at: inout Int) -> Int32? {
        switch bytes[at] {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            var end = at
            // What may be half a number must leave no trace in the table.
            guard let number = UsualJSON.integer(bytes, &end), UsualJSON.endsValue(bytes[end]) else { return nil }
            at = end
            return builder.intern(number)
        case UInt8(ascii: "\""):
            guard let end = UsualJSON.endOfPlainString(bytes, at), end - at > 2 else { return nil }
            defer { at = end }
            return builder.internASCII(bytes + at + 1, end - at - 2)
        case UInt8(ascii: "n"):
            guard UsualJSON.word(bytes, at) & 0xffff_ffff == UsualJSON.null else { return nil }
            at += 4
            return ValueTable.null
        default: return nil
        }
    }

    private mutating func newValue(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64) -> Int32? {
        var scanner = JSONScanner(UnsafeRawBufferPointer(start: bytes, count: count))
        guard let value = try? scanner.value(depth: 1), scanner.position == count else { return nil }
        let id = builder.intern(value)
        values.insert(bytes, count, hash: hash, id: id)
        return id
    }

    /// The id of a list of two numbers, strings or nulls, such as a compare-and-set carries; nil, with nothing taken,
    /// for any other list.
    private mutating func pair(_ bytes: UnsafePointer<UInt8>, _ at: inout Int) -> Int32? {
        var next = at + 1
        guard let first = scalar(bytes, &next), bytes[next] == UInt8(ascii: ",") else { return nil }
        next += 1
        UsualJSON.skipSpace(bytes, &next)
        guard let second = scalar(bytes, &next), bytes[next] == UInt8(ascii: "]") else { return nil }
        at = next + 1
        return builder.internPair(first, second)
    }
}
