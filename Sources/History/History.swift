/// A finished history: its events in the order of record, with every completion paired to its invocation.
public struct History: Sendable {
    /// All events, by index.
    public let operations: [Operation]
    /// What was odd about the source, one sentence each (a torn last line that was dropped, for one).
    public let warnings: [String]
    /// Position in `operations` of the completion of each invocation, or of the invocation of each completion;
    /// -1 for an invocation that never completed and for events of the nemesis.
    public let partner: [Int32]

    /// Pairs the events.
    /// - Throws: `HistoryError` when a process invokes while it still runs an operation, or completes one that it
    ///   never invoked.
    public init(_ operations: [Operation], warnings: [String] = []) throws(HistoryError) {
        var partner = [Int32](repeating: -1, count: operations.count)
        var open: [Int: Int] = [:]
        for (position, operation) in operations.enumerated() {
            guard case .client(let process) = operation.process else { continue }
            if operation.kind == .invoke {
                if let earlier = open[process] {
                    throw HistoryError(
                        "process \(process) invokes \(operation.function) at event \(operation.index) while its "
                            + "\(operations[earlier].function) of event \(operations[earlier].index) is still open; "
                            + "a process runs one operation at a time")
                }
                open[process] = position
            } else {
                guard let invocation = open.removeValue(forKey: process) else {
                    throw HistoryError(
                        "event \(operation.index) completes (\(operation.kind.rawValue)) an operation that process "
                            + "\(process) never invoked")
                }
                partner[invocation] = Int32(position)
                partner[position] = Int32(invocation)
            }
        }
        self.operations = operations
        self.warnings = warnings
        self.partner = partner
    }

    /// The completion of the invocation at `position`, or nil when it never completed.
    public func completion(of position: Int) -> Operation? {
        partner[position] < 0 ? nil : operations[Int(partner[position])]
    }

    /// The positions of all invocations of clients, in the order of record.
    public var invocations: [Int] {
        operations.indices.filter { operations[$0].kind == .invoke && operations[$0].process != .nemesis }
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
