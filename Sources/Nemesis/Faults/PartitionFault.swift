import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Cuts links between nodes.
public struct PartitionFault: Fault {
    public static let description = FaultDescription(
        name: "partition", group: .network,
        summary: "cut links: " + PartitionKind.allCases.map(\.rawValue).joined(separator: ", "),
        parameters: [
            FaultParameter(
                "kind", .words(PartitionKind.allCases.map(\.rawValue)), isRequired: true,
                "the shape; of several one is drawn each time")
        ],
        shorthand: "kind", needs: LinkSelection.filter,
        proof: "frames that the cut swallowed, or probes that found no way", undo: "the links are whole again")

    private let planned: PlannedFault
    /// Frames that had been swallowed on the links before.
    private var swallowedBefore: UInt64 = 0

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func prepare(_ node: Node, _ transport: any Transport) throws(ClusterError) {
        try transport.prepareLinks(node)
    }

    private static func kinds(_ settings: FaultSettings) -> [PartitionKind] {
        settings.texts("kind").compactMap(PartitionKind.init)
    }

    private var kind: PartitionKind { Self.kinds(planned.settings).first ?? .halves }

    private var coins: UInt64 { UInt64(bitPattern: planned.settings.integer("coins")) }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        kinds(settings).enumerated().compactMap { element, kind in
            if shape.nodes < kind.leastNodes {
                let isOrAre = shape.nodes == 1 ? "is 1" : "are \(shape.nodes)"
                return FaultProblem(
                    "kind", element: element,
                    "`\(kind.rawValue)` needs at least \(kind.leastNodes) nodes; there \(isOrAre)")
            }
            if kind == .isolatePrimary, !shape.hasPrimary {
                return FaultProblem(
                    "kind", element: element,
                    "`\(kind.rawValue)` needs `system.primary`, which says how to ask a node whether it leads")
            }
            return nil
        }
    }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        var settings = settings
        let kinds = settings.texts("kind")
        settings["kind"] = .string(kinds[Int(random.next(below: UInt64(kinds.count)))])
        if kinds.contains(PartitionKind.random.rawValue) {
            settings["coins"] = .integer(Int64(random.next(below: 1 << 62)))
        }
        return settings
    }

    public static func summary(of planned: PlannedFault) -> String {
        let kind = PartitionFault(planned).kind
        return kind == .isolatePrimary
            ? "partition isolate-primary: whoever leads then"
            : "partition \(kind.rawValue): \(Grudge(kind, order: planned.order, coins: PartitionFault(planned).coins).summary)"
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        let grudge = Grudge(kind, order: order, coins: coins)
        let alone = kind == .one || kind == .isolatePrimary
        return FaultChoice(
            targets: alone ? Array(order.prefix(1)) : Set(grudge.cut.map(\.from)).sorted(), kind: kind.rawValue,
            summary: grudge.summary, cut: grudge.cut)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let links = choice.links
        swallowedBefore = context.links.cutFrames(links)
        let elapsed = try context.links.cut(links, for: planned.id)
        var proof = context.proveCut(links, before: swallowedBefore)
        proof.facts["elapsed_ns"] = .integer(elapsed)
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let swallowed = context.links.cutFrames(choice.links) - swallowedBefore
        var proof = FaultProof(isProved: swallowed > 0)
        proof.facts["frames_cut"] = .integer(Int64(swallowed))
        proof.facts["elapsed_ns"] = .integer(try context.links.release(planned.id))
        return proof
    }
}
