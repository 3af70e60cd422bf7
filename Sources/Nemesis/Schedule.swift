import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// What one fault of a schedule does, with everything drawn that can be drawn before the run.
public enum FaultAction: Hashable, Sendable {
    case partition(PartitionKind)
    case kill(Target)
    case pause(Target)
    /// What the clock of each node (by index) would show, were it a target.
    case clock([ClockSkew], Target)
}

/// One fault of a schedule: when it begins and ends, and on whom.
public struct PlannedFault: Hashable, Sendable {
    /// Unique in its run, from 0, in order of the start.
    public var id: Int
    public var action: FaultAction
    /// Nanoseconds since the run began.
    public var start: Int64
    /// Nanoseconds since the run began.
    public var end: Int64
    /// All nodes, shuffled: targets are taken from the front.
    public var order: [Int]
    /// How many nodes `minority` takes this time.
    public var minoritySize: Int

    /// `partition`, `kill`, `pause`, `clock`.
    public var function: String {
        switch action {
        case .partition: "partition"
        case .kill: "kill"
        case .pause: "pause"
        case .clock: "clock"
        }
    }

    /// Whether its target is only known when it begins.
    public var needsPrimary: Bool {
        switch action {
        case .partition(let kind): kind == .isolatePrimary
        case .kill(let target), .pause(let target), .clock(_, let target): target == .primary
        }
    }

    /// The indices of the nodes that a target means, given the drawn order (the primary first, where it matters).
    func nodes(of target: Target, order: [Int], names: [String]) -> [Int] {
        switch target {
        case .one, .primary: Array(order.prefix(1))
        case .minority: order.prefix(minoritySize).sorted()
        case .majority: order.prefix(order.count / 2 + 1).sorted()
        case .all: order.sorted()
        case .named(let wanted): names.indices.filter { wanted.contains(names[$0]) }
        }
    }

    /// One line for a plan.
    public var summary: String {
        let nodes = order.map { "n\($0 + 1)" }
        switch action {
        case .partition(let kind):
            return kind == .isolatePrimary
                ? "partition isolate-primary: whoever leads then"
                : "partition \(kind.rawValue): \(Grudge(kind, order: order).summary)"
        case .kill(let target), .pause(let target):
            return "\(function) \(target.description): \(who(target, nodes))"
        case .clock(let skews, let target):
            if target == .primary { return "clock primary: \(skews[order[0]].words)" }
            let indices = self.nodes(of: target, order: order, names: order.indices.map { "n\($0 + 1)" })
            return "clock \(target.description): "
                + indices.map { "n\($0 + 1) \(skews[$0].words)" }.joined(separator: ", ")
        }
    }

    private func who(_ target: Target, _ names: [String]) -> String {
        if target == .primary { return "whoever leads then" }
        return nodes(of: target, order: order, names: order.indices.map { "n\($0 + 1)" })
            .map { "n\($0 + 1)" }.joined(separator: " ")
    }
}

/// One line of `faults:` with its times.
public struct FaultEntry: Hashable, Sendable {
    public var spec: FaultSpec
    /// Nanoseconds from one beginning to the next.
    public var every: Int64
    /// Nanoseconds that it lasts.
    public var duration: Int64
    /// Nanoseconds from the beginning of the run to its first beginning; nil: drawn within the first interval.
    public var first: Int64?

    public init(spec: FaultSpec, every: Int64, duration: Int64, first: Int64? = nil) {
        self.spec = spec
        self.every = every
        self.duration = duration
        self.first = first
    }
}

/// The list of faults with times and targets; fixed by the seed.
public struct Schedule: Hashable, Sendable {
    /// In order of their start.
    public var faults: [PlannedFault]

    /// Draws the schedule. Every entry has a stream of random numbers of its own, so that changing one entry leaves
    /// the others as they were.
    /// - Parameters:
    ///   - nodes: number of nodes.
    ///   - duration: nanoseconds; every fault begins and ends within it.
    public init(_ entries: [FaultEntry], nodes: Int, duration: Int64, seed: UInt64) {
        var faults: [PlannedFault] = []
        let root = RandomSource(seed: seed).split("schedule")
        for (number, entry) in entries.enumerated() {
            var random = root.split("\(number) \(entry.spec.name)")
            var start = entry.first ?? Int64(random.next(below: UInt64(max(1, entry.every - entry.duration))))
            while start < duration {
                let end = min(start + entry.duration, duration)
                // Every draw is made whether it is needed or not: the next fault does not depend on this one's kind.
                let order = random.shuffled(Array(0..<nodes))
                let minority = max(1, (nodes - 1) / 2)
                let minoritySize = 1 + Int(random.next(below: UInt64(minority)))
                let action = Self.draw(entry.spec.kind, nodes: nodes, &random)
                faults.append(
                    PlannedFault(
                        id: 0, action: action, start: start, end: end, order: order, minoritySize: minoritySize))
                start += entry.every
            }
        }
        faults.sort { ($0.start, $0.function) < ($1.start, $1.function) }
        for index in faults.indices { faults[index].id = index }
        self.faults = faults
    }

    private static func draw(_ kind: FaultSpec.Kind, nodes: Int, _ random: inout RandomSource) -> FaultAction {
        switch kind {
        case .partition(let kinds): .partition(kinds[Int(random.next(below: UInt64(kinds.count)))])
        case .kill(let target): .kill(target)
        case .pause(let target): .pause(target)
        case .clock(let change, let target):
            .clock(
                (0..<nodes).map { _ in
                    ClockSkew(
                        offset: signed(change.bump, &random),
                        ratePartsPerMillion: signed(change.drift, &random))
                }, target)
        }
    }

    /// Between a quarter and the whole of `limit`, forwards or backwards.
    private static func signed(_ limit: Int64, _ random: inout RandomSource) -> Int64 {
        let quarter = limit / 4
        let size = quarter + Int64(random.next(below: UInt64(max(1, limit - quarter + 1))))
        return random.next(below: 2) == 0 ? min(size, limit) : -min(size, limit)
    }

    /// When something happens: all beginnings and ends, in order of time; ends before beginnings.
    public var moments: [Moment] {
        faults
            .flatMap { fault in
                [
                    Moment(time: fault.start, fault: fault.id, begins: true),
                    Moment(time: fault.end, fault: fault.id, begins: false),
                ]
            }
            .sorted { ($0.time, $0.begins ? 1 : 0, $0.fault) < ($1.time, $1.begins ? 1 : 0, $1.fault) }
    }

    /// A beginning or an end.
    public struct Moment: Hashable, Sendable {
        /// Nanoseconds since the run began.
        public var time: Int64
        public var fault: Int
        public var begins: Bool
    }
}

extension Target: CustomStringConvertible {
    public var description: String {
        switch self {
        case .one: "one"
        case .minority: "minority"
        case .majority: "majority"
        case .all: "all"
        case .primary: "primary"
        case .named(let names): names.joined(separator: " ")
        }
    }
}

extension ClockSkew {
    /// `+45 s -1.2 %`, or `true` for a clock that is right.
    var words: String {
        var parts: [String] = []
        if offset != 0 { parts.append((offset > 0 ? "+" : "-") + Quantity.describe(duration: abs(offset))) }
        if ratePartsPerMillion != 0 {
            let tenths = abs(ratePartsPerMillion) / 1_000
            parts.append("\(ratePartsPerMillion > 0 ? "+" : "-")\(tenths / 10).\(tenths % 10) %")
        }
        return parts.isEmpty ? "true" : parts.joined(separator: " ")
    }
}
