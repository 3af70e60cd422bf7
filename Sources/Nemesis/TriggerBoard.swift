import PolygraphHistory

/// Something that happened in a run and that a trigger may wait for.
public enum TriggerSignal: Hashable, Sendable {
    case log(line: String, node: String)
    case completion(function: String, kind: Operation.Kind)
    /// The number of the fault, its kind, and whether it begins.
    case fault(Int, String, begins: Bool)
    /// The node that says that it leads.
    case primary(String)
}

/// Decides which faults of a schedule begin because of what happens. Pure: time and signals come from outside.
public struct TriggerBoard: Sendable {
    /// A fault that is due.
    public struct Fired: Hashable, Sendable {
        public var fault: Int
        /// Nanoseconds since the run began.
        public var begin: Int64
        public var end: Int64
    }

    private struct Rule: Sendable {
        let trigger: FaultTrigger
        /// Numbers of the faults that it may yet start, in order.
        var faults: ArraySlice<PlannedFault>
        let all: Set<Int>
        /// Operations that counted since the last one that made it due.
        var count = 0
        /// Nothing begins before; nanoseconds since the run began.
        var notBefore: Int64
        /// Nanoseconds between two beginnings.
        let gap: Int64
    }

    private var rules: [Rule] = []
    private var primary: String?
    /// Nanoseconds since the run began; faults end by then.
    private let duration: Int64

    public init(_ schedule: Schedule) {
        duration = schedule.duration
        for faults in Dictionary(grouping: schedule.faults.filter { $0.trigger != nil }, by: \.line).sorted(by: {
            $0.key < $1.key
        }).map(\.value) {
            rules.append(
                Rule(
                    trigger: faults[0].trigger!, faults: faults[...], all: Set(faults.map(\.id)),
                    notBefore: faults[0].start, gap: max(faults[0].gap, faults[0].end - faults[0].start)))
        }
    }

    /// Whether there is anything to wait for.
    public var isEmpty: Bool { rules.isEmpty }

    /// Whether any rule looks at what nodes write.
    public var readsLogs: Bool {
        rules.contains { if case .log = $0.trigger.signal { true } else { false } }
    }

    /// Takes note of a signal.
    /// - Parameter time: nanoseconds since the run began.
    /// - Returns: the faults that are due because of it.
    public mutating func take(_ signal: TriggerSignal, at time: Int64) -> [Fired] {
        var isChange = false
        if case .primary(let node) = signal {
            isChange = primary != nil && primary != node
            primary = node
        }
        var fired: [Fired] = []
        for place in rules.indices where matches(&rules[place], signal, isChange: isChange) {
            guard let fault = rules[place].faults.first, time >= rules[place].notBefore else { continue }
            let begin = time + rules[place].trigger.delay
            guard begin < duration else { continue }
            rules[place].faults.removeFirst()
            rules[place].notBefore = begin + rules[place].gap
            rules[place].count = 0
            fired.append(Fired(fault: fault.id, begin: begin, end: min(begin + fault.end - fault.start, duration)))
        }
        return fired
    }

    private func matches(_ rule: inout Rule, _ signal: TriggerSignal, isChange: Bool) -> Bool {
        switch (rule.trigger.signal, signal) {
        case (.log(let text, let wanted), .log(let line, let node)):
            return (wanted == nil || wanted == node) && line.contains(text)
        case (.operations(let count, let wanted), .completion(let function, .ok)):
            guard wanted == nil || wanted == function else { return false }
            rule.count += 1
            return rule.count >= count
        case (.completion(let wanted, let kind), .completion(let function, let found)):
            return (wanted == nil || wanted == function) && (kind == nil || kind == found)
        case (.fault(let name, let begins), .fault(let id, let function, let found)):
            // A rule that waited for its own faults would never rest.
            return name == function && begins == found && !rule.all.contains(id)
        case (.primaryChange, .primary): return isChange
        default: return false
        }
    }
}
