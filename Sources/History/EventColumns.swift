/// The events of a history, a column a field: some 40 bytes an event, whatever it carries.
///
/// Names and values stand in tables; the columns hold their ids. Checkers read the columns, people `Operation`.
public struct EventColumns: Sendable {
    /// The process of an event of the nemesis.
    public static let nemesis: Int32 = -1
    /// The id where an event has no key, node or error, and the partner where there is none.
    public static let none: Int32 = -1
    /// The intended time of an event that has none.
    static let noTime = Int64.min

    /// Nanoseconds since the run began.
    public internal(set) var times: [Int64] = []
    /// Numbers of processes; `nemesis` for the nemesis.
    public internal(set) var processes: [Int32] = []
    public internal(set) var kinds: [Operation.Kind] = []
    /// Places in `functionNames`.
    public internal(set) var functions: [UInt16] = []
    /// Ids of `values`, or `none`.
    public internal(set) var keys: [Int32] = []
    /// Ids of `values`.
    public internal(set) var valueIDs: [Int32] = []
    /// Position of the completion of each invocation, or of the invocation of each completion; `none` for an
    /// invocation that never completed and for events of the nemesis.
    public internal(set) var partner: [Int32] = []
    /// Places in `nodeNames`, or `none`.
    public internal(set) var nodes: [Int16] = []

    public internal(set) var values = ValueTable()
    public internal(set) var functionNames: [String] = []
    public internal(set) var nodeNames: [String] = []
    public internal(set) var errorTexts: [String] = []

    /// Places in `errorTexts`; empty while no event has an error.
    var errors: [Int32] = []
    /// Empty while every event's index is its position.
    var indices: [Int64] = []
    /// Empty while no event has an intended time.
    var intended: [Int64] = []

    public var count: Int { times.count }

    /// The place of the event's error in `errorTexts`, or `none`.
    @inline(__always)
    public func error(_ position: Int) -> Int32 { errors.isEmpty ? Self.none : errors[position] }

    /// The event's place in the order of record.
    @inline(__always)
    public func index(_ position: Int) -> Int { indices.isEmpty ? position : Int(indices[position]) }

    /// The event at `position`, whole.
    public subscript(_ position: Int) -> Operation {
        let (key, node, error) = (keys[position], nodes[position], error(position))
        let process = processes[position]
        return Operation(
            index: index(position), time: times[position],
            process: process == Self.nemesis ? .nemesis : .client(Int(process)), kind: kinds[position],
            function: functionNames[Int(functions[position])], key: key == Self.none ? nil : .some(values[key]),
            value: values[valueIDs[position]], node: node < 0 ? nil : nodeNames[Int(node)],
            error: error == Self.none ? nil : errorTexts[Int(error)],
            intended: intended.isEmpty || intended[position] == Self.noTime ? nil : intended[position])
    }
}
