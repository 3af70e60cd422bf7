/// Reads a history from a file in the form of `JSONLines`.
public enum HistoryFile {
    /// Reads a whole file; pipes and standard input (`/dev/stdin`) are read to their end.
    ///
    /// A last line without line feed that ends in the midst of an event is what a crash leaves behind: it is dropped,
    /// with a warning. Any other mistake is an error.
    /// - Throws: `HistoryError` with file, line, column and what was expected.
    public static func read(_ path: String) throws(HistoryError) -> History {
        let bytes = try FileBytes(path)
        return try bytes.withBytes { (buffer) throws(HistoryError) in try parse(buffer, file: path) }
    }

    /// Reads a history from memory, with the rules of `read`.
    /// - Parameter file: the name for errors.
    public static func parse(_ bytes: UnsafeRawBufferPointer, file: String? = nil) throws(HistoryError) -> History {
        guard !bytes.isEmpty else { throw HistoryError("the file is empty: there is no event in it", file: file) }
        var reader = Reader(bytes: bytes, file: file)
        try reader.readAll()
        guard !reader.operations.isEmpty else {
            throw HistoryError(
                reader.warnings.isEmpty
                    ? "there is no event in it, only empty lines"
                    : "there is no complete event in it: its only line ends in the midst of an event", file: file)
        }
        do throws(HistoryError) {
            return try History(reader.operations, warnings: reader.warnings)
        } catch {
            var error = error
            error.file = file
            throw error
        }
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        let file: String?
        var operations: [Operation] = []
        var warnings: [String] = []

        init(bytes: UnsafeRawBufferPointer, file: String?) {
            self.bytes = bytes
            self.file = file
            // Shorter lines than this are rare: one growth at most.
            operations.reserveCapacity(bytes.count / 120)
        }

        mutating func readAll() throws(HistoryError) {
            var start = 0
            var number = 0
            while start < bytes.count {
                number += 1
                let end = nextLineFeed(from: start)
                let line = UnsafeRawBufferPointer(rebasing: bytes[start..<(end ?? bytes.count)])
                start = (end ?? bytes.count) + 1
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
                do throws(JSONScanner.Failure) {
                    let operation = try JSONLines.operation(line)
                    try check(operation.index)
                    operations.append(operation)
                } catch {
                    guard end == nil, isTorn(line, error) else {
                        throw HistoryError(error.message, file: file, line: number, column: error.offset + 1)
                    }
                    warnings.append(
                        "line \(number), the last one, ends in the midst of an event and was dropped: whoever wrote it "
                            + "was stopped; events that were not yet on disk are lost too")
                }
            }
        }

        private func check(_ index: Int) throws(JSONScanner.Failure) {
            if let last = operations.last, index <= last.index {
                throw JSONScanner.Failure(
                    message: "the field \"index\" is \(index), but must be greater than \(last.index), "
                        + "that of the event before: it is the order of record", offset: 0)
            }
        }

        /// Whether a line without line feed is the beginning of a right one. Some file systems fill what they had not
        /// yet written when the power went with zero bytes.
        private func isTorn(_ line: UnsafeRawBufferPointer, _ failure: JSONScanner.Failure) -> Bool {
            failure.isTruncation || line.last == 0 && line[failure.offset...].allSatisfy { $0 == 0 }
        }

        private func nextLineFeed(from start: Int) -> Int? {
            bytes[start...].firstIndex(of: 0x0A)
        }
    }
}
