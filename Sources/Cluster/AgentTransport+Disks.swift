import Glibc

extension AgentTransport {
    public func superviseDisk(_ node: Node, _ supervision: DiskSupervision) throws(ClusterError) {
        _ = try disk(node, ["supervise"] + supervision.words)
    }

    public func setSystemCallRules(_ node: Node, _ rules: [SystemCallRule]) throws(ClusterError) {
        _ = try disk(node, ["rules"] + rules.flatMap(\.words))
    }

    public func systemCallCounters(of node: Node) throws(ClusterError) -> [SystemCallCounters] {
        let numbers = try disk(node, ["counters"]).dropFirst().compactMap { Int64($0) }
        return stride(from: 0, to: numbers.count - 2, by: 3).map {
            SystemCallCounters(matched: Int(numbers[$0]), hit: Int(numbers[$0 + 1]), lastHit: numbers[$0 + 2])
        }
    }

    public func powerFail(_ nodes: [Node], _ failure: PowerFailure) throws(ClusterError) -> [PowerFailureProof] {
        // The power of all fails at once: first everybody is hit, then everybody is waited for. A stop instead of the
        // first blow would wait for the calls that are under way, and so for what they sync.
        var killed = try nodes.map { node throws(ClusterError) in try signal(node, SIGKILL) }
        for (position, node) in nodes.enumerated() { killed[position] = max(killed[position], try kill(node)) }
        var proofs: [PowerFailureProof] = []
        for (node, count) in zip(nodes, killed) {
            let answer = try disk(node, ["power-failure"] + failure.words)
            guard var proof = PowerFailureProof(words: answer.dropFirst()) else { throw misunderstood(node) }
            proof.processesKilled += count
            proofs.append(proof)
        }
        return proofs
    }

    public func durability(of node: Node) throws(ClusterError) -> DurabilityCounters {
        guard let counters = DurabilityCounters(words: try disk(node, ["durability"]).dropFirst()) else {
            throw misunderstood(node)
        }
        return counters
    }

    public func corruptFiles(_ node: Node, _ corruption: FileCorruption) throws(ClusterError) -> [FileDamage] {
        try damage(node, .corrupt(corruption))
    }

    public func snapshotFiles(_ node: Node, matching pattern: String) throws(ClusterError) -> Int {
        guard case .count(let count) = try files(node, .snapshot(pattern: pattern)) else { throw misunderstood(node) }
        return count
    }

    public func rollBackFiles(_ node: Node) throws(ClusterError) -> [FileDamage] {
        try damage(node, .rollBack)
    }

    func files(_ node: Node, _ request: FileRequest) throws(ClusterError) -> NodeAnswer {
        try ask(node, .files(request))
    }

    private func damage(_ node: Node, _ request: FileRequest) throws(ClusterError) -> [FileDamage] {
        guard case .damage(let damage) = try files(node, request) else { throw misunderstood(node) }
        return damage
    }

    func disk(_ node: Node, _ words: [String]) throws(ClusterError) -> [String] {
        guard case .disk(let answer) = try ask(node, .disk(words)) else { throw misunderstood(node) }
        if answer.first == "failed" {
            throw ClusterError("reach the disk of", node: node.name, answer.dropFirst().joined(separator: " "))
        }
        return answer
    }
}
