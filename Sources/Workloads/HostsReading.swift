import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphSSH

/// Reads `hosts:` with `access:`, and what `system:` says of hosts.
struct HostsReading {
    /// Whether files of this machine that the hosts need must be there.
    let checksFiles: Bool

    private static let containerName = "letters, digits, `-`, `_` and `.`"

    /// - Parameters:
    ///   - hosts: the list.
    ///   - fields: of the whole file.
    /// - Returns: nil when there is a mistake.
    func configuration(_ hosts: NodeReader, _ fields: MappingReader) -> HostsConfiguration? {
        let before = hosts.mistakes.mistakes.count
        let list = hosts.list("a list of hosts, such as [db1, db2, db3]") ?? []
        if case .sequence([]) = hosts.node.content { hosts.fail("there is no host: a node needs one") }
        if list.count > 64 { hosts.fail("there are \(list.count) hosts; at most 64 nodes can be tested") }
        let specs = list.map(host)
        let known = specs.compactMap { $0 }
        for (position, spec) in specs.enumerated() {
            guard let spec, specs[..<position].contains(where: { $0?.isSameMachine(as: spec) ?? false }) else {
                continue
            }
            list[position].fail("is there twice: every node has a host of its own")
        }
        var configuration = HostsConfiguration(known)
        let usesSSH = known.isEmpty || known.contains { if case .ssh = $0.reach { true } else { false } }
        if let access = fields["access"] {
            AccessReading(checksFiles: checksFiles, usesSSH: usesSSH).read(access, into: &configuration)
        }
        if let system = fields["system"] { readSystem(system, into: &configuration) }
        return hosts.mistakes.mistakes.count == before ? configuration : nil
    }

    // MARK: - One host

    private func host(_ reader: NodeReader) -> HostSpec? {
        guard reader.isMapping else { return ssh(reader).map { HostSpec(.ssh($0.name, $0.overrides)) } }
        let ways = ["host", "docker", "pod"]
        let given = ways.filter { reader.node[$0] != nil }
        guard given.count == 1 else {
            reader.fail(
                given.isEmpty
                    ? "says no host: expected a name, {host: NAME, …}, {docker: CONTAINER} or {pod: NAME, …}"
                    : "has \(given.map { "`\($0)`" }.joined(separator: " and ")): a host is reached in one way")
            return nil
        }
        let reach: HostReach?
        let fields: MappingReader?
        switch given[0] {
        case "docker":
            fields = reader.mapping("a container", known: ["docker", "address"])
            reach = fields?["docker"]?.name("the name of a container").map { .docker(container: $0) }
        case "pod":
            fields = reader.mapping("a pod", known: ["pod", "namespace", "container", "address"])
            let namespace = fields?["namespace"].map { $0.name("the name of a namespace") }
            let container = fields?["container"].map { $0.name("the name of a container") }
            reach = fields?["pod"]?.name("the name of a pod").map {
                .kubernetes(pod: $0, namespace: namespace ?? nil, container: container ?? nil)
            }
        default:
            fields = reader.mapping("a host", known: ["host", "address"] + SSHAccessReading.keys)
            reach = fields.flatMap { fields in
                fields["host"].flatMap(ssh).map { name, overrides in
                    let own = SSHAccessReading(checksFiles: checksFiles).overrides(fields)
                    return .ssh(name, own.completed(by: overrides))
                }
            }
        }
        let address = fields?["address"].map { $0.hostAddress() }
        return reach.map { HostSpec($0, address: address ?? nil) }
    }

    /// `[user@]host[:port]`
    private func ssh(_ reader: NodeReader) -> (name: String, overrides: SSHOverrides)? {
        guard let word = reader.string("a host: a name of ~/.ssh/config, a host name or an address") else { return nil }
        if let (name, overrides) = SSHConfiguration.hop(word), name.isHostName { return (name, overrides) }
        reader.fail(
            "`\(word)` is no host; expected a name of ~/.ssh/config, a host name or an address, [user@]host[:port]")
        return nil
    }

    // MARK: - What the system needs of hosts

    /// `install: {packages, archives}`, `logs`, `log-limit`
    private func readSystem(_ system: NodeReader, into configuration: inout HostsConfiguration) {
        let form = "what is put on each host before the start"
        if let fields = system.child("install")?.mapping(form, known: ["packages", "archives"]) {
            configuration.install.packages = fields["packages"]?.oneOrMore.compactMap { $0.packageName() } ?? []
            let archives = fields["archives"]?.oneOrMore ?? []
            var names: Set<Substring> = []
            for archive in archives {
                guard let path = archive.localFile("a file of this machine", mustExist: checksFiles) else { continue }
                let name = path.split(separator: "/").last ?? ""
                if !names.insert(name).inserted {
                    archive.fail("is the second file named \(name): they go into one folder")
                }
                configuration.install.archives.append(path)
            }
        }
        configuration.logs = system.child("logs")?.oneOrMore.compactMap { $0.logPattern() } ?? []
        if let limit = system.child("log-limit")?.size(atLeast: 1_000) { configuration.logLimit = limit }
    }
}

extension HostSpec {
    /// Whether two nodes would be in each other's way.
    fileprivate func isSameMachine(as other: HostSpec) -> Bool {
        switch (reach, other.reach) {
        case (.ssh(let name, let own), .ssh(let otherName, let others)): name == otherName && own.port == others.port
        default: reach == other.reach
        }
    }
}

extension String {
    /// Whether it can be a host name, an address or a name of an SSH configuration.
    fileprivate var isHostName: Bool {
        !isEmpty && !hasPrefix("-")
            && utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || "-_.:%".utf8.contains($0)
            }
    }
}

extension NodeReader {
    /// The name of a container, pod or namespace.
    fileprivate func name(_ what: String) -> String? {
        guard let word = string(what) else { return nil }
        if word.isHostName, !word.contains(":"), !word.contains("%"), !word.hasPrefix(".") { return word }
        expected(what)
        return nil
    }

    /// A host name or an address, without a port.
    fileprivate func hostAddress() -> String? {
        guard let word = string("a host name or an address") else { return nil }
        if word.isHostName, word.count(where: { $0 == ":" }) != 1 { return word }
        expected("a host name or an address, without a port")
        return nil
    }

    fileprivate func packageName() -> String? {
        guard let word = string("the name of a package") else { return nil }
        let isFine = word.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "+-.:=~_".utf8.contains($0)
        }
        if isFine, word.first.map({ $0.isLetter || $0.isNumber }) == true { return word }
        expected("the name of a package as the host's package manager knows it, such as etcd-server")
        return nil
    }

    fileprivate func logPattern() -> String? {
        guard let word = string("files on the hosts, such as /var/log/my-kv/*.log") else { return nil }
        if word.hasPrefix("/"), word.utf8.allSatisfy({ $0 >= 0x20 }) { return word }
        expected("files on the hosts by an absolute path, such as /var/log/my-kv/*.log")
        return nil
    }
}
