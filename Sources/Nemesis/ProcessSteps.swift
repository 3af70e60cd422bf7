import PolygraphCluster
import PolygraphHistory

/// The steps that faults on processes have in common.
extension NemesisContext {
    /// Ends what a node runs; it stays down until `raise`.
    /// - Parameter grace: nanoseconds that it may take to end by itself after SIGTERM; nil: SIGKILL at once.
    /// - Returns: how many processes there were, and facts.
    func bringDown(_ node: Int, grace: Int64?, for fault: Int) throws(ClusterError) -> (processes: Int, facts: Value) {
        if let grace {
            let end = try processes.terminate(node, grace: grace, for: fault)
            return (end.processes, end.value)
        }
        let count = try processes.down(node, for: fault)
        return (count, ["processes_killed": .integer(Int64(count))])
    }

    /// Ends what a fault's targets run; proved where any ran.
    func bringDown(_ choice: FaultChoice, grace: Int64?, for fault: Int) -> FaultProof {
        var total = 0
        var proof = each(choice.targets) { node throws(ClusterError) in
            let (count, facts) = try bringDown(node, grace: grace, for: fault)
            total += count
            return facts
        }
        proof.isProved = total > 0
        return proof
    }

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

    /// Gives back the nodes that a fault took, and starts them.
    func raise(_ choice: FaultChoice, takenBy fault: Int) -> FaultProof {
        for node in choice.targets { processes.release(node, from: fault) }
        return raise(choice.targets)
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
