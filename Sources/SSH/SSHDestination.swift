/// Everything that is needed to connect to one host.
public struct SSHDestination: Hashable, Sendable {
    /// What to do with a host key that is not in a `known_hosts` file.
    public enum HostKeyChecking: Hashable, Sendable {
        /// Refuse hosts that are not known.
        case strict
        /// Write keys of new hosts into the first file; refuse changed ones.
        case acceptNew
        /// Accept any key of a host that is not known; nothing is written. A changed key is refused all the same.
        case off
    }

    /// As the user names it.
    public var name: String
    /// Where to connect: a name or an address.
    public var hostName: String
    public var port: UInt16
    public var user: String
    /// Private keys to try, in this order. Names that do not exist are passed over unless `keysAreRequired`.
    public var identityFiles: [String]
    /// Whether the identity files were named by somebody, so that a missing one is worth a word.
    public var keysAreRequired: Bool
    /// Whether an agent's keys are tried only where they are among the identity files.
    public var identitiesOnly: Bool
    /// The agent's socket; nil for none.
    public var agentSocket: String?
    /// For keys that are protected by a passphrase.
    public var passphrase: SSHSecret?
    public var password: SSHSecret?
    public var hostKeyChecking: HostKeyChecking
    /// The first one is written to by `acceptNew`.
    public var knownHostsFiles: [String]
    /// The name to look for in `known_hosts`, where it is another one.
    public var hostKeyAlias: String?
    /// From the first packet to a connection that can be used.
    public var connectTimeout: Duration
    /// How long nothing may be heard from the host before it is asked for a sign of life; nil for never.
    public var keepAliveInterval: Duration?
    /// After how many unanswered questions the connection is taken as broken.
    public var keepAliveCount: Int
    /// Hosts to go through, the one to connect to first at the beginning.
    public var jumps: [SSHDestination]

    /// A destination by itself, without any configuration file.
    public init(
        name: String, hostName: String? = nil, port: UInt16 = 22, user: String, identityFiles: [String] = [],
        knownHostsFiles: [String]
    ) {
        self.name = name
        self.hostName = hostName ?? name
        self.port = port
        self.user = user
        self.identityFiles = identityFiles
        keysAreRequired = true
        identitiesOnly = false
        agentSocket = nil
        hostKeyChecking = .strict
        self.knownHostsFiles = knownHostsFiles
        connectTimeout = .seconds(10)
        keepAliveInterval = .seconds(5)
        keepAliveCount = 3
        jumps = []
    }

    /// How `known_hosts` names it.
    var knownHostsName: String {
        if let hostKeyAlias { return hostKeyAlias }
        return port == 22 ? hostName : "[\(hostName)]:\(port)"
    }

    /// For messages.
    var address: String { "\(hostName) port \(port)" }
}

/// What a caller says about a host; it goes before what the files say.
public struct SSHOverrides: Hashable, Sendable {
    public var user: String?
    public var port: UInt16?
    /// A private key, which alone is tried.
    public var key: String?
    public var passphrase: SSHSecret?
    public var password: SSHSecret?
    public var hostKeyChecking: SSHDestination.HostKeyChecking?

    public init(
        user: String? = nil, port: UInt16? = nil, key: String? = nil, passphrase: SSHSecret? = nil,
        password: SSHSecret? = nil, hostKeyChecking: SSHDestination.HostKeyChecking? = nil
    ) {
        self.user = user
        self.port = port
        self.key = key
        self.passphrase = passphrase
        self.password = password
        self.hostKeyChecking = hostKeyChecking
    }
}
