import PolygraphCluster
import PolygraphHistory

extension HostsRecord {
    /// In the folder of a run.
    static let fileName = "hosts.json"

    /// What stands in the file.
    var value: Value {
        [
            "run": .string(run), "folder": .string(folder),
            "hosts": .list(
                hosts.map { host in
                    [
                        "node": .string(host.node), "helper": .string(host.helper),
                        "clock_offset_ns": .integer(host.clockOffset), "boot": .string(host.boot),
                    ]
                }),
        ]
    }

    /// - Returns: nil where the value is no record.
    init?(_ value: Value) {
        guard let run = value["run"]?.stringValue, let folder = value["folder"]?.stringValue,
            let hosts = value["hosts"]?.elements
        else { return nil }
        var read: [Host] = []
        for host in hosts {
            guard let node = host["node"]?.stringValue, let helper = host["helper"]?.stringValue,
                let offset = host["clock_offset_ns"]?.integerValue, let boot = host["boot"]?.stringValue
            else { return nil }
            read.append(Host(node: node, helper: helper, clockOffset: offset, boot: boot))
        }
        self.init(run: run, folder: folder, hosts: read)
    }
}
