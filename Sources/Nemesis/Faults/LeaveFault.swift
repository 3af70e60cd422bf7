import PolygraphCluster
import PolygraphHistory

/// A member leaves the cluster, and joins it again at the end.
public struct LeaveFault: Fault {
    public static let description = FaultDescription(
        name: "leave", group: .membership, summary: "a member leaves the cluster, and joins it again at the end",
        parameters: [
            .target("one"),
            FaultParameter("stop", .flag, standard: .bool(true), "whether its processes are ended when it has left"),
        ],
        shorthand: "target", needs: "`system.membership`; a running majority",
        proof: "what the cluster answered, and the members as they name them", undo: "the node joins again",
        takesNodesAway: true, reach: [.local, .hosts, .external])

    private let planned: PlannedFault
    private var left: Set<Int> = []

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        FaultProblem.membership(shape)
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        let members = context.members.members()
        return planned.targetChoice(
            order: order.filter(members.contains) + order.filter { !members.contains($0) }, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var done: Set<Int> = []
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            let facts = try context.leaveCluster(node, stops: planned.settings.flag("stop"), for: planned.id)
            done.insert(node)
            return facts
        }
        left = done
        proof.isProved = !done.isEmpty && done.isDisjoint(with: context.members.members())
        guard done.isEmpty, let refusal = proof.failures.first else { return proof }
        return context.changeMembers { () throws(ClusterError) in throw refusal }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        // A change that was refused may have come about later.
        let members = context.members.members()
        let outside = choice.targets.filter { left.contains($0) || !members.contains($0) }
        var proof = context.each(outside) { node throws(ClusterError) in
            try context.joinCluster(node, for: planned.id)
        }
        for node in choice.targets { context.processes.release(node, from: planned.id) }
        proof.isProved = proof.failures.isEmpty && context.members.members().isSuperset(of: outside)
        return proof
    }
}

extension FaultProblem {
    /// Faults on members need a system that says how they come and go, and more than one member.
    static func membership(_ shape: ClusterShape) -> [FaultProblem] {
        if !shape.hasMembership {
            return [FaultProblem(nil, "needs `system.membership`, which says how nodes join and leave")]
        }
        return shape.nodes < 2 ? [FaultProblem(nil, "needs at least 2 nodes; there is 1")] : []
    }
}
