/// Writes histories for other tools.
public enum HistoryExport {
    /// How many bytes are handed over at a time, about.
    private static let part = 1 << 16

    /// Writes all events as lines, in the order of record.
    /// - Parameters:
    ///   - format: `jsonLines` or `edn`.
    ///   - independent: for `edn`, whether keys go into the values as `[key value]` tuples.
    ///   - write: takes the next piece of the text.
    /// - Throws: `HistoryError` for a format that is only read, for an operation without a key where `independent`
    ///   asks for one; and what `write` throws.
    public static func write(
        _ history: History, as format: HistoryFormat, independent: Bool = false,
        to write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard format == .jsonLines || format == .edn else {
            throw HistoryError("\(format.rawValue) is only read; expected edn or json-lines")
        }
        if independent, format != .edn {
            throw HistoryError("\(format.rawValue) has a field for the key; only edn has [key value] tuples")
        }
        // All of it before the first byte, so that there is never half a text.
        if independent { try requireKeys(history.columns) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part + 1_024)
        for position in 0..<history.columns.count {
            var operation = history.columns[position]
            if independent, operation.process != .nemesis, operation.key == nil {
                // A completion is about the key of its invocation.
                operation.key = history.columns[Int(history.partner[position])].key
            }
            if format == .edn {
                EDNWriter.append(operation, independent: independent && operation.process != .nemesis, to: &bytes)
            } else {
                JSONLines.append(operation, to: &bytes)
            }
            if bytes.count >= part {
                try bytes.withUnsafeBytes(write)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        try bytes.withUnsafeBytes(write)
    }

    private static func requireKeys(_ columns: EventColumns) throws(HistoryError) {
        for position in 0..<columns.count where columns.processes[position] != EventColumns.nemesis {
            let isInvocation = columns.kinds[position] == .invoke
            if columns.keys[isInvocation ? position : Int(columns.partner[position])] == EventColumns.none {
                throw HistoryError(
                    "event \(columns.index(position)) has no key; as [key value] tuples can only be written histories "
                        + "whose every operation has one")
            }
        }
    }
}
