import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// What one kind of fault does to the links that it is for.
public protocol LinkEffectKind: Sendable {
    static var description: FaultDescription { get }

    static func problems(with settings: FaultSettings) -> [FaultProblem]

    /// The effects, one behind the other.
    static func effects(_ settings: FaultSettings) -> [LinkEffect]

    /// A few words about the effects: `30 ms ± 10 ms`.
    static func words(_ settings: FaultSettings) -> String

    /// How often the effect has struck, by what a link has counted.
    static func strikes(_ counters: LinkCounters) -> UInt64
}

extension LinkEffectKind {
    public static func problems(with settings: FaultSettings) -> [FaultProblem] { [] }
}

/// A fault that spoils links and takes nothing away: frames come late, twice, changed, or not at all.
public struct LinkFault<Kind: LinkEffectKind>: Fault {
    public static var description: FaultDescription { Kind.description }

    private let planned: PlannedFault
    private var links: Set<Link> = []
    private var before: [LinkCounters] = []

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func prepare(_ node: Node, _ transport: any Transport) throws(ClusterError) {
        try transport.prepareLinks(node)
    }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        var problems = LinkSelection.problems(settings) + Kind.problems(with: settings)
        // What the file says of targets has been looked at; what is meant without a word has not.
        if settings["target"] == description.parameter("target")?.standard,
            let problem = settings.target?.problem(in: shape)
        {
            problems.append(FaultProblem("target", problem))
        }
        if shape.transport == .external {
            problems += OutsideLinks.problems(settings)
        } else if shape.nodes == 1, !settings.flag("clients") {
            problems.append(FaultProblem(nil, "finds no links: there is one node; say `clients: true`"))
        }
        return problems
    }

    public static func summary(of planned: PlannedFault) -> String {
        let target = planned.settings.target ?? .all
        return "\(planned.function) \(Kind.words(planned.settings)): \(planned.who(target))"
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let selection = LinkSelection(planned.settings, targets: choice.targets)
        choice.summary = "\(planned.function) \(Kind.words(planned.settings)) \(selection.words(context))"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let selection = LinkSelection(planned.settings, targets: choice.targets)
        links = Set(
            selection.links(nodes: context.nodes.count, betweenNodes: context.transport.spoilsNodeLinks))
        let policy = LinkPolicy(Kind.effects(planned.settings).map { LinkPolicy.Stage($0, ports: selection.ports) })
        before = context.links.counters(links)
        var proof = FaultProof()
        let elapsed = try context.links.spoil(
            Dictionary(uniqueKeysWithValues: links.map { ($0, policy) }), for: planned.id)
        // Nodes of a cluster talk all the time: soon something is hit.
        context.wait(atMost: 500_000_000) {
            context.links.counters(links, since: before).contains { Kind.strikes($0) > 0 }
        }
        proof.add(context.links.counters(links, since: before), Kind.strikes)
        proof.facts["links"] = .integer(Int64(links.count))
        proof.facts["elapsed_ns"] = .integer(elapsed)
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = FaultProof()
        proof.add(context.links.counters(links, since: before), Kind.strikes)
        proof.facts["elapsed_ns"] = .integer(try context.links.release(planned.id))
        return proof
    }
}

extension FaultProof {
    /// What links have counted, as facts; proved where the effect has struck.
    mutating func add(_ counters: [LinkCounters], _ strikes: (LinkCounters) -> UInt64) {
        func sum(_ path: KeyPath<LinkCounters, UInt64>) -> UInt64 { counters.reduce(0) { $0 + $1[keyPath: path] } }
        let delayed = sum(\.delayedFrames)
        let all: [(name: String, count: UInt64)] = [
            ("frames_forwarded", sum(\.forwardedFrames)), ("frames_cut", sum(\.cutFrames)),
            ("frames_lost", sum(\.lostFrames)), ("frames_dropped_by_queue", sum(\.queueDrops)),
            ("frames_duplicated", sum(\.duplicatedFrames)), ("frames_corrupted", sum(\.corruptedFrames)),
            ("frames_reordered", sum(\.reorderedFrames)), ("frames_delayed", delayed),
            ("mean_delay_ns", sum(\.delay) / max(1, delayed)), ("resets", sum(\.resets)),
        ]
        for (name, count) in all where count > 0 { facts[name] = .integer(Int64(clamping: count)) }
        isProved = counters.contains { strikes($0) > 0 }
    }
}
