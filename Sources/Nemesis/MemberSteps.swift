import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// The steps that faults on members have in common.
extension NemesisContext {
    /// Lets a member leave, and ends its processes where that is wanted.
    func leaveCluster(_ node: Int, stops: Bool, for fault: Int) throws(ClusterError) -> Value {
        var facts = try members.leave(node)
        if stops { facts["processes_killed"] = .integer(Int64(try processes.down(node, for: fault))) }
        return .object(facts)
    }

    /// Lets a node join that has left or never was a member: with an empty data directory where the system needs that,
    /// and started before or after the cluster is told, as the system wants it.
    func joinCluster(_ node: Int, for fault: Int) throws(ClusterError) -> Value {
        guard let membership = system.membership else {
            throw ClusterError("change members", "the system definition has no `membership`")
        }
        processes.release(node, from: fault)
        if processes.isHeldDown(node) { throw ClusterError("add", node: names[node], "another fault holds it down") }
        if membership.needsEmptyData || membership.startsAfterJoining { _ = try processes.down(node, for: fault) }
        if membership.needsEmptyData { try transport.wipe(nodes[node]) }
        processes.release(node, from: fault)
        var facts: [String: Value] = [:]
        if membership.startsAfterJoining {
            facts = try members.join(node)
            try transport.start(nodes[node], membership.launch(nodes[node], nodes: nodes))
        } else {
            if !isUp(node) { try transport.start(nodes[node], membership.launch(nodes[node], nodes: nodes)) }
            facts = try members.join(node)
        }
        return .object(facts)
    }
}
