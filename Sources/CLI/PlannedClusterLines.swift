import PolygraphCluster
import PolygraphSSH
import PolygraphWorkloads

/// Where the nodes of a plan are, in words; nothing where they are on this machine, as usual.
struct PlannedClusterLines {
    private(set) var lines: [String] = []

    /// - Throws: `CommandFailure` where the user's SSH configuration has a mistake.
    init(_ cluster: ClusterSpec) throws {
        switch cluster {
        case .local: break
        case .hosts(let configuration):
            let hosts: HostsDescription
            do throws(SSHError) {
                hosts = try HostsDescription(configuration)
            } catch {
                throw CommandFailure.wrongUse(error.description)
            }
            lines = ["", "hosts"] + (hosts.nodes + hosts.terms).map { "  " + $0 }
        case .external(let configuration):
            lines = ["", "endpoints"]
            for (position, endpoint) in configuration.endpoints.enumerated() {
                lines.append("  n\(position + 1): \(endpoint)")
            }
        }
    }
}
