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
        var total = 0
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            let processes = try context.processes.down(node, for: planned.id)
            total += processes
            return ["processes_killed": .integer(Int64(processes))]
        }
        proof.isProved = total > 0
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        for node in choice.targets { context.processes.release(node, from: planned.id) }
        return context.raise(choice.targets)
    }
}

extension NemesisContext {
    /// Starts these nodes unless another fault holds them down.
    public func raise(_ nodes: [Int]) -> FaultProof {
        var allUp = true
        var proof = each(nodes) { node throws(ClusterError) in
            let (started, facts) = try processes.raise(node, clocks: clocks)
            if !started, !processes.isHeldDown(node) { allUp = false }
            return facts
        }
        proof.isProved = allUp && proof.failures.isEmpty
        return proof
    }
}
