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

    public init(index: Int, name: String, address: String, dataDirectory: String) {
        self.index = index
        self.name = name
        self.address = address
        self.dataDirectory = dataDirectory
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

/// What a directed link has done since the lab began.
public struct LinkCounters: Hashable, Sendable {
    public var link: Link
    public var forwardedFrames: UInt64
    public var forwardedBytes: UInt64
    /// Frames that a cut has swallowed.
    public var cutFrames: UInt64

    public init(link: Link, forwardedFrames: UInt64, forwardedBytes: UInt64, cutFrames: UInt64) {
        self.link = link
        self.forwardedFrames = forwardedFrames
        self.forwardedBytes = forwardedBytes
        self.cutFrames = cutFrames
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
    /// Ended by itself or by `kill`, with the exit status, or the number of the signal that ended it.
    case exited(status: Int32?, signal: Int32?)
}

/// What the wall clock of a node's processes shows, against the true time.
public struct ClockSkew: Hashable, Sendable {
    /// Nanoseconds ahead (positive) or behind (negative) at the moment it is set.
    public var offset: Int64
    /// Parts per million too fast (positive) or too slow (negative) from then on.
    public var ratePartsPerMillion: Int64

    public init(offset: Int64, ratePartsPerMillion: Int64 = 0) {
        self.offset = offset
        self.ratePartsPerMillion = ratePartsPerMillion
    }

    public static let none = ClockSkew(offset: 0)
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
public protocol Transport: Sendable {
    /// `local`, `ssh` or `external`.
    var name: String { get }
    var nodes: [Node] { get }

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
    /// What every directed link has done so far.
    func linkCounters() -> [LinkCounters]

    /// Bends the wall clock of the node's processes, those running and those started later.
    func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof

    /// Ends all processes, heals everything, and gives everything back. Harmless when called again.
    func tearDown()
}

extension Transport {
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
