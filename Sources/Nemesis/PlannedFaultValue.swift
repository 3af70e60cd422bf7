import PolygraphHistory

// A planned fault as it stands in `plan.json`, under `schedule`.

extension PlannedFault {
    /// What `init` reads. `summary` is for people and is not read back.
    public var value: Value {
        var fields: [String: Value] = [
            "fault": .integer(Int64(id)), "line": .integer(Int64(line)), "f": .string(function),
            "start": .integer(start), "end": .integer(end),
            "settings": .object(settings.values), "order": .list(order.map { .string("n\($0 + 1)") }),
            "minority": .integer(Int64(minoritySize)), "summary": .string(summary),
        ]
        if let trigger {
            fields["trigger"] = trigger.value
            fields["gap"] = .integer(gap)
        }
        if let quorum { fields["quorum"] = .string(quorum.rawValue) }
        if isPinned { fields["pinned"] = true }
        return .object(fields)
    }

    /// - Returns: nil where a field is missing or makes no sense, or the kind of fault is unknown.
    public init?(_ value: Value) {
        guard let id = value["fault"]?.integerValue, let function = value["f"]?.stringValue,
            FaultCatalog.kind(named: function) != nil, let start = value["start"]?.integerValue,
            let end = value["end"]?.integerValue, start >= 0, end >= start,
            let line = value["line"]?.integerValue, let settings = value["settings"]?.fields,
            let names = value["order"]?.elements,
            let minority = value["minority"]?.integerValue, minority >= 0
        else { return nil }
        let order = names.compactMap { $0.stringValue.flatMap(Self.index) }
        guard order.sorted() == Array(names.indices), !order.isEmpty else { return nil }
        var quorum: QuorumRule?
        if let word = value["quorum"] {
            guard let rule = word.stringValue.flatMap(QuorumRule.init(rawValue:)) else { return nil }
            quorum = rule
        }
        var trigger: FaultTrigger?
        if let described = value["trigger"] {
            guard let read = FaultTrigger(described) else { return nil }
            trigger = read
        }
        self.init(
            id: Int(id), line: Int(line), function: function, settings: FaultSettings(settings), start: start, end: end,
            order: order,
            minoritySize: Int(minority), quorum: quorum, trigger: trigger, gap: value["gap"]?.integerValue ?? 0,
            isPinned: value["pinned"]?.boolValue ?? false)
    }

    /// `n3` is 2.
    static func index(ofNode name: String) -> Int? {
        guard name.first == "n", let number = Int(name.dropFirst()), number > 0 else { return nil }
        return number - 1
    }
}

/// Why the schedule of a `plan.json` cannot be carried out.
public struct ScheduleError: Error, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

extension Schedule {
    /// What `init` reads.
    public var value: Value { .list(faults.map(\.value)) }

    /// A schedule that was drawn before.
    /// - Parameters:
    ///   - nodes: number of nodes of the cluster.
    ///   - duration: nanoseconds of load.
    /// - Throws: `ScheduleError` that says which fault makes no sense.
    public init(_ value: Value, nodes: Int, duration: Int64) throws(ScheduleError) {
        guard let entries = value.elements else {
            throw ScheduleError("schedule: expected a list of faults; found \(value)")
        }
        var faults: [PlannedFault] = []
        for (position, entry) in entries.enumerated() {
            if let function = entry["f"]?.stringValue, FaultCatalog.kind(named: function) == nil {
                throw ScheduleError(
                    "schedule[\(position)]: this Polygraph knows no fault `\(function)` (known: "
                        + FaultCatalog.names.joined(separator: ", ") + ")")
            }
            guard let fault = PlannedFault(entry), fault.order.count == nodes else {
                throw ScheduleError(
                    "schedule[\(position)]: not a planned fault of a cluster of \(nodes) nodes: \(entry)")
            }
            faults.append(fault)
        }
        self.init(numbering: faults, duration: duration)
    }

    /// These faults, numbered anew in order of their start.
    public init(numbering faults: [PlannedFault], duration: Int64) {
        var sorted = faults.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            .map(\.element)
        for index in sorted.indices { sorted[index].id = index }
        self.init(faults: sorted, duration: duration)
    }
}
