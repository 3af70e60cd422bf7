/// Reads JSON (RFC 8259) strictly: nothing beside the one value, no comments, no trailing commas, no field twice,
/// valid UTF-8 only.
///
/// Integers that fit 64 bits are exact; every other number becomes a double.
public enum JSONParser {
    /// How deep lists and objects may nest.
    public static let depthLimit = 512

    /// Parses one JSON value with nothing but white space around it.
    /// - Throws: `HistoryError` with the line, the column (in bytes) and what was expected there.
    public static func parse(_ bytes: [UInt8]) throws(HistoryError) -> Value {
        try bytes.withUnsafeBufferPointer { (buffer) throws(HistoryError) in
            try parse(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Parses one JSON value with nothing but white space around it.
    /// - Throws: `HistoryError` with the line, the column (in bytes) and what was expected there.
    public static func parse(_ text: String) throws(HistoryError) -> Value {
        try parse(Array(text.utf8))
    }

    /// Parses one JSON value with nothing but white space around it.
    /// - Throws: `HistoryError` with the line, the column (in bytes) and what was expected there.
    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(HistoryError) -> Value {
        var scanner = JSONScanner(bytes)
        do throws(JSONScanner.Failure) {
            let value = try scanner.value(depth: 0)
            try scanner.end()
            return value
        } catch {
            let place = place(of: error.offset, in: bytes)
            throw HistoryError(error.message, line: place.line, column: place.column)
        }
    }

    /// Line and column, both counted from 1, of a byte offset.
    private static func place(of offset: Int, in bytes: UnsafeRawBufferPointer) -> (line: Int, column: Int) {
        var line = 1
        var start = 0
        for position in 0..<min(offset, bytes.count) where bytes[position] == UInt8(ascii: "\n") {
            line += 1
            start = position + 1
        }
        return (line, offset - start + 1)
    }
}
