/// Disks of nodes that somebody else runs cannot be reached.
extension Transport {
    public func superviseDisk(_ node: Node, _ supervision: DiskSupervision) throws(ClusterError) {
        if supervision.level != .nothing { throw localOnly("supervise the disk of", node) }
    }

    public func setSystemCallRules(_ node: Node, _ rules: [SystemCallRule]) throws(ClusterError) {
        if !rules.isEmpty { throw localOnly("disturb system calls of", node) }
    }

    public func systemCallCounters(of node: Node) throws(ClusterError) -> [SystemCallCounters] { [] }

    public func powerFail(_ nodes: [Node], _ failure: PowerFailure) throws(ClusterError) -> [PowerFailureProof] {
        guard let node = nodes.first else { return [] }
        throw localOnly("cut the power of", node)
    }

    public func durability(of node: Node) throws(ClusterError) -> DurabilityCounters {
        throw localOnly("audit the durability of", node)
    }

    public func corruptFiles(_ node: Node, _ corruption: FileCorruption) throws(ClusterError) -> [FileDamage] {
        throw localOnly("corrupt files of", node)
    }

    public func snapshotFiles(_ node: Node, matching pattern: String) throws(ClusterError) -> Int {
        throw localOnly("take a snapshot of files of", node)
    }

    public func rollBackFiles(_ node: Node) throws(ClusterError) -> [FileDamage] {
        throw localOnly("roll back files of", node)
    }

    private func localOnly(_ step: String, _ node: Node) -> ClusterError {
        ClusterError(step, node: node.name, "this is only possible on local nodes, not over \(name)")
    }
}
