import PolygraphClients
import PolygraphCluster
import PolygraphNemesis
import PolygraphRunner
import PolygraphWorkloads

/// What gets a run to its nodes.
enum ClusterTransport {
    /// - Throws: `ClusterError` when the nodes cannot be had.
    static func make(_ plan: Plan, _ file: WorkloadFile, _ folder: RunFolder) throws(ClusterError) -> any Transport {
        switch file.cluster {
        case .local:
            var configuration = LabConfiguration(nodeCount: plan.nodes, folder: folder.path + "/nodes")
            configuration.seed = plan.seed
            configuration.asksNameServer = file.dns
            if file.packets { configuration.packetFile = folder.file("packets.pcapng") }
            return try Lab(configuration)
        case .hosts:
            throw ClusterError("reach the hosts", "this Polygraph runs nodes on this machine and at endpoints only")
        case .external(let configuration):
            return try ExternalTransport(configuration, spoilsLinks: plan.spoilsLinks, seed: plan.seed)
        }
    }
}

extension Plan {
    /// Whether any of its faults is one of links.
    fileprivate var spoilsLinks: Bool {
        schedule.faults.contains { FaultCatalog.kind(named: $0.function)?.description.group == .network }
    }
}

extension WorkloadFile {
    /// Reads secrets and certificates.
    /// - Throws: `CommandFailure` where one is missing.
    mutating func openAccess() throws {
        do throws(AccessError) {
            try readAccess()
        } catch {
            throw CommandFailure.wrongUse("\(path): client: \(error.description)")
        }
    }
}
