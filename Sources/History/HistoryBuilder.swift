/// Takes events one at a time, pairs them, and makes a history of them.
public struct HistoryBuilder: Sendable {
    private(set) var columns = EventColumns()
    private var functionIDs: [String: UInt16] = [:]
    private var nodeIDs: [String: Int16] = [:]
    private var errorIDs: [String: Int32] = [:]
    private var open = OpenInvocations()
    /// What was odd about the source, one sentence each.
    public var warnings: [String] = []

    public init() {}

    public var count: Int { columns.count }

    /// Makes room for that many events.
    public mutating func reserve(_ count: Int) {
        columns.times.reserveCapacity(count)
        columns.processes.reserveCapacity(count)
        columns.kinds.reserveCapacity(count)
        columns.functions.reserveCapacity(count)
        columns.keys.reserveCapacity(count)
        columns.valueIDs.reserveCapacity(count)
        columns.partner.reserveCapacity(count)
        columns.nodes.reserveCapacity(count)
    }

    // MARK: - Names and values

    public mutating func intern(_ value: Value) -> Int32 { columns.values.intern(value) }

    public mutating func intern(_ number: Int64) -> Int32 { columns.values.intern(number) }

    /// The id of a list of two values.
    mutating func internPair(_ first: Int32, _ second: Int32) -> Int32 { columns.values.internPair(first, second) }

    /// The id of a string, which must have at least one byte and none but ASCII.
    @inline(__always)
    mutating func internASCII(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        columns.values.internASCII(bytes, count)
    }

    /// - Throws: `HistoryError` when there are more than 65,535 different functions.
    public mutating func function(_ name: String) throws(HistoryError) -> UInt16 {
        if let known = functionIDs[name] { return known }
        guard columns.functionNames.count < Int(UInt16.max) else {
            throw HistoryError("more than \(UInt16.max) different functions; expected the name of a function")
        }
        let id = UInt16(columns.functionNames.count)
        functionIDs[name] = id
        columns.functionNames.append(name)
        return id
    }

    func value(_ id: Int32) -> Value { columns.values[id] }

    func functionName(_ id: UInt16) -> String { columns.functionNames[Int(id)] }

    /// - Throws: `HistoryError` when there are more than 32,767 different nodes.
    public mutating func node(_ name: String) throws(HistoryError) -> Int16 {
        if let known = nodeIDs[name] { return known }
        guard columns.nodeNames.count < Int(Int16.max) else {
            throw HistoryError("more than \(Int16.max) different nodes; expected the name of a node")
        }
        let id = Int16(columns.nodeNames.count)
        nodeIDs[name] = id
        columns.nodeNames.append(name)
        return id
    }

    public mutating func error(_ text: String) -> Int32 {
        if let known = errorIDs[text] { return known }
        let id = Int32(columns.errorTexts.count)
        errorIDs[text] = id
        columns.errorTexts.append(text)
        return id
    }

    // MARK: - Events

    /// An event in ids of this builder.
    public struct Event: Sendable {
        /// Place in the order of record.
        public var index: Int64
        /// Nanoseconds since the run began.
        public var time: Int64
        /// `EventColumns.nemesis` for the nemesis.
        public var process: Int32
        public var kind: Operation.Kind
        public var function: UInt16
        public var key: Int32 = EventColumns.none
        public var value: Int32 = ValueTable.null
        public var node: Int16 = -1
        public var error: Int32 = EventColumns.none
        public var intended: Int64?

        public init(index: Int64, time: Int64, process: Int32, kind: Operation.Kind, function: UInt16) {
            self.index = index
            self.time = time
            self.process = process
            self.kind = kind
            self.function = function
        }
    }

