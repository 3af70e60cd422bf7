import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// One line of `faults:` with its times.
public struct FaultEntry: Hashable, Sendable {
    /// The kind's name: `partition`, `kill`, …
    public var function: String
    /// What the file says.
    public var settings: FaultSettings
    /// Nanoseconds from one beginning to the next.
    public var every: Int64
    /// Nanoseconds that it lasts.
    public var duration: Int64
    /// Nanoseconds from the beginning of the run to its first beginning; nil: drawn within the first interval.
    public var first: Int64?
    public var quorum: QuorumRule?

    public init(
        _ function: String, _ settings: FaultSettings, every: Int64, duration: Int64, first: Int64? = nil,
        quorum: QuorumRule? = nil
    ) {
        self.function = function
        self.settings = settings
        self.every = every
        self.duration = duration
        self.first = first
        self.quorum = quorum
    }
}

/// The list of faults with times and targets; fixed by the seed.
public struct Schedule: Hashable, Sendable {
    /// In order of their start.
    public var faults: [PlannedFault]

    /// Draws the schedule. Every entry has a stream of random numbers of its own, so that changing one entry leaves
    /// the others as they were.
    /// - Parameters:
    ///   - entries: of kinds that the catalog knows.
    ///   - nodes: number of nodes.
    ///   - duration: nanoseconds; every fault begins and ends within it.
    public init(_ entries: [FaultEntry], nodes: Int, duration: Int64, seed: UInt64) {
        var faults: [PlannedFault] = []
        let root = RandomSource(seed: seed).split("schedule")
        for (number, entry) in entries.enumerated() {
            let kind = FaultCatalog.kind(named: entry.function)!
            var random = root.split("\(number) \(entry.function)")
            var start = entry.first ?? Int64(random.next(below: UInt64(max(1, entry.every - entry.duration))))
            while start < duration {
                let end = min(start + entry.duration, duration)
                // Every draw is made whether it is needed or not: the next fault does not depend on this one's kind.
                let order = (entry.settings.target ?? .one).order(nodes, &random)
                let minority = max(1, (nodes - 1) / 2)
                let minoritySize = 1 + Int(random.next(below: UInt64(minority)))
                let settings = kind.draw(entry.settings, nodes: nodes, random: &random)
                faults.append(
                    PlannedFault(
                        id: 0, function: entry.function, settings: settings, start: start, end: end, order: order,
                        minoritySize: minoritySize, quorum: entry.quorum))
                start += entry.every
            }
        }
        faults.sort { ($0.start, $0.function) < ($1.start, $1.function) }
        for index in faults.indices { faults[index].id = index }
        self.faults = faults
    }

    /// Prepares all nodes for the faults that will come, before any of them is started.
    public func prepare(_ transport: any Transport) throws(ClusterError) {
        for name in Set(faults.map(\.function)).sorted() {
            guard let kind = FaultCatalog.kind(named: name) else { continue }
            for node in transport.nodes { try kind.prepare(node, transport) }
        }
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
