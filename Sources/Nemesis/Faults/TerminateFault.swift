import PolygraphCluster
import PolygraphHistory

/// SIGTERM to the main process of nodes; started again at the end.
public struct TerminateFault: Fault {
    public static let description = FaultDescription(
        name: "terminate", group: .processes,
        summary: "SIGTERM to the main process of nodes, SIGKILL to what is left, restart them at the end",
        parameters: [
            .target(),
            FaultParameter(
                "grace", .duration(atLeast: 1), standard: .integer(5_000_000_000),
                "how long a node may take to end by itself"),
        ],
        shorthand: "target", proof: "processes that were there, whether they ended by themselves, and how long it took",
        undo: "starts the node again, with the clock it should have", takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var total = 0
        let grace = planned.settings.integer("grace")
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            let end = try context.processes.terminate(node, grace: grace, for: planned.id)
            total += end.processes
            return end.value
        }
        proof.isProved = total > 0
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        for node in choice.targets { context.processes.release(node, from: planned.id) }
        return context.raise(choice.targets)
    }
}

extension Termination {
    /// As it stands in the history.
    var value: Value {
        [
            "processes": .integer(Int64(processes)), "graceful": .bool(isGraceful),
            "processes_killed": .integer(Int64(killed)), "elapsed_ns": .integer(elapsed),
        ]
    }
}
