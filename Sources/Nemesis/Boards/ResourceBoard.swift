import PolygraphCluster
import PolygraphHistory

/// What all resource faults in force leave to each node: of every limit the strictest.
public final class ResourceBoard {
    private let transport: any Transport
    /// By node, by number of the fault.
    private var limits: [Int: [Int: ResourceLimits]] = [:]

    init(_ transport: any Transport) { self.transport = transport }

    /// Limits a node's processes, those running and those started while the fault is in force.
    public func limit(_ node: Int, _ limit: ResourceLimits, for fault: Int) throws(ClusterError) -> LimitProof {
        limits[node, default: [:]][fault] = limit
        return try apply(node)
    }

    /// Takes the limits back that a fault has set, but for what others demand too.
    public func release(_ node: Int, from fault: Int) throws(ClusterError) {
        guard limits[node]?.removeValue(forKey: fault) != nil else { return }
        _ = try apply(node)
    }

    private func apply(_ node: Int) throws(ClusterError) -> LimitProof {
        let all = limits[node, default: [:]].values.reduce(ResourceLimits.none) { $0.combined(with: $1) }
        return try transport.setLimits(transport.nodes[node], all)
    }
}
