import PolygraphCluster
import PolygraphHistory

/// A node that is no member joins the cluster, and leaves it again at the end.
public struct JoinFault: Fault {
    public static let description = FaultDescription(
        name: "join", group: .membership, summary: "a node that is no member joins, and leaves again at the end",
        parameters: [
            FaultParameter(
                "stop", .flag, standard: .bool(false), "whether its processes are ended when it has left again")
        ],
        needs: "`system.membership`; a node that is no member; a running majority",
        proof: "what the cluster answered, and the members as they name them", undo: "the node leaves again",
        reach: [.local, .hosts, .external])

    private let planned: PlannedFault
    private var joined: Int?

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        FaultProblem.membership(shape)
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        let outsiders = context.members.outsiders()
        let targets = Array(order.filter(outsiders.contains).prefix(1))
        return FaultChoice(
            targets: targets, kind: "join",
            summary: targets.isEmpty ? "nobody can join: every node is a member" : "\(context.names(targets)) joins")
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        return context.changeMembers { () throws(ClusterError) in
            guard let node = choice.targets.first else {
                throw ClusterError("add a node", "every node is a member already")
            }
            // Whatever becomes of the request: at the end it leaves, if it is a member then.
            joined = node
            var proof = FaultProof()
            proof.facts[context.names[node]] = try context.joinCluster(node, for: planned.id)
            proof.isProved = context.members.members().contains(node)
            return proof
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = FaultProof()
        guard let joined else { return proof }
        let stops = planned.settings.flag("stop")
        proof.facts[context.names[joined]] = try context.leaveCluster(joined, stops: stops, for: planned.id)
        context.processes.release(joined, from: planned.id)
        proof.isProved = !context.members.members().contains(joined)
        return proof
    }
}
