import PolygraphCluster
import PolygraphHistory
import PolygraphSSH

extension ClusterSpec {
    /// As it stands in `plan.json`: `{kind: "hosts", hosts: […], …}`.
    public var value: Value {
        var fields: [String: Value] = [:]
        switch self {
        case .local: break
        case .hosts(let configuration): fields = configuration.value.fields ?? [:]
        case .external(let configuration): fields = ["endpoints": .list(configuration.endpoints.map(Value.string))]
        }
        fields["kind"] = .string(kind.rawValue)
        return .object(fields)
    }

    /// - Returns: nil where the value is no cluster.
    public init?(_ value: Value) {
        switch value["kind"]?.stringValue.flatMap(TransportKind.init(rawValue:)) {
        case .local: self = .local
        case .hosts:
            guard let configuration = HostsConfiguration(value) else { return nil }
            self = .hosts(configuration)
        case .external:
            guard let endpoints = value["endpoints"]?.texts else { return nil }
            self = .external(ExternalConfiguration(endpoints: endpoints))
        case nil: return nil
        }
    }
}

extension HostsConfiguration {
    /// As it stands in `plan.json`: all that is needed to reach the hosts again. Of secrets it has the names of the
    /// variables and files where they are found.
    public var value: Value {
        var fields: [String: Value] = [
            "hosts": .list(hosts.map(\.value)), "folder": .string(folder), "lease_ns": .integer(lease),
            "clocks": .string(clocks.rawValue),
            "helpers": .object(helpers.mapValues { .string(LocalPath.abbreviated($0)) }),
            "packages": .list(install.packages.map(Value.string)),
            "archives": .list(install.archives.map { .string(LocalPath.abbreviated($0)) }),
            "logs": .list(logs.map(Value.string)), "log_limit": .integer(logLimit),
        ]
        fields["config"] = configurationFile.map { .string(LocalPath.abbreviated($0)) }
        fields["known_hosts"] = knownHostsFile.map { .string(LocalPath.abbreviated($0)) }
        if let sudo {
            var words: [String: Value] = ["user": .string(sudo.user)]
            words["password"] = sudo.password?.value
            fields["sudo"] = .object(words)
        }
        return .object(fields)
    }

    /// - Returns: nil where the value is none; files below `~` are those of the user who reads it.
    public init?(_ value: Value) {
        let hosts = value["hosts"]?.elements?.map(HostSpec.init) ?? []
        guard !hosts.isEmpty, !hosts.contains(nil), let folder = value["folder"]?.stringValue, folder.hasPrefix("/"),
            let lease = value["lease_ns"]?.integerValue,
            let clocks = value["clocks"]?.stringValue.flatMap(HostClocks.init(rawValue:)),
            let helpers = value["helpers"]?.fields?.mapValues(\.stringValue), !helpers.values.contains(nil),
            let packages = value["packages"]?.texts, let archives = value["archives"]?.texts,
            let logs = value["logs"]?.texts, let logLimit = value["log_limit"]?.integerValue
        else { return nil }
        self.init(hosts.compactMap { $0 })
        self.folder = folder
        self.lease = lease
        self.clocks = clocks
        self.helpers = helpers.compactMapValues { $0.map(LocalPath.resolved) }
        install.packages = packages
        install.archives = archives.map(LocalPath.resolved)
        self.logs = logs
        self.logLimit = logLimit
        configurationFile = value["config"]?.stringValue.map(LocalPath.resolved)
        knownHostsFile = value["known_hosts"]?.stringValue.map(LocalPath.resolved)
        if let words = value["sudo"] {
            guard let user = words["user"]?.stringValue else { return nil }
            var sudo = SSHCommand.Sudo(user: user)
            if let secret = words["password"] {
                guard let password = SSHSecret(secret) else { return nil }
                sudo.password = password
            }
            self.sudo = sudo
        }
    }
}

extension HostSpec {
    fileprivate var value: Value {
        var fields: [String: Value] = [:]
        switch reach {
        case .ssh(let name, let own):
            fields["host"] = .string(name)
            fields["user"] = own.user.map(Value.string)
            fields["port"] = own.port.map { .integer(Int64($0)) }
            fields["key"] = own.key.map { .string(LocalPath.abbreviated($0)) }
            fields["password"] = own.password?.value
            fields["passphrase"] = own.passphrase?.value
            fields["host_keys"] = own.hostKeyChecking.map { .string($0.word) }
        case .docker(let container): fields["docker"] = .string(container)
        case .kubernetes(let pod, let namespace, let container):
            fields["pod"] = .string(pod)
            fields["namespace"] = namespace.map(Value.string)
            fields["container"] = container.map(Value.string)
        }
        fields["address"] = address.map(Value.string)
        return .object(fields)
    }

    fileprivate init?(_ value: Value) {
        let address = value["address"]?.stringValue
        if let container = value["docker"]?.stringValue {
            self.init(.docker(container: container), address: address)
        } else if let pod = value["pod"]?.stringValue {
            let namespace = value["namespace"]?.stringValue
            self.init(
                .kubernetes(pod: pod, namespace: namespace, container: value["container"]?.stringValue),
                address: address)
        } else if let name = value["host"]?.stringValue, let own = SSHOverrides(value) {
            self.init(.ssh(name, own), address: address)
        } else {
            return nil
        }
    }
}

extension SSHOverrides {
    fileprivate init?(_ value: Value) {
        self.init(user: value["user"]?.stringValue, key: value["key"]?.stringValue.map(LocalPath.resolved))
        if let number = value["port"] {
            guard let port = number.integerValue.flatMap({ UInt16(exactly: $0) }), port > 0 else { return nil }
            self.port = port
        }
        if let secret = value["password"] {
            guard let password = SSHSecret(secret) else { return nil }
            self.password = password
        }
        if let secret = value["passphrase"] {
            guard let passphrase = SSHSecret(secret) else { return nil }
            self.passphrase = passphrase
        }
        if let text = value["host_keys"]?.stringValue {
            guard let found = SSHDestination.HostKeyChecking.words.first(where: { $0.word == text }) else { return nil }
            hostKeyChecking = found.checking
        }
    }
}

extension SSHSecret {
    fileprivate var value: Value {
        switch self {
        case .environment(let name): ["env": .string(name)]
        case .file(let path): ["file": .string(LocalPath.abbreviated(path))]
        }
    }

    fileprivate init?(_ value: Value) {
        if let name = value["env"]?.stringValue {
            self = .environment(name)
        } else if let path = value["file"]?.stringValue {
            self = .file(LocalPath.resolved(path))
        } else {
            return nil
        }
    }
}

extension Value {
    /// The elements of a list of nothing but texts.
    fileprivate var texts: [String]? {
        guard let texts = elements?.map(\.stringValue), !texts.contains(nil) else { return nil }
        return texts.compactMap { $0 }
    }
}
