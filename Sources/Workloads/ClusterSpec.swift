import PolygraphCluster

/// Where a workload's nodes are.
public enum ClusterSpec: Hashable, Sendable {
    /// On this machine: `nodes`.
    case local
    /// On machines or containers: `hosts`.
    case hosts(HostsConfiguration)
    /// Somewhere, run by somebody else: `endpoints`.
    case external(ExternalConfiguration)

    public var kind: TransportKind {
        switch self {
        case .local: .local
        case .hosts: .hosts
        case .external: .external
        }
    }
}
