import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// The steps that faults on members have in common.
extension NemesisContext {
    /// Lets a member leave, and ends its processes where that is wanted. Where changes of before have left too few
    /// members for that, others join first.
    func leaveCluster(_ node: Int, stops: Bool, for fault: Int) throws(ClusterError) -> Value {
        var joined: [Value] = []
        if !members.canSpareOne, members.members().contains(node) {
            for outsider in members.outsiders() where outsider != node && !processes.isHeldDown(outsider) {
                guard (try? joinCluster(outsider, for: fault)) != nil else { continue }
                joined.append(.string(names[outsider]))
                if members.canSpareOne { break }
            }
        }
        var facts = try members.leave(node)
        if stops { facts["processes_killed"] = .integer(Int64(try processes.down(node, for: fault))) }
        if !joined.isEmpty { facts["joined_first"] = .list(joined) }
        return .object(facts)
    }

    /// Does the beginning of a fault on members. A change that cannot be made safely, or that the cluster refuses, is a
    /// step that is left out and no failure: what may change is the cluster's to say.
    func changeMembers(_ body: () throws(ClusterError) -> FaultProof) -> FaultProof {
        do throws(ClusterError) {
            return try body()
        } catch {
            var proof = FaultProof()
            proof.facts["refused"] = .string(error.description)
            return proof
        }
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
