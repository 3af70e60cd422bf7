/// A member of the system under test.
public struct Node: Hashable, Sendable {
    /// 0, 1, 2, …
    public let index: Int
    /// n1, n2, n3, …
    public let name: String
    /// Its address, as the other nodes and the clients reach it.
    public let address: String
    /// Its data directory, as its own processes see it; survives kills, not the end of the run.
    public let dataDirectory: String
    /// Where this program is on the node's machine; nil: where it is on this one.
    public let program: String?
    /// What `{{node.port}}` stands for; only nodes that somebody else runs have one.
    public let port: UInt16?

    public init(
        index: Int, name: String, address: String, dataDirectory: String, program: String? = nil, port: UInt16? = nil
    ) {
        self.index = index
        self.name = name
        self.address = address
        self.dataDirectory = dataDirectory
        self.program = program
        self.port = port
    }
}

/// One end of a link.
public enum Endpoint: Hashable, Sendable {
    case node(Int)
    /// Where the clients live.
    case controller
}

/// A directed link.
public struct Link: Hashable, Sendable {
    public var from: Endpoint
    public var to: Endpoint

    public init(from: Endpoint, to: Endpoint) {
        self.from = from
        self.to = to
    }
}

/// How a node's process is started.
public struct Launch: Hashable, Sendable {
    /// The program (a path, or a name that PATH finds) and its arguments.
    public var command: [String]
    /// Added to the environment.
    public var environment: [String: String]

    public init(command: [String], environment: [String: String] = [:]) {
        self.command = command
        self.environment = environment
    }
}

/// What a node's processes are doing.
public enum NodeState: Hashable, Sendable {
    case notStarted
    case running(pids: [Int32])
    case paused(pids: [Int32])
    /// Ended by itself or by `kill`, with the exit status, or the number of the signal that ended it: `endCause` says
    /// who wanted it.
    case exited(status: Int32?, signal: Int32?)
    /// Nobody knows: the node's host does not answer.
    case unreachable
}

/// What a change of clocks did.
public struct ClockProof: Hashable, Sendable {
    /// Processes whose clock was changed.
    public var processes: Int
    /// Nanoseconds that the change took.
    public var elapsed: Int64
    /// The offset in nanoseconds that the node really sees, read right after the change.
    public var measuredOffset: Int64
    /// How it was read: in the node's own process, or by a probe process beside it.
    public var method: String

    public init(processes: Int, elapsed: Int64, measuredOffset: Int64, method: String) {
        self.processes = processes
        self.elapsed = elapsed
        self.measuredOffset = measuredOffset
        self.method = method
    }
}

/// How the nodes of a cluster are reached, and what can be done to them. Every call blocks until it is done, and may
/// be made from any thread but those of the cooperative pool.
public protocol Transport: ProcessControl {
    /// `local`, `ssh` or `external`.
    var name: String { get }
    var nodes: [Node] { get }
    /// Whether a run starts the nodes; otherwise somebody else does.
    var startsNodes: Bool { get }

    /// Starts the node's process; it keeps the clock skew that is set for the node.
    func start(_ node: Node, _ launch: Launch) throws(ClusterError)
    /// Ends the whole process tree with SIGKILL, paused or not, and waits until it is gone.
    /// - Returns: how many processes there were.
    func kill(_ node: Node) throws(ClusterError) -> Int
    /// Stops the whole process tree with SIGSTOP, and waits until every process is stopped.
    /// - Returns: how many processes there are.
    func pause(_ node: Node) throws(ClusterError) -> Int
    /// Lets the whole process tree go on.
    func resume(_ node: Node) throws(ClusterError) -> Int
    func state(of node: Node) -> NodeState
    /// The last lines that the node's process wrote to standard error, or to standard output where it wrote no error.
    func lastOutput(of node: Node, lines: Int) -> [String]

    /// Where on this machine what the node's program writes can be read as it grows; none where it cannot.
    func outputFiles(of node: Node) -> [String]

