/// A finished history: its events in the order of record, with every completion paired to its invocation.
public struct History: Sendable {
    /// The events as columns, for checkers.
    public let columns: EventColumns
    /// What was odd about the source, one sentence each (a torn last line that was dropped, for one).
    public let warnings: [String]

    /// Pairs the events.
    /// - Throws: `HistoryError` when a process invokes while it still runs an operation, or completes one that it
    ///   never invoked.
    public init(_ operations: [Operation], warnings: [String] = []) throws(HistoryError) {
        var builder = HistoryBuilder()
        builder.reserve(operations.count)
        for operation in operations { try builder.append(operation) }
        builder.warnings = warnings
        self = builder.finish()
    }

    init(columns: EventColumns, warnings: [String]) {
        self.columns = columns
        self.warnings = warnings
    }

    /// All events, by position. Each is put together when it is asked for.
    public var operations: Events { Events(columns: columns) }

    /// Position in `operations` of the completion of each invocation, or of the invocation of each completion;
    /// -1 for an invocation that never completed and for events of the nemesis.
    public var partner: [Int32] { columns.partner }

    /// The completion of the invocation at `position`, or nil when it never completed.
    public func completion(of position: Int) -> Operation? {
        columns.partner[position] < 0 ? nil : columns[Int(columns.partner[position])]
    }

    /// The positions of all invocations of clients, in the order of record.
    public var invocations: [Int] {
        columns.kinds.indices.filter {
            columns.kinds[$0] == .invoke && columns.processes[$0] != EventColumns.nemesis
        }
    }

    /// The events of a history, each put together from its columns when it is asked for.
    public struct Events: RandomAccessCollection, Sendable {
        fileprivate let columns: EventColumns

        public var startIndex: Int { 0 }
        public var endIndex: Int { columns.count }
        public subscript(_ position: Int) -> Operation { columns[position] }
    }
}

/// A history that cannot be read or makes no sense.
public struct HistoryError: Error, Hashable, CustomStringConvertible {
    public let message: String
    /// The file, where it is known.
    public var file: String?
    /// The line, counted from 1, where it is known.
    public var line: Int?
    /// The column in bytes, counted from 1, where it is known.
    public var column: Int?

    public init(_ message: String, file: String? = nil, line: Int? = nil, column: Int? = nil) {
        self.message = message
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String {
        var place = file ?? ""
        if let line { place += place.isEmpty ? "line \(line)" : ":\(line)" }
        if let column { place += ":\(column)" }
        return place.isEmpty ? message : "\(place): \(message)"
    }
}
