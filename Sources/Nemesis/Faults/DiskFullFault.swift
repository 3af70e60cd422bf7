import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// A disk without room.
public struct DiskFullFault: Fault {
    public static let description = FaultDescription(
        name: "disk-full", group: .disks,
        summary: "writes, and opening of new files, fail with ENOSPC once so many more bytes are written",
        parameters: [
            FaultParameter(
                "room", .bytes(atLeast: 0), standard: .integer(0), "bytes that can still be written on each node"),
            DiskRules.files, .target("one"),
        ],
        needs: DiskRules.needs, proof: "calls that failed, by node",
        undo: "there is room again; a node that ended over it is started again")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func supervision(for settings: FaultSettings) -> DiskSupervision? { DiskSupervision(.writes) }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        DiskRules.drawSeed(settings, &random)
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary =
            "disk full after \(Quantity.describe(bytes: planned.settings.integer("room"))) more on "
            + context.names(choice.targets)
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        DiskRules.begin(choice, planned, context) { node in
            [
                SystemCallRule(
                    SystemCallRule.Call.writing.union([.open, .fallocate, .mkdir]),
                    files: planned.settings.text("files") ?? "*",
                    effect: .full(room: planned.settings.integer("room")),
                    seed: DiskRules.seed(planned.settings, node: node))
            ]
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let proof = DiskRules.end(choice, planned, context)
        return context.raiseFallen(choice, planned, proof)
    }
}
