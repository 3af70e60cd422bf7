import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// One line of `faults:` with its times.
public struct FaultEntry: Hashable, Sendable {
    /// The kind's name: `partition`, `kill`, …
    public var function: String
    /// What the file says.
    public var settings: FaultSettings
    /// What the file calls the line; the kind's name where it does not.
    public var name: String
    /// Nanoseconds from one beginning to the next.
    public var every: Int64
    /// Nanoseconds that it lasts.
    public var duration: Int64
    /// Nanoseconds from the beginning of its phase to its first beginning; nil: drawn within the first interval.
    public var first: Int64?
    public var quorum: QuorumRule?
    /// How often it is drawn where faults exclude each other, against the others' weights.
    public var weight: Int
    /// What it waits for; nil: it comes by the clock.
    public var trigger: FaultTrigger?

    public init(
        _ function: String, _ settings: FaultSettings, name: String? = nil, every: Int64, duration: Int64,
        first: Int64? = nil, quorum: QuorumRule? = nil, weight: Int = 1, trigger: FaultTrigger? = nil
    ) {
        self.function = function
        self.settings = settings
        self.name = name ?? function
        self.every = every
        self.duration = duration
        self.first = first
        self.quorum = quorum
        self.weight = weight
        self.trigger = trigger
    }
}

/// The list of faults with times and targets; fixed by the seed.
public struct Schedule: Hashable, Sendable {
    /// In order of their start.
    public var faults: [PlannedFault]
    /// Nanoseconds; every fault begins and ends within it.
    public var duration: Int64

    public init(faults: [PlannedFault], duration: Int64) {
        self.faults = faults
        self.duration = duration
    }

    /// Draws the schedule. Every line has a stream of random numbers of its own, so that changing one line leaves the
    /// others as they were.
    /// - Parameters:
    ///   - entries: of kinds that the catalog knows.
    ///   - nodes: number of nodes.
    ///   - duration: nanoseconds; every fault begins and ends within it.
    public init(
        _ entries: [FaultEntry], rules: ScheduleRules = ScheduleRules(), nodes: Int, duration: Int64, seed: UInt64
    ) {
        let root = RandomSource(seed: seed).split("schedule")
        var lines = entries.enumerated().map { number, entry in
            ScheduledLine(
                number: number, entry: entry, nodes: nodes,
                windows: rules.windows(of: entry.name, duration: duration),
                random: root.split("\(number) \(entry.function)"))
        }
        if rules.isSwarm { lines = Self.swarm(of: entries, seed: seed).map { lines[$0] } }
        var faults: [PlannedFault] = []
        for place in lines.indices where lines[place].entry.trigger != nil || !rules.isExclusive {
            faults += lines[place].ownTimes(until: duration)
        }
        if rules.isExclusive {
            faults += Self.oneAtATime(&lines, every: rules.every, duration: duration, root.split("exclusive"))
        }
        faults.sort { ($0.start, $0.function, $0.line) < ($1.start, $1.function, $1.line) }
        for index in faults.indices { faults[index].id = index }
        self.init(faults: faults, duration: duration)
    }

    /// Prepares all nodes for the faults that will come, before any of them is started.
    public func prepare(_ transport: any Transport) throws(ClusterError) {
        for name in Set(faults.map(\.function)).sorted() {
            guard let kind = FaultCatalog.kind(named: name) else { continue }
            for node in transport.nodes { try kind.prepare(node, transport) }
        }
        for fault in onePerLine { try fault.kind.prepare(fault.settings) }
    }

    /// The first fault of every line of the workload file.
    private var onePerLine: [PlannedFault] {
        var lines: Set<Int> = []
        return faults.filter { lines.insert($0.line).inserted }
    }

    /// Nanoseconds that undoing everything may take, beyond what it usually takes.
    public func undoLimit(nodes: Int) -> Int64 {
        onePerLine.reduce(0) { $0 + $1.kind.undoLimit($1.settings, nodes: nodes) }
    }

    /// How closely the nodes' system calls must be watched for all these faults; nil: not at all.
    public var supervision: DiskSupervision? {
        faults.compactMap { $0.kind.supervision(for: $0.settings) }.reduce(nil) { joined, next in
            guard let joined else { return next }
            return DiskSupervision(
                max(joined.level, next.level), losesUnsyncedNames: joined.losesUnsyncedNames || next.losesUnsyncedNames)
        }
    }

