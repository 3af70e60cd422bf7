import PolygraphHistory

/// The faults of a history, and when each was in force: from the event that says it took effect to the event that says
/// it was undone, or to the end.
struct FaultTimeline: Sendable {
    struct Fault: Sendable {
        /// What it is, without a time: `partition majority-ring`, `clock of n1 60 s behind`.
        var description: String
        /// Nanoseconds since the run began.
        var start: Int64
        var end: Int64
    }

    private(set) var faults: [Fault] = []
    /// Whether the history says of faults when they began and ended; what another tool's nemesis writes does not.
    private(set) var isKnown = false

    init(_ history: History) {
        var open: [Value: Int] = [:]
        let processes = history.columns.processes
        for position in processes.indices where processes[position] == EventColumns.nemesis {
            let event = history.operations[position]
            guard event.value["stage"]?.stringValue == "effect", let id = event.value["fault"] else { continue }
            isKnown = true
            // Left out to keep a majority: nothing was done.
            if event.value["proof"]?["skipped"] != nil { continue }
            switch event.value["action"]?.stringValue {
            case "inject":
                open[id] = faults.count
                faults.append(Fault(description: Self.describe(event), start: event.time, end: .max))
            case "undo":
                if let place = open.removeValue(forKey: id) { faults[place].end = event.time }
            default: break
            }
        }
    }

    /// The faults in force at some instant of a span of time, as phrases: `partition majority-ring (since 10.000 s)`.
    func inForce(from start: Int64, to end: Int64) -> [String] {
        faults.filter { $0.start <= end && $0.end >= start }.map { fault in
            let until = fault.end <= end ? ", until \(Phrases.seconds(fault.end))" : ""
            return "\(fault.description) (since \(Phrases.seconds(fault.start))\(until))"
        }
    }

    private static func describe(_ event: Operation) -> String {
        if event.function == "clock", let skew = event.value["skew"]?.fields, !skew.isEmpty {
            return Phrases.list(skew.sorted { $0.key < $1.key }.map { "clock of \($0.key) \(Self.skew($0.value))" })
        }
        var words = event.function
        if let kind = event.value["kind"]?.stringValue { words += " " + kind }
        let targets = event.value["targets"]?.elements?.compactMap(\.stringValue) ?? []
        if !targets.isEmpty { words += " of " + Phrases.list(targets) }
        return words
    }

    private static func skew(_ skew: Value) -> String {
        let offset = skew["offset"]?.integerValue ?? 0
        let rate = skew["rate"]?.doubleValue ?? 0
        var parts: [String] = []
        if offset != 0 { parts.append("\(Phrases.span(offset)) \(offset < 0 ? "behind" : "ahead")") }
        if rate != 0 {
            let size = rate.magnitude
            parts.append("\(size == size.rounded() ? "\(Int64(size))" : "\(size)") ppm \(rate < 0 ? "slow" : "fast")")
        }
        return parts.isEmpty ? "bent" : Phrases.list(parts)
    }
}