    /// Replaces the set of cut links, all at once. An empty set heals everything.
    /// - Returns: nanoseconds that the change took.
    func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64
    /// Replaces the policies of all links, all at once; links that are not named are whole.
    /// - Returns: nanoseconds that the change took.
    func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64
    /// Does what the first change of the node's links would have to wait for, and finds out whether links can be changed.
    func prepareLinks(_ node: Node) throws(ClusterError)
    /// Whether links between nodes can be spoilt, or only those between nodes and clients.
    var spoilsNodeLinks: Bool { get }
    /// What every directed link has done so far.
    func linkCounters() -> [LinkCounters]
    /// Waits until a client's connection to a node can be made, as far as the transport itself spoils its link.
    /// - Parameter deadline: nanoseconds of `CLOCK_MONOTONIC`.
    /// - Returns: false where it could not be made until the deadline.
    func admitsConnection(to node: Int, port: UInt16, by deadline: Int64) -> Bool
    /// Gets hold of a client's new connection, where the transport stands between clients and nodes.
    /// - Parameter descriptor: connected and non-blocking; belongs to the transport from now on.
    /// - Returns: what the client uses in its place; nil where there is nothing to be had.
    func adoptConnection(_ descriptor: Int32, to node: Int, port: UInt16) -> Int32?
    /// Who reaches whom at this moment, found out by datagrams between the nodes' networks.
    /// - Parameters:
    ///   - port: at both ends, so that policies for this port are met; nil: any free one.
    ///   - patience: nanoseconds after which a silent link counts as one that nothing passes.
    func reachability(port: UInt16?, patience: Int64) throws(ClusterError) -> Reachability
    /// Replaces what is wrong with the names of the nodes, all at once.
    func setNames(_ faults: [NameFault]) throws(ClusterError)
    /// What the nodes have asked about names so far, in the order of the nodes; empty where nobody knows.
    func nameCounters() -> [NameCounters]
    /// Writes a note into the recording of packets, where there is one.
    func notePackets(_ text: String)

    /// Bends the wall clock of the node's processes, those running and those started later.
    func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof

    /// Says how closely the calls of the node's processes are watched, from its next start on; it must not run. Needed
    /// before everything else that has to do with disks, but for `corruptFiles`.
    func superviseDisk(_ node: Node, _ supervision: DiskSupervision) throws(ClusterError)
    /// Replaces all rules for the system calls of the node's processes; none: nothing is disturbed any more. They stay
    /// in force over restarts.
    func setSystemCallRules(_ node: Node, _ rules: [SystemCallRule]) throws(ClusterError)
    /// What each rule has done since it was set, in the order in which they were set.
    func systemCallCounters(of node: Node) throws(ClusterError) -> [SystemCallCounters]
    /// Kills all processes of the nodes, and takes their data directories back to what had been synced.
    /// - Returns: what was lost, node by node.
    func powerFail(_ nodes: [Node], _ failure: PowerFailure) throws(ClusterError) -> [PowerFailureProof]
    /// Syncs and, where they are watched, writes of the node's processes since the lab began.
    func durability(of node: Node) throws(ClusterError) -> DurabilityCounters
    /// Damages files of the node's data directory, whether the node runs or not.
    /// - Returns: what was changed where.
    func corruptFiles(_ node: Node, _ corruption: FileCorruption) throws(ClusterError) -> [FileDamage]
    /// Remembers all files of the node's data directory that fit the pattern, as they are now.
    /// - Returns: how many there are.
    func snapshotFiles(_ node: Node, matching pattern: String) throws(ClusterError) -> Int
    /// Takes the files back to the latest snapshot: a disk that has forgotten writes it had acknowledged. The node
    /// should be down.
    /// - Returns: what was changed where.
    func rollBackFiles(_ node: Node) throws(ClusterError) -> [FileDamage]

    /// Ends all processes, heals everything, and gives everything back. Harmless when called again.
    func tearDown()
    /// What the reader of a verdict should know of the hosts, one sentence each; complete after `tearDown`.
    var warnings: [String] { get }
}

extension Transport {
    public var warnings: [String] { [] }

    public func outputFiles(of node: Node) -> [String] { [] }
}

/// The world's failure: a node, a step and the reason.
public struct ClusterError: Error, Hashable, CustomStringConvertible {
    /// What was being done, as a verb: `start node`.
    public var step: String
    public var node: String?
    /// What happened, and what to do about it.
    public var message: String

    public init(_ step: String, node: String? = nil, _ message: String) {
        self.step = step
        self.node = node
        self.message = message
    }

    public var description: String {
        "cannot \(step)\(node.map { " \($0)" } ?? ""): \(message)"
    }
}
