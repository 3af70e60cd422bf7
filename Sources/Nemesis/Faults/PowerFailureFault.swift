import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Everything that was not synced is lost.
public struct PowerFailureFault: Fault {
    public static let description = FaultDescription(
        name: "power-failure", group: .disks,
        summary: "kill nodes and take their files back to what was synced, restart them at the end",
        parameters: [
            .target("one"),
            FaultParameter(
                "remains", .words(PowerFailure.Remains.allCases.map(\.rawValue)), standard: ["nothing"],
                "of what was not synced: `nothing`; `beginning`, a drawn part, so that the last write may be torn; "
                    + "`pages`, drawn pages in any order; of several one is drawn each time"),
            FaultParameter(
                "torn-at", .bytes(atLeast: 1), standard: .integer(512),
                "writes are torn at a multiple of so many bytes (`remains: beginning`)"),
            FaultParameter(
                "lose-names", .flag, standard: .bool(false),
                "whether new, renamed and removed files go back unless their folder was synced; without it, as on "
                    + "ext4 and XFS, they go back unless anything was synced later"),
        ],
        shorthand: "target", needs: DiskRules.needs,
        proof: "processes killed, bytes lost, files and names taken back",
        undo: "starts the node again, with the clock it should have", takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func supervision(for settings: FaultSettings) -> DiskSupervision? {
        DiskSupervision(.changes, losesUnsyncedNames: settings.flag("lose-names"))
    }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        var settings = DiskRules.drawSeed(settings, &random)
        let remains = settings.texts("remains")
        settings["remains"] = .string(remains[Int(random.next(below: UInt64(remains.count)))])
        return settings
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let remains = planned.settings.text("remains") ?? "nothing"
        choice.summary = "power failure on \(context.names(choice.targets)): of unsynced data \(remains) remains"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let settings = planned.settings
        let failure = PowerFailure(
            remains: settings.text("remains").flatMap { PowerFailure.Remains(rawValue: $0) } ?? .nothing,
            granularity: Int(settings.integer("torn-at")), seed: DiskRules.seed(settings, node: 0))
        for node in choice.targets { context.processes.willFall(node, for: planned.id) }
        let proofs = try context.transport.powerFail(choice.targets.map { context.nodes[$0] }, failure)
        var proof = FaultProof()
        for (node, measured) in zip(choice.targets, proofs) {
            proof.facts[context.names[node]] = [
                "processes_killed": .integer(Int64(measured.processesKilled)),
                "bytes_lost": .integer(measured.bytesLost), "bytes_kept": .integer(measured.bytesKept),
                "files_rolled_back": .integer(Int64(measured.filesRolledBack)),
                "names_undone": .integer(Int64(measured.namesUndone)),
            ]
        }
        proof.isProved = proofs.contains { $0.processesKilled > 0 }
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.raise(choice, takenBy: planned.id)
    }
}
