import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Links that carry little.
public enum RateEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "rate", group: .network, summary: "limit the rate of each link; what finds the queue full is lost",
        parameters: [
            FaultParameter("limit", .byteRate, isRequired: true, "of each directed link"),
            FaultParameter("queue", .bytes(atLeast: 1), standard: .integer(100_000), "bytes that may wait for a link"),
        ] + LinkSelection.parameters(),
        shorthand: "limit", needs: LinkSelection.emulation,
        proof: "frames that waited, and frames that found the queue full", undo: "links are as fast as they were",
        reach: [.local, .hosts, .external])

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        [.rate(bytesPerSecond: settings.integer("limit"), queueBytes: settings.integer("queue"))]
    }
    public static func words(_ settings: FaultSettings) -> String {
        let rate = settings.integer("limit")
        let units: [(size: Int64, name: String)] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
        let unit = units.first { rate % $0.size == 0 } ?? (1, "B")
        return "\(rate / unit.size) \(unit.name)/s"
    }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.delayedFrames + counters.queueDrops }
}

/// TCP connections that break.
public enum ResetEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "reset", group: .network,
        summary: "reset the TCP connections of nodes at both ends, and, where a share is given, go on doing so",
        parameters: [
            FaultParameter(
                "share", .share(above: 0, upTo: 1), "of the later frames are answered by a reset of their connection")
        ] + LinkSelection.parameters(),
        shorthand: "target", needs: LinkSelection.filter, proof: "connections reset",
        undo: "no connection is reset any more", reach: [.local, .hosts, .external])

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        [.reset(share: settings.number("share"))]
    }
    public static func words(_ settings: FaultSettings) -> String {
        settings["share"] == nil
            ? "once" : "and with \(Quantity.describe(fraction: settings.number("share"))) of the frames"
    }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.resets }
}

/// Links that come and go.
public enum FlapEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "flap", group: .network, summary: "links go down and up again, over and over",
        parameters: [
            FaultParameter(
                "period", .duration(atLeast: 1_000_000), isRequired: true, "from one going down to the next"),
            FaultParameter("up", .share(above: 0, upTo: 1), standard: .double(0.5), "of each period"),
        ] + LinkSelection.parameters(),
        shorthand: "period", proof: "frames swallowed", undo: "links stay up",
        reach: [.local, .external],
        confinement: "the packet filter of a host does not switch links up and down by itself")

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        [.flap(period: settings.integer("period"), up: settings.number("up"))]
    }
    public static func words(_ settings: FaultSettings) -> String {
        "every \(Quantity.describe(duration: settings.integer("period")))"
    }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.cutFrames }
}

/// Nodes that clients do not reach.
public struct ClientCutFault: Fault {
    public static let description = FaultDescription(
        name: "cut-clients", group: .network, summary: "cut the links between nodes and clients",
        parameters: [
            .target("one"),
            FaultParameter(
                "direction", .word(["both", "from", "to"]), standard: "both",
                "frames from the targets, frames to them, or both"),
        ],
        shorthand: "target", needs: LinkSelection.filter,
        proof: "frames that the cut swallowed, or probes that found no way", undo: "the links are whole again",
        reach: [.local, .hosts, .external])

    private let planned: PlannedFault
    private var swallowedBefore: UInt64 = 0

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func prepare(_ node: Node, _ transport: any Transport) throws(ClusterError) {
        try transport.prepareLinks(node)
    }

    private func links(_ choice: FaultChoice) -> Set<Link> {
        let direction = planned.settings.text("direction") ?? "both"
        var links: Set<Link> = []
        for node in choice.targets {
            if direction != "to" { links.insert(Link(from: .node(node), to: .controller)) }
            if direction != "from" { links.insert(Link(from: .controller, to: .node(node))) }
        }
        return links
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let names = context.names(choice.targets)
        switch planned.settings.text("direction") {
        case "from": choice.summary = "nothing from \(names) reaches clients"
        case "to": choice.summary = "nothing from clients reaches \(names)"
        default: choice.summary = "\(names) cut from clients"
        }
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let links = links(choice)
        swallowedBefore = context.links.cutFrames(links)
        let elapsed = try context.links.cut(links, for: planned.id)
        var proof = context.proveCut(links, before: swallowedBefore)
        proof.facts["elapsed_ns"] = .integer(elapsed)
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let swallowed = context.links.cutFrames(links(choice)) - swallowedBefore
        var proof = FaultProof(isProved: swallowed > 0)
        proof.facts["frames_cut"] = .integer(Int64(swallowed))
        proof.facts["elapsed_ns"] = .integer(try context.links.release(planned.id))
        return proof
    }
}

extension NemesisContext {
    /// Shows that links are cut: by the first frame that is swallowed, or, where nobody sends any, by probes.
    /// - Parameter before: frames that had been swallowed on these links before.
    func proveCut(_ cut: Set<Link>, before: UInt64) -> FaultProof {
        var swallowed: UInt64 = 0
        wait(atMost: 500_000_000) {
            swallowed = links.cutFrames(cut) - before
            return swallowed > 0
        }
        var proof = FaultProof(isProved: swallowed > 0)
        proof.facts["cut_links"] = .integer(Int64(cut.count))
        proof.facts["frames_cut"] = .integer(Int64(swallowed))
        if swallowed == 0, let seen = try? transport.reachability(port: nil, patience: 100_000_000) {
            proof.facts["silent_links"] = .integer(Int64(cut.intersection(seen.silent).count))
            proof.isProved = !cut.isEmpty && cut.isSubset(of: seen.silent)
        }
        return proof
    }
}