    /// - Throws: `HistoryError` when a process invokes while it still runs an operation, or completes one that it
    ///   never invoked.
    @inline(__always)
    public mutating func append(_ event: Event) throws(HistoryError) {
        let position = columns.times.count
        var partner = EventColumns.none
        if event.process >= 0 {
            if event.kind == .invoke {
                if let earlier = open.invoke(event.process, at: Int32(position)) { throw stillOpen(event, earlier) }
            } else {
                partner = open.complete(event.process)
                if partner < 0 { throw neverInvoked(event) }
                columns.partner[Int(partner)] = Int32(position)
            }
        }
        columns.times.append(event.time)
        columns.processes.append(event.process)
        columns.kinds.append(event.kind)
        columns.functions.append(event.function)
        columns.keys.append(event.key)
        columns.valueIDs.append(event.value)
        columns.partner.append(partner)
        columns.nodes.append(event.node)
        if event.index != Int64(position) || !columns.indices.isEmpty { appendIndex(event.index) }
        if event.error >= 0 || !columns.errors.isEmpty { appendError(event.error) }
        if event.intended != nil || !columns.intended.isEmpty { appendIntended(event.intended) }
    }

    /// - Throws: `HistoryError` as `append(_:)` of an `Event`; also for a process number of more than 31 bits.
    public mutating func append(_ operation: Operation) throws(HistoryError) {
        var process = EventColumns.nemesis
        if let number = operation.process.number {
            guard let small = Int32(exactly: number), small >= 0 else {
                throw HistoryError("the process number is \(number); expected 0 to \(Int32.max)")
            }
            process = small
        }
        var event = Event(
            index: Int64(operation.index), time: operation.time, process: process, kind: operation.kind,
            function: try function(operation.function))
        if let key = operation.key { event.key = intern(key) }
        event.value = intern(operation.value)
        if let node = operation.node { event.node = try self.node(node) }
        if let error = operation.error { event.error = self.error(error) }
        event.intended = operation.intended
        try append(event)
    }

    /// The history of what was appended.
    public consuming func finish() -> History {
        History(columns: columns, warnings: warnings)
    }

    // MARK: - Rare columns

    private mutating func appendIndex(_ index: Int64) {
        if columns.indices.isEmpty { columns.indices = (0..<Int64(columns.count - 1)).map { $0 } }
        columns.indices.append(index)
    }

    private mutating func appendError(_ error: Int32) {
        if columns.errors.isEmpty {
            columns.errors = [Int32](repeating: EventColumns.none, count: columns.count - 1)
        }
        columns.errors.append(error)
    }

    private mutating func appendIntended(_ time: Int64?) {
        if columns.intended.isEmpty {
            columns.intended = [Int64](repeating: EventColumns.noTime, count: columns.count - 1)
        }
        columns.intended.append(time ?? EventColumns.noTime)
    }

    // MARK: - Mistakes

    private func stillOpen(_ event: Event, _ earlier: Int32) -> HistoryError {
        let before = columns[Int(earlier)]
        return HistoryError(
            "process \(event.process) invokes \(columns.functionNames[Int(event.function)]) at event \(event.index) "
                + "while its \(before.function) of event \(before.index) is still open; "
                + "a process runs one operation at a time")
    }

    private func neverInvoked(_ event: Event) -> HistoryError {
        HistoryError(
            "event \(event.index) completes (\(event.kind.rawValue)) an operation that process \(event.process) "
                + "never invoked")
    }
}

/// The open invocation of each process: an array for small numbers, a dictionary for the rest.
private struct OpenInvocations: Sendable {
    private static var small: Int { 1 << 20 }

    private var places: [Int32] = []
    private var others: [Int32: Int32] = [:]

    /// - Returns: the position of an invocation that is still open, or nil.
    @inline(__always)
    mutating func invoke(_ process: Int32, at position: Int32) -> Int32? {
        let number = Int(process)
        if number < Self.small {
            if number >= places.count {
                let missing = max(number + 1, min(places.count * 2, Self.small)) - places.count
                places.append(contentsOf: repeatElement(-1, count: missing))
            }
            if places[number] >= 0 { return places[number] }
            places[number] = position
            return nil
        }
        if let earlier = others[process] { return earlier }
        others[process] = position
        return nil
    }

    /// - Returns: the position of the open invocation, which is closed by this; -1 where there is none.
    @inline(__always)
    mutating func complete(_ process: Int32) -> Int32 {
        let number = Int(process)
        if number < Self.small {
            guard number < places.count else { return -1 }
            let position = places[number]
            places[number] = -1
            return position
        }
        return others.removeValue(forKey: process) ?? -1
    }
}
