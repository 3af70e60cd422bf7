import PolygraphCluster
import PolygraphHistory

/// SIGTERM to the main process of nodes; started again at the end.
public struct TerminateFault: Fault {
    public static let description = FaultDescription(
        name: "terminate", group: .processes,
        summary: "SIGTERM to the main process of nodes, SIGKILL to what is left, restart them at the end",
        parameters: [
            .target(),
            .grace(""),
        ],
        shorthand: "target", proof: "processes that were there, whether they ended by themselves, and how long it took",
        undo: "starts the node again, with the clock it should have", takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.bringDown(choice, grace: planned.settings.integer("grace"), for: planned.id)
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.raise(choice, takenBy: planned.id)
    }
}
