import PolygraphCluster
import PolygraphHistory
import PolygraphSSH

/// A cluster of hosts in words: who is where and how it is reached, and what is done there beside the faults.
public struct HostsDescription: Sendable {
    /// One line for each node.
    public private(set) var nodes: [String] = []
    /// What is true of all of them, one sentence each.
    public private(set) var terms: [String] = []

    /// Reads the user's SSH configuration; contacts nobody.
    /// - Throws: `SSHError` where that configuration has a mistake.
    public init(_ configuration: HostsConfiguration) throws(SSHError) {
        let known: SSHConfiguration
        if let file = configuration.configurationFile {
            known = try SSHConfiguration(files: [file])
        } else {
            known = try SSHConfiguration()
        }
        for (position, host) in configuration.hosts.enumerated() {
            var line = "n\(position + 1): " + (try Self.way(host, known))
            if let address = host.address { line += "; the other nodes and the clients reach it at \(address)" }
            nodes.append(line)
        }
        terms = Self.terms(configuration)
    }

    private static func way(_ host: HostSpec, _ known: SSHConfiguration) throws(SSHError) -> String {
        switch host.reach {
        case .docker(let container): return "container \(container), by docker exec"
        case .kubernetes(let pod, let namespace, let container):
            return "pod \(pod)" + (namespace.map { " in the namespace \($0)" } ?? "")
                + (container.map { ", container \($0)" } ?? "") + ", by kubectl exec"
        case .ssh(let name, let overrides):
            let destination = try known.destination(name, overrides: overrides)
            var words = ["\(name), by SSH as \(destination.user) to \(destination.hostName) port \(destination.port)"]
            if !destination.jumps.isEmpty {
                words.append("through " + destination.jumps.map(\.name).joined(separator: ", then "))
            }
            if destination.keysAreRequired, !destination.identityFiles.isEmpty {
                let files = destination.identityFiles.map(LocalPath.abbreviated)
                words.append((files.count == 1 ? "key " : "keys ") + files.joined(separator: ", "))
            } else {
                words.append("the agent's and the usual keys")
            }
            if let secret = destination.passphrase { words.append("passphrase from \(secret.words)") }
            if let secret = destination.password { words.append("password from \(secret.words)") }
            switch destination.hostKeyChecking {
            case .strict: break
            case .acceptNew: words.append("its host key is accepted and kept when it is new")
            case .off: words.append("its host key is not checked when it is new")
            }
            return words.joined(separator: ", ")
        }
    }

    private static func terms(_ configuration: HostsConfiguration) -> [String] {
        var lines: [String] = []
        if let sudo = configuration.sudo {
            lines.append(
                "there as \(sudo.user) by sudo"
                    + (sudo.password.map { ", with the password from \($0.words)" } ?? ", without a password"))
        }
        lines.append("files on the hosts: below \(configuration.folder)")
        for (architecture, file) in configuration.helpers.sorted(by: { $0.key < $1.key }) {
            lines.append("for \(architecture): \(LocalPath.abbreviated(file))")
        }
        lines.append(
            "lease: a host that hears nothing of this machine for \(Quantity.describe(duration: configuration.lease)) "
                + "undoes its faults and ends its node")
        switch configuration.clocks {
        case .processes: lines.append("clocks: those of the nodes' processes; the hosts keep the true time")
        case .system: lines.append("clocks: the hosts' own, set right again at the end")
        }
        let install = configuration.install
        if !install.packages.isEmpty {
            lines.append("installed where missing, and left there: " + install.packages.joined(separator: ", "))
        }
        if !install.archives.isEmpty {
            lines.append("uploaded: " + install.archives.map(LocalPath.abbreviated).joined(separator: ", "))
        }
        lines.append(
            "collected: the output of the nodes"
                + (configuration.logs.isEmpty
                    ? ""
                    : ", and " + configuration.logs.joined(separator: ", "))
                + ", of each file the last \(Quantity.describe(bytes: configuration.logLimit)) at most")
        lines.append("wiped at the end: the run's folder on every host, unless --keep is given")
        return lines
    }
}

extension SSHSecret {
    /// Where it is found.
    fileprivate var words: String {
        switch self {
        case .environment: description
        case .file(let path): "the file \(LocalPath.abbreviated(path))"
        }
    }
}
