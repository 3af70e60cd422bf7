/// What a reading head found.
enum EventStreamStep {
    /// An event, or something else that is now dealt with; what comes next begins at the offset.
    case taken(Int)
    /// Nothing more in the window. What lies before the offset is of no more use.
    case nothing(Int)
}

/// A reading head for events that need not be lines.
protocol EventStreamReader {
    /// Reads the next event, from `start` to `end` at most. It must change nothing when it throws.
    /// - Throws: a failure with an offset in `bytes`; a truncation when more bytes may make it right.
    mutating func step(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONScanner.Failure)
        -> EventStreamStep
    /// Whether the events stand in one pair of brackets that is still open.
    var isInside: Bool { get }
    var events: EventAssembler { get set }
}

/// Leads a reading head over a whole source.
enum EventStream {
    /// - Throws: `HistoryError` with file, line and column.
    static func read(_ window: inout ByteWindow, _ reader: inout some EventStreamReader) throws(HistoryError) {
        var offset = 0
        while true {
            let end = window.count
            var failure: JSONScanner.Failure?
            do throws(JSONScanner.Failure) {
                steps: while true {
                    switch try reader.step(window.bytes, offset, end) {
                    case .taken(let next): offset = next
                    case .nothing(let next):
                        offset = next
                        break steps
                    }
                }
            } catch {
                failure = error
            }
            if let failure, !failure.isTruncation || window.isAtEnd && reader.isInside {
                throw window.error(failure.message, at: failure.offset)
            }
            if window.isAtEnd {
                if reader.isInside {
                    throw window.error("expected the bracket that closes the history, but the text ends here", at: end)
                }
                if failure != nil {
                    var start = offset
                    while start < end, window.bytes[start] <= 0x20 { start += 1 }
                    reader.events.warn(
                        "line \(window.place(of: start).line): the text ends in the midst of this event, which was "
                            + "dropped: whoever wrote it was stopped")
                }
                return
            }
            let count = reader.events.count
            if window.bytesBefore == 0, let size = window.size, offset > 0, count > 0 {
                reader.events.reserve(size / max(offset / count, 1) * 33 / 32)
            }
            try window.advance(to: offset)
            offset = 0
        }
    }
}
