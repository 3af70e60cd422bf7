/// Reads histories from files.
public enum HistoryFile {
    /// Reads a whole file; pipes and standard input (`-`) are read to their end. Only a part of the text is in memory
    /// at a time.
    ///
    /// Where events stand one after another, a last one that is cut off is what a crash leaves behind: it is dropped,
    /// with a warning. Any other mistake is an error.
    /// - Parameters:
    ///   - format: nil to find out from the content.
    ///   - independent: whether every operation's value is a `[key value]` tuple, as in the histories of
    ///     `jepsen.independent`. A plain vector of two cannot be told from the value of a compare-and-set; a tagged
    ///     tuple is always taken as one.
    /// - Throws: `HistoryError` with file, line, column and what was expected.
    public static func read(
        _ path: String, format: HistoryFormat? = nil, independent: Bool = false
    ) throws(HistoryError) -> History {
        var window = try ByteWindow.open(path)
        return try read(&window, format: format, independent: independent)
    }

    /// Reads a history from memory, with the rules of `read`.
    /// - Parameter file: the name for errors.
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, file: String? = nil, format: HistoryFormat? = nil, independent: Bool = false
    ) throws(HistoryError) -> History {
        var window = try ByteWindow.over(bytes, file: file)
        return try read(&window, format: format, independent: independent)
    }

    static func read(
        _ window: inout ByteWindow, format: HistoryFormat? = nil, independent: Bool = false
    ) throws(HistoryError) -> History {
        if window.count == 0 { throw HistoryError("the file is empty: there is no event in it", file: window.file) }
        let history: History
        switch format ?? HistoryFormat.detect(window) {
        case .jsonLines where independent && format == nil, .elleJSON:
            var reader = ElleJSONReader(independent: independent)
            try EventStream.read(&window, &reader)
            history = reader.events.finish()
        case .jsonLines:
            if independent {
                throw HistoryError(
                    "json-lines has a field for the key, so that values are never [key value] tuples; "
                        + "expected edn or elle-json", file: window.file)
            }
            var reader = JSONLinesReader()
            try reader.readAll(&window)
            history = reader.finish()
        case .edn, .porcupineKV:
            var reader = EDNReader(independent: independent)
            try EventStream.read(&window, &reader)
            history = reader.events.finish()
        case .porcupineEtcd:
            var reader = JepsenLogReader(independent: independent)
            try reader.readAll(&window)
            history = reader.events.finish()
        }
        guard history.columns.count > 0 else {
            throw HistoryError(
                history.warnings.isEmpty
                    ? "there is no event in it"
                    : "there is no complete event in it: its only line ends in the midst of an event",
                file: window.file)
        }
        return history
    }
}
