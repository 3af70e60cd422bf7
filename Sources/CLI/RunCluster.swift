import FoundationEssentials
import Glibc
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphRunner
import PolygraphWorkloads

/// The cluster of one run: made as the workload file says.
struct RunCluster {
    let transport: any Transport
    /// Where the nodes are on this machine.
    private let lab: Lab?

    /// - Parameter keepsFolders: whether what nodes leave on hosts stays there.
    init(
        _ file: WorkloadFile, _ plan: Plan, _ folder: RunFolder, keepsFolders: Bool, _ log: RunLog
    ) throws(ClusterError) {
        switch file.cluster {
        case .local:
            var configuration = LabConfiguration(nodeCount: plan.nodes, folder: folder.path + "/nodes")
            configuration.seed = plan.seed
            configuration.asksNameServer = file.dns
            if file.packets { configuration.packetFile = folder.file("packets.pcapng") }
            let lab = try Lab(configuration)
            self.lab = lab
            transport = lab
        case .hosts(let configuration):
            let run = Self.hostRun(plan, folder)
            // Before anything is done to a host: whoever finds this folder can undo it.
            try Self.note(plan.document, "plan.json", folder)
            let planned = HostsRecord(
                run: run, folder: configuration.folder,
                hosts: configuration.hosts.indices.map {
                    HostsRecord.Host(node: "n\($0 + 1)", helper: "", clockOffset: 0, boot: "")
                })
            try Self.note(planned.value, HostsRecord.fileName, folder)
            let hosts: HostTransport
            do throws(ClusterError) {
                hosts = try HostTransport(
                    configuration, run: run, folder: folder.path + "/nodes", keepsFolders: keepsFolders)
            } catch {
                // What had been done is undone.
                unlink(folder.file(HostsRecord.fileName))
                throw error
            }
            do throws(ClusterError) {
                try Self.note(hosts.record.value, HostsRecord.fileName, folder)
            } catch {
                hosts.tearDown()
                throw error
            }
            lab = nil
            transport = hosts
        case .external(let configuration):
            lab = nil
            transport = try ExternalTransport(configuration, spoilsLinks: plan.spoilsLinks, seed: plan.seed)
        }
        for node in transport.nodes { log.write("\(node.name) is at \(node.address)") }
    }

    private static func note(_ value: Value, _ name: String, _ folder: RunFolder) throws(ClusterError) {
        do throws(RunError) {
            var bytes: [UInt8] = []
            JSONWriter.append(value, to: &bytes)
            try folder.write(name, bytes + [UInt8(ascii: "\n")])
        } catch {
            throw ClusterError("note what will be done", error.description)
        }
    }

    /// Names the run on its hosts: by the workload, the time and the short id of its folder.
    private static func hostRun(_ plan: Plan, _ folder: RunFolder) -> String {
        let name = plan.name.prefix(30) + "-" + (folder.path.split(separator: "/").last ?? "run")
        return String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }

    /// What is left to do and to say when the nodes have ended.
    func finish(keepsFolders: Bool, _ log: RunLog) {
        guard let lab else { return }
        if !keepsFolders {
            for node in lab.nodes { try? FileManager.default.removeItem(atPath: node.dataDirectory) }
        }
        if let packets = lab.packetCounts() {
            log.write("\(packets.recorded) packets recorded, \(packets.missed) too fast to be recorded")
        }
    }
}

extension Plan {
    /// Whether any of its faults is one of links.
    fileprivate var spoilsLinks: Bool {
        schedule.faults.contains { FaultCatalog.kind(named: $0.function)?.description.group == .network }
    }
}
