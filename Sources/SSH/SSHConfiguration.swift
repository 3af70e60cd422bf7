import Glibc

/// The user's client configuration, `~/.ssh/config` and `/etc/ssh/ssh_config`: for every setting the first value that
/// holds for a host counts, as in `ssh_config(5)`. Settings that are not obeyed here are passed over.
public struct SSHConfiguration: Sendable {
    private let files: [[ConfigurationParser.Item]]
    private let parser: ConfigurationParser

    /// Reads the files; one that does not exist holds nothing.
    /// - Throws: `SSHError.Kind.configuration` with file and line.
    public init(
        files: [String] = ["~/.ssh/config", "/etc/ssh/ssh_config"]
    ) throws(SSHError) {
        var read: [[ConfigurationParser.Item]] = []
        for file in files {
            let path = HomeFolder.expand(file)
            let folder = path.hasPrefix("/etc/ssh/") ? "/etc/ssh" : HomeFolder.path + "/.ssh"
            read.append(try ConfigurationParser(host: "(all)", folder: folder).read(file: path))
        }
        self.files = read
        parser = ConfigurationParser(host: "(all)", folder: HomeFolder.path + "/.ssh")
    }

    private static let deepestJump = 8

    /// Where and how to connect to a host.
    /// - Parameter name: a name of the configuration, a host name or an address.
    /// - Throws: `SSHError.Kind.configuration`.
    public func destination(
        _ name: String, overrides: SSHOverrides = SSHOverrides()
    ) throws(SSHError) -> SSHDestination {
        try destination(name, overrides, jumps: nil, depth: 0)
    }

    private func destination(
        _ name: String, _ overrides: SSHOverrides, jumps: [SSHDestination]?, depth: Int
    ) throws(SSHError) -> SSHDestination {
        var settings = DestinationSettings(original: name)
        for file in files { settings.take(file) }
        let parser = ConfigurationParser(host: name, folder: self.parser.folder)

        let user = overrides.user ?? settings.text("user") ?? HomeFolder.userName
        let configuredPort = try settings.number("port", 1...65_535, parser)
        let port = overrides.port ?? configuredPort.map { UInt16($0) } ?? 22
        let hostName = try expand(settings.text("hostname") ?? name, settings, ["h": name, "n": name])
        let tokens = ["h": hostName, "n": name, "p": String(port), "r": user]

        var result = SSHDestination(name: name, hostName: hostName, port: port, user: user, knownHostsFiles: [])
        result.passphrase = overrides.passphrase
        result.password = overrides.password
        try addKeys(to: &result, overrides, settings, tokens)
        try addHostKeys(to: &result, settings, tokens)
        if let checking = overrides.hostKeyChecking { result.hostKeyChecking = checking }
        if let seconds = try settings.number("connecttimeout", 1...86_400, parser) {
            result.connectTimeout = .seconds(seconds)
        }
        if let seconds = try settings.number("serveraliveinterval", 0...86_400, parser) {
            result.keepAliveInterval = seconds == 0 ? nil : .seconds(seconds)
        }
        if let count = try settings.number("serveralivecountmax", 1...1_000, parser) { result.keepAliveCount = count }
        if let jumps { result.jumps = jumps } else { result.jumps = try self.jumps(settings, depth: depth) }
        return result
    }

    private func addKeys(
        to result: inout SSHDestination, _ overrides: SSHOverrides, _ settings: DestinationSettings,
        _ tokens: [String: String]
    ) throws(SSHError) {
        if let key = overrides.key {
            result.identityFiles = [HomeFolder.expand(key)]
            result.identitiesOnly = true
        } else if settings.identityFiles.isEmpty {
            result.identityFiles = ["id_ed25519", "id_ecdsa", "id_rsa"].map { HomeFolder.path + "/.ssh/" + $0 }
            result.keysAreRequired = false
        } else {
            for name in settings.identityFiles where name.lowercased() != "none" {
                result.identityFiles.append(try expand(HomeFolder.expand(name), settings, tokens))
            }
        }
        let parser = ConfigurationParser(host: settings.original, folder: self.parser.folder)
        if overrides.key == nil, let only = try settings.isOn("identitiesonly", parser) { result.identitiesOnly = only }
        switch settings.text("identityagent") {
        case nil, "SSH_AUTH_SOCK": result.agentSocket = getenv("SSH_AUTH_SOCK").map { String(cString: $0) }
        case "none": result.agentSocket = nil
        case let name?: result.agentSocket = try expand(HomeFolder.expand(name), settings, tokens)
        }
    }

