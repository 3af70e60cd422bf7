import PolygraphCluster
import PolygraphHistory

/// SIGKILL to everything that a node runs; started again at the end.
public struct KillFault: Fault {
    public static let description = FaultDescription(
        name: "kill", group: .processes,
        summary: "SIGKILL the whole process tree of nodes, restart them at the end",
        parameters: [.target()], shorthand: "target",
        proof: "processes that were there, and are gone", undo: "starts the node again, with the clock it should have",
        takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.bringDown(choice, grace: nil, for: planned.id)
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.raise(choice, takenBy: planned.id)
    }
}