    /// Which lines a swarm keeps, counted from 0: each with the odds of a coin, and one at least. A line that waits for
    /// another brings that one along.
    public static func swarm(of entries: [FaultEntry], seed: UInt64) -> [Int] {
        let count = entries.count
        guard count > 0 else { return [] }
        var random = RandomSource(seed: seed).split("schedule").split("swarm")
        let kept = (0..<count).filter { _ in random.next(below: 2) == 0 }
        let last = Int(random.next(below: UInt64(count)))
        var all = Set(kept.isEmpty ? [last] : kept)
        var unseen = all.sorted()
        while let line = unseen.popLast() {
            guard case .fault(let name, _)? = entries[line].trigger?.signal else { continue }
            let awaited = entries.indices.filter { entries[$0].function == name }
            guard all.isDisjoint(with: awaited), let first = awaited.first else { continue }
            all.insert(first)
            unseen.append(first)
        }
        return all.sorted()
    }

    private static func oneAtATime(
        _ lines: inout [ScheduledLine], every: Int64, duration: Int64, _ random: RandomSource
    ) -> [PlannedFault] {
        var random = random
        var faults: [PlannedFault] = []
        var start = Int64(random.next(below: UInt64(max(1, every / 2))))
        while start < duration {
            var next = start + every
            let able = lines.indices.filter { place in
                lines[place].entry.trigger == nil && lines[place].windows.contains { $0.contains(start) }
            }
            let total = able.reduce(0) { $0 + lines[$1].entry.weight }
            if total > 0 {
                var draw = Int(random.next(below: UInt64(total)))
                let place = able.first { place in
                    draw -= lines[place].entry.weight
                    return draw < 0
                }!
                let window = lines[place].windows.first { $0.contains(start) }!
                let fault = lines[place].occurrence(start: start, until: window.upperBound)
                faults.append(fault)
                next = max(next, fault.end)
            }
            start = next
        }
        return faults
    }

    /// When something happens by the clock: all beginnings and ends, in order of time; ends before beginnings.
    public var moments: [Moment] {
        faults.filter { $0.trigger == nil }
            .flatMap { fault in
                [
                    Moment(time: fault.start, fault: fault.id, begins: true),
                    Moment(time: fault.end, fault: fault.id, begins: false),
                ]
            }
            .sorted()
    }

    /// A beginning or an end.
    public struct Moment: Hashable, Sendable, Comparable {
        /// Nanoseconds since the run began.
        public var time: Int64
        public var fault: Int
        public var begins: Bool

        public init(time: Int64, fault: Int, begins: Bool) {
            self.time = time
            self.fault = fault
            self.begins = begins
        }

        public static func < (left: Moment, right: Moment) -> Bool {
            (left.time, left.begins ? 1 : 0, left.fault) < (right.time, right.begins ? 1 : 0, right.fault)
        }
    }
}

/// A line of `faults:` while its occurrences are drawn.
private struct ScheduledLine {
    let number: Int
    let entry: FaultEntry
    let nodes: Int
    let windows: [Range<Int64>]
    var random: RandomSource

    /// The occurrences of a line that keeps its own times, or waits for a trigger.
    mutating func ownTimes(until duration: Int64) -> [PlannedFault] {
        if let trigger = entry.trigger {
            let start = entry.first ?? 0
            return (0..<trigger.times).map { _ in occurrence(start: start, until: .max) }
        }
        var faults: [PlannedFault] = []
        for window in windows {
            let first = entry.first ?? Int64(random.next(below: UInt64(max(1, entry.every - entry.duration))))
            var start = window.lowerBound + first
            while start < window.upperBound {
                faults.append(occurrence(start: start, until: window.upperBound))
                start += entry.every
            }
        }
        return faults
    }

    mutating func occurrence(start: Int64, until limit: Int64) -> PlannedFault {
        let (sum, overflows) = start.addingReportingOverflow(entry.duration)
        let kind = FaultCatalog.kind(named: entry.function)!
        // Every draw is made whether it is needed or not: the next fault does not depend on this one's kind.
        let order = (entry.settings.target ?? .one).order(nodes, &random)
        let minority = max(1, (nodes - 1) / 2)
        let minoritySize = 1 + Int(random.next(below: UInt64(minority)))
        let settings = kind.draw(entry.settings, nodes: nodes, random: &random)
        return PlannedFault(
            id: 0, line: number, function: entry.function, settings: settings, start: start,
            end: overflows ? limit : min(sum, limit), order: order, minoritySize: minoritySize,
            quorum: entry.quorum, trigger: entry.trigger, gap: entry.trigger == nil ? 0 : entry.every)
    }
}
