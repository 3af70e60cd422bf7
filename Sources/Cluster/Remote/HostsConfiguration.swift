import PolygraphSSH

/// Which kind of cluster a run has.
public enum TransportKind: String, CaseIterable, Hashable, Sendable {
    /// Nodes on this machine, in a lab.
    case local
    /// Nodes on machines or containers, in each of which a helper runs.
    case hosts
    /// Nodes of which only the addresses are known.
    case external
}

/// How commands and files get to one host.
public enum HostReach: Hashable, Sendable {
    /// By SSH, to a destination as the user names it.
    case ssh(String, SSHOverrides)
    /// By `docker exec` and `docker cp`.
    case docker(container: String)
    /// By `kubectl exec` and `kubectl cp`.
    case kubernetes(pod: String, namespace: String?, container: String?)
}

/// One host of a cluster.
public struct HostSpec: Hashable, Sendable {
    public var reach: HostReach
    /// As the other nodes and the clients reach it; nil: the one by which it is reached, or that it says of itself.
    public var address: String?

    public init(_ reach: HostReach, address: String? = nil) {
        self.reach = reach
        self.address = address
    }
}

/// Which clocks of hosts are changed.
public enum HostClocks: String, CaseIterable, Hashable, Sendable {
    /// Those of the node's own processes; everything else on the host keeps the true time.
    case processes
    /// The host's own.
    case system
}

/// A cluster of hosts, as the user describes it.
public struct HostsConfiguration: Hashable, Sendable {
    /// n1, n2, … in this order.
    public var hosts: [HostSpec]
    /// What the user's SSH configuration is; nil: the usual files.
    public var configurationFile: String?
    /// Where the keys of hosts are; nil: the usual files.
    public var knownHostsFile: String?
    /// How a user who is not root becomes root; nil: not at all.
    public var sudo: SSHCommand.Sudo?
    /// Where the helper and the runs' folders are on every host, absolute.
    public var folder = HostsConfiguration.standardFolder
    /// Nanoseconds after which a host that hears nothing of the controller undoes everything and ends the node.
    public var lease: Int64 = 20_000_000_000
    public var clocks = HostClocks.processes
    /// Static binaries of this program for other machines, by what `uname -m` says there.
    public var helpers: [String: String] = [:]
    public var install = HostInstallation()
    /// Files on the hosts, absolute, with patterns of the shell, that are collected beside the program's output.
    public var logs: [String] = []
    /// Bytes that are collected of a file at most: its end.
    public var logLimit: Int64 = 50_000_000

    public static let standardFolder = "/var/tmp/polygraph"

    public init(_ hosts: [HostSpec]) { self.hosts = hosts }
}

/// What is put on a host before its node is started.
public struct HostInstallation: Hashable, Sendable {
    /// Installed by the host's package manager where they are missing; they stay.
    public var packages: [String] = []
    /// Files of this machine: archives (`.tar`, `.tar.gz`, `.tar.xz`, `.zip`) are unpacked in the node's folder
    /// `system`, others are copied there.
    public var archives: [String] = []

    public init() {}

    public var isEmpty: Bool { packages.isEmpty && archives.isEmpty }
}
