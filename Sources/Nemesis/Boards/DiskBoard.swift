import PolygraphCluster

/// What all disk faults in force demand of the nodes' system calls together, and which nodes have been damaged.
public final class DiskBoard {
    private let transport: any Transport
    /// By node, then by number of the fault.
    private var rules: [Int: [Int: [SystemCallRule]]] = [:]
    /// Nodes whose files have been damaged in this run.
    public private(set) var damaged: Set<Int> = []

    init(_ transport: any Transport) { self.transport = transport }

    /// Adds rules of a fault to those that are in force on a node.
    public func disturb(_ node: Int, _ added: [SystemCallRule], for fault: Int) throws(ClusterError) {
        rules[node, default: [:]][fault] = added
        try apply(node)
    }

    /// Takes the rules of a fault away.
    public func release(_ node: Int, from fault: Int) throws(ClusterError) {
        guard rules[node]?.removeValue(forKey: fault) != nil else { return }
        try apply(node)
    }

    /// What the rules of a fault have done on a node, in their order.
    public func counters(_ node: Int, of fault: Int) -> [SystemCallCounters] {
        guard let all = try? transport.systemCallCounters(of: transport.nodes[node]) else { return [] }
        let before = inOrder(node).prefix { $0.key < fault }.reduce(0) { $0 + $1.value.count }
        let own = rules[node]?[fault]?.count ?? 0
        return before + own <= all.count ? Array(all[before..<(before + own)]) : []
    }

    /// Notes that a node's files have been damaged.
    public func damage(_ node: Int) { damaged.insert(node) }

    private func inOrder(_ node: Int) -> [(key: Int, value: [SystemCallRule])] {
        rules[node, default: [:]].sorted { $0.key < $1.key }
    }

    private func apply(_ node: Int) throws(ClusterError) {
        // Rules that stay keep their counters.
        try transport.setSystemCallRules(transport.nodes[node], inOrder(node).flatMap(\.value))
    }
}
