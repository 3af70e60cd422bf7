import PolygraphCluster
import PolygraphHistory
import PolygraphSSH

/// Reads what `access:` and a single host can both say of logging in by SSH.
struct SSHAccessReading {
    static let keys = ["user", "port", "key", "password", "passphrase", "host-keys"]

    let checksFiles: Bool

    func overrides(_ fields: MappingReader) -> SSHOverrides {
        var overrides = SSHOverrides()
        overrides.user = fields["user"]?.userName()
        overrides.port = fields["port"]?.integer(1...65_535, "a port").map { UInt16($0) }
        overrides.key = fields["key"]?.localFile("the file of a private key", mustExist: checksFiles)
        overrides.password = fields["password"]?.secret("password")
        overrides.passphrase = fields["passphrase"]?.secret("passphrase")
        overrides.hostKeyChecking = fields["host-keys"]?.choice(
            SSHDestination.HostKeyChecking.words.map { ($0.word, $0.checking) }, "way to check keys of hosts")
        return overrides
    }
}

/// Reads `access:`, which says how all hosts are reached, and what is done there.
struct AccessReading {
    private static let keys =
        SSHAccessReading.keys + ["sudo", "known-hosts", "config", "folder", "lease", "clocks", "helper"]
    private static let shortestLease: Int64 = 5_000_000_000
    private static let longestLease: Int64 = 600_000_000_000

    let checksFiles: Bool
    /// Whether one of the hosts is reached by SSH.
    let usesSSH: Bool

    /// What single hosts say already goes before.
    func read(_ reader: NodeReader, into configuration: inout HostsConfiguration) {
        guard let fields = reader.mapping("how hosts are reached", known: Self.keys) else { return }
        if !usesSSH {
            for key in SSHAccessReading.keys + ["known-hosts", "config"] {
                fields[key]?.fail("is for hosts over SSH, and there is none")
            }
        }
        let common = SSHAccessReading(checksFiles: checksFiles).overrides(fields)
        for position in configuration.hosts.indices {
            guard case .ssh(let name, let own) = configuration.hosts[position].reach else { continue }
            configuration.hosts[position].reach = .ssh(name, own.completed(by: common))
        }
        configuration.sudo = fields["sudo"].flatMap(sudo)
        configuration.configurationFile = fields["config"]?.localFile(
            "a file like ~/.ssh/config", mustExist: checksFiles)
        // One that is not there is made where new hosts are accepted.
        configuration.knownHostsFile = fields["known-hosts"]?.localFile(
            "a file like ~/.ssh/known_hosts", mustExist: false)
        if let folder = fields["folder"]?.hostFolder() { configuration.folder = folder }
        if let lease = fields["lease"].flatMap(lease) { configuration.lease = lease }
        let clocks = HostClocks.allCases.map { ($0.rawValue, $0) }
        if let clocks = fields["clocks"]?.choice(clocks, "choice of clocks") { configuration.clocks = clocks }
        if let helpers = fields["helper"] { configuration.helpers = self.helpers(helpers) }
    }

    /// `true`, `false` or `{user: NAME, password: …}`
    private func sudo(_ reader: NodeReader) -> SSHCommand.Sudo? {
        if case .bool(let flag) = reader.value { return flag ? SSHCommand.Sudo() : nil }
        guard reader.isMapping else {
            reader.fail("expected true, false or a mapping such as {password: {env: SUDO_PASSWORD}}")
            return nil
        }
        guard let fields = reader.mapping("how a user becomes root", known: ["user", "password"]) else { return nil }
        var sudo = SSHCommand.Sudo()
        if let user = fields["user"]?.userName() { sudo.user = user }
        sudo.password = fields["password"]?.secret("password")
        return sudo
    }

    private func lease(_ reader: NodeReader) -> Int64? {
        guard let lease = reader.duration(atLeast: Self.shortestLease) else { return nil }
        if lease <= Self.longestLease { return lease }
        reader.fail(
            "must be at most \(Quantity.describe(duration: Self.longestLease)): for so long hosts stay disturbed when "
                + "this machine dies; found `\(reader.word ?? "")`")
        return nil
    }

    /// `{aarch64: FILE}`
    private func helpers(_ reader: NodeReader) -> [String: String] {
        let form = "static binaries of this program by architecture, such as {aarch64: polygraph-aarch64}"
        let otherNames = ["arm64": "aarch64", "amd64": "x86_64", "x86-64": "x86_64", "x64": "x86_64"]
        var helpers: [String: String] = [:]
        for (entry, file) in reader.entries(form) ?? [] {
            let name = entry.key
            if let right = otherNames[name] {
                reader.fail("`\(name)` is `\(right)`: architectures go by what `uname -m` says", at: entry.keyMark)
            } else if name.isEmpty || !name.utf8.allSatisfy({ $0 == 0x5F || (0x30...0x7A).contains($0) }) {
                reader.fail("`\(name)` is no architecture as `uname -m` says it", at: entry.keyMark)
            } else {
                helpers[name] = file.localFile("a static binary of this program", mustExist: checksFiles)
            }
        }
        return helpers
    }
}

extension SSHOverrides {
    /// With what another says where this one says nothing.
    func completed(by other: SSHOverrides) -> SSHOverrides {
        SSHOverrides(
            user: user ?? other.user, port: port ?? other.port, key: key ?? other.key,
            passphrase: passphrase ?? other.passphrase, password: password ?? other.password,
            hostKeyChecking: hostKeyChecking ?? other.hostKeyChecking)
    }
}

extension SSHDestination.HostKeyChecking {
    /// As in a workload file and in `plan.json`.
    static let words: [(word: String, checking: Self)] = [
        ("strict", .strict), ("accept-new", .acceptNew), ("off", .off),
    ]

    var word: String { Self.words.first { $0.checking == self }?.word ?? "strict" }
}

extension NodeReader {
    fileprivate func userName() -> String? {
        guard let word = string("the name of a user") else { return nil }
        let isFine = word.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !":/\"'`$;&|<>".utf8.contains($0) }
        if isFine, !word.isEmpty, !word.hasPrefix("-") { return word }
        expected("the name of a user")
        return nil
    }

    /// A folder on the hosts, of which nothing but runs' folders is ever removed.
    fileprivate func hostFolder() -> String? {
        guard let word = string("a folder on the hosts, such as \(HostsConfiguration.standardFolder)") else {
            return nil
        }
        let parts = word.split(separator: "/")
        let isFine = word.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "-_./".utf8.contains($0)
        }
        // Sockets below it have names of 107 bytes at most.
        if word.hasPrefix("/"), isFine, !parts.isEmpty, word.utf8.count <= 60,
            !parts.contains(where: { $0 == "." || $0 == ".." })
        {
            return "/" + parts.joined(separator: "/")
        }
        expected(
            "a folder of its own on the hosts: an absolute path of letters, digits, `-`, `_` and `.`, at most 60 "
                + "characters, such as \(HostsConfiguration.standardFolder)")
        return nil
    }
}
