import PolygraphCluster
import PolygraphHistory

/// A member is replaced: by a node that is none, or else by itself with nothing of what it knew.
public struct ReplaceFault: Fault {
    public static let description = FaultDescription(
        name: "replace", group: .membership,
        summary: "replace a member by a node that is none, or else by itself with an empty data directory",
        parameters: [.target("one")], shorthand: "target",
        needs: "`system.membership`; a running majority",
        proof: "what the cluster answered, and the members as they name them",
        undo: "nothing where the member was replaced by itself; else the two change places again", takesNodesAway: true)

    private let planned: PlannedFault
    private var old: Int?
    private var new: Int?

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        FaultProblem.membership(shape)
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        let members = context.members.members()
        let outsider = order.first { !members.contains($0) }
        var choice = planned.targetChoice(
            order: order.filter(members.contains) + order.filter { !members.contains($0) }, context: context)
        choice.targets = Array(choice.targets.prefix(1))
        old = choice.targets.first
        new = outsider ?? old
        choice.summary =
            outsider.map { "\(context.names([$0])) replaces \(context.names(choice.targets))" }
            ?? "\(context.names(choice.targets)) is replaced by itself, without its data"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        guard let old, let new else { return FaultProof() }
        return context.changeMembers { () throws(ClusterError) in
            var proof = FaultProof()
            if old == new {
                proof.facts["left"] = try context.leaveCluster(old, stops: true, for: planned.id)
                try context.transport.wipe(context.nodes[old])
                proof.facts["joined"] = try context.joinCluster(old, for: planned.id)
            } else {
                proof.facts["joined"] = try context.joinCluster(new, for: planned.id)
                proof.facts["left"] = try context.leaveCluster(old, stops: true, for: planned.id)
            }
            let members = context.members.members()
            proof.isProved = members.contains(new) && (old == new || !members.contains(old))
            return proof
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        guard let old, let new else { return FaultProof() }
        var proof = FaultProof()
        // Whatever the beginning has left undone is done here.
        if !context.members.members().contains(old) {
            proof.facts["joined"] = try context.joinCluster(old, for: planned.id)
        }
        if old != new, context.members.members().contains(new) {
            proof.facts["left"] = try context.leaveCluster(new, stops: false, for: planned.id)
        }
        context.processes.release(old, from: planned.id)
        proof.isProved = context.members.members().contains(old)
        return proof
    }
}