    private func addHostKeys(
        to result: inout SSHDestination, _ settings: DestinationSettings, _ tokens: [String: String]
    ) throws(SSHError) {
        let files =
            (settings.list("userknownhostsfile") ?? ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"])
            + (settings.list("globalknownhostsfile") ?? ["/etc/ssh/ssh_known_hosts"])
        for name in files where name.lowercased() != "none" {
            result.knownHostsFiles.append(try expand(HomeFolder.expand(name), settings, tokens))
        }
        result.hostKeyAlias = settings.text("hostkeyalias")
        switch settings.text("stricthostkeychecking")?.lowercased() {
        // Nobody is there to be asked.
        case nil, "yes", "true", "ask": result.hostKeyChecking = .strict
        case "accept-new": result.hostKeyChecking = .acceptNew
        case "no", "false", "off": result.hostKeyChecking = .off
        case let other?:
            throw mistake(
                "stricthostkeychecking", settings, "StrictHostKeyChecking is \"\(other)\", not yes, no or accept-new")
        }
    }

    private func jumps(_ settings: DestinationSettings, depth: Int) throws(SSHError) -> [SSHDestination] {
        guard let text = settings.text("proxyjump"), text.lowercased() != "none" else { return [] }
        guard depth < SSHConfiguration.deepestJump else {
            throw mistake("proxyjump", settings, "hosts are reached through each other in a circle")
        }
        var result: [SSHDestination] = []
        for hop in text.split(separator: ",") {
            guard let (name, overrides) = SSHConfiguration.hop(String(hop)) else {
                throw mistake("proxyjump", settings, "\"\(hop)\" is not [user@]host[:port]")
            }
            // The first hop is reached as its own settings say, the others through the hop before.
            let next = try destination(name, overrides, jumps: result.isEmpty ? nil : [], depth: depth + 1)
            result += next.jumps
            result.append(next)
            result[result.count - 1].jumps = []
        }
        return result
    }

    /// `[user@]host[:port]`, with an IPv6 address in brackets, or the same as `ssh://…`.
    public static func hop(_ text: String) -> (String, SSHOverrides)? {
        var rest = Substring(text)
        if rest.hasPrefix("ssh://") { rest = rest.dropFirst(6) }
        var overrides = SSHOverrides()
        if let at = rest.lastIndex(of: "@") {
            overrides.user = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        var port: Substring?
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            let after = rest[rest.index(after: end)...]
            rest = rest[rest.index(after: rest.startIndex)..<end]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            port = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = rest.firstIndex(of: ":"), colon == rest.lastIndex(of: ":") {
            port = rest[rest.index(after: colon)...]
            rest = rest[..<colon]
        }
        if let port {
            guard let number = UInt16(port), number > 0 else { return nil }
            overrides.port = number
        }
        return rest.isEmpty || overrides.user == "" ? nil : (String(rest), overrides)
    }

    private func mistake(_ key: String, _ settings: DestinationSettings, _ words: String) -> SSHError {
        let place = settings.first[key]
        return ConfigurationParser(host: settings.original, folder: parser.folder)
            .mistake(place?.file ?? "", place?.line ?? 0, words)
    }

    /// Replaces `%h`, `%n`, `%p`, `%r` as given, `%d`, `%u` and `%%`, and `${NAME}` by the environment.
    private func expand(
        _ text: String, _ settings: DestinationSettings, _ tokens: [String: String]
    ) throws(SSHError) -> String {
        var result = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if character == "%" {
                guard let name = rest.popFirst() else { throw unknownToken("%", text, settings) }
                switch name {
                case "%": result += "%"
                case "d": result += HomeFolder.path
                case "u": result += HomeFolder.userName
                default:
                    guard let value = tokens[String(name)] else { throw unknownToken("%\(name)", text, settings) }
                    result += value
                }
            } else if character == "$", rest.hasPrefix("{"), let end = rest.firstIndex(of: "}") {
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                guard let value = getenv(name) else { throw unknownToken("${\(name)}", text, settings) }
                result += String(cString: value)
                rest = rest[rest.index(after: end)...]
            } else {
                result.append(character)
            }
        }
        return result
    }

    private func unknownToken(_ token: String, _ text: String, _ settings: DestinationSettings) -> SSHError {
        for (key, directive) in settings.first where directive.arguments.contains(text) {
            return mistake(key, settings, "\(token) in \"\(text)\" has no value here")
        }
        return SSHError(
            .configuration, host: settings.original, step: "read the SSH configuration",
            "\(token) in \"\(text)\" has no value here")
    }
}
