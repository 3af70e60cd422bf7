import PolygraphCluster
import PolygraphHistory

/// SIGSTOP to everything that a node runs, SIGCONT at the end.
public struct PauseFault: Fault {
    public static let description = FaultDescription(
        name: "pause", group: .processes, summary: "SIGSTOP the whole process tree of nodes, SIGCONT at the end",
        parameters: [.target()], shorthand: "target", proof: "processes that the kernel says are stopped",
        undo: "SIGCONT to the whole tree", takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var total = 0
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            guard let processes = try context.processes.stop(node, for: planned.id) else { return "was not running" }
            total += processes
            return ["processes_stopped": .integer(Int64(processes))]
        }
        proof.isProved = total > 0
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            try context.processes.resume(node, from: planned.id)
        }
        proof.isProved = proof.failures.isEmpty
        return proof
    }
}
