/// How a node's program was asked to end, and what came of it.
public struct Termination: Hashable, Sendable {
    /// Whether everything ended by itself in time; otherwise the rest was killed.
    public var isGraceful: Bool
    /// Processes of the node when it was asked.
    public var processes: Int
    /// Processes that had to be killed.
    public var killed: Int
    /// Nanoseconds until the last process was gone.
    public var elapsed: Int64

    public init(isGraceful: Bool, processes: Int, killed: Int, elapsed: Int64) {
        self.isGraceful = isGraceful
        self.processes = processes
        self.killed = killed
        self.elapsed = elapsed
    }
}

/// A start that was cut short.
public struct InterruptedStart: Hashable, Sendable {
    /// Nanoseconds from the execution of the program to the kill, as measured.
    public var elapsed: Int64
    /// Processes that were killed; 0 where the program had ended by itself.
    public var processes: Int

    public init(elapsed: Int64, processes: Int) {
        self.elapsed = elapsed
        self.processes = processes
    }
}

/// How a program ended that was run beside a node.
public struct CommandOutcome: Hashable, Sendable {
    /// The exit status, 128 and the number of the signal that ended it, or nil where it was killed because it took too
    /// long.
    public var status: Int32?
    /// The beginning of what it wrote.
    public var output: String

    public init(status: Int32?, output: String) {
        self.status = status
        self.output = output
    }

    /// Status and output in one line.
    public var words: String {
        let end = status.map { "ended with status \($0)" } ?? "was killed because it took too long"
        let said = output.split(separator: "\n").joined(separator: " | ")
        return said.isEmpty ? end : "\(end): \(said)"
    }
}

/// What can be done to a node's processes beside starting, killing and pausing them. Where a transport does not say
/// otherwise it is possible on local nodes only.
public protocol ProcessControl: Sendable {
    /// Asks the node's main process to end, with SIGTERM, and kills what is left after `grace` nanoseconds. A node
    /// without processes has nothing to do.
    func terminate(_ node: Node, grace: Int64) throws(ClusterError) -> Termination
    /// Sends a signal to the node's main process.
    /// - Returns: how many processes it was sent to; 0 where the node has none.
    func signal(_ node: Node, _ number: Int32) throws(ClusterError) -> Int
    /// Starts the node's process and kills its tree `delay` nanoseconds after it has begun to execute, at most ten
    /// seconds.
    func start(_ node: Node, _ launch: Launch, killedAfter delay: Int64) throws(ClusterError) -> InterruptedStart
    /// Who wanted the end of the node's last program; nil while it runs, and before the first start.
    func endCause(of node: Node) -> EndCause?

    /// Runs a program beside the node's own, with the node's network and view of the file system, and waits for its end.
    /// It does not belong to the node's processes. Killed after `timeout` nanoseconds, at most 20 seconds.
    func execute(_ node: Node, _ launch: Launch, timeout: Int64) throws(ClusterError) -> CommandOutcome
    /// Empties the data directory of a node that does not run.
    func wipe(_ node: Node) throws(ClusterError)

    /// Replaces the limits of the node's processes, those running and those started later. `ResourceLimits.none`
    /// takes all of them away. Harmless when called again.
    func setLimits(_ node: Node, _ limits: ResourceLimits) throws(ClusterError) -> LimitProof
    /// Lets the processes that are started from now on be counted from their beginning, so that a later memory limit
    /// holds for all that they have. Without it, a limit allows for what is in use when it is set.
    func prepareLimits(_ node: Node) throws(ClusterError)
    /// What the node's processes use now.
    func resourceUse(of node: Node) throws(ClusterError) -> ResourceUse

    /// Reads the node's clock, as its own processes see it, and changes nothing.
    func readClock(_ node: Node) throws(ClusterError) -> ClockProof
    /// What of the node's time no change of its clock reaches, or may not reach, one sentence each.
    func clockWarnings(_ node: Node) -> [String]
}

extension ProcessControl {
    private func onlyLocal(_ step: String, _ what: String, _ node: Node) -> ClusterError {
        ClusterError(step, node: node.name, "\(what) is only possible on local nodes")
    }

    public func terminate(_ node: Node, grace: Int64) throws(ClusterError) -> Termination {
        throw onlyLocal("terminate", "asking a program to end", node)
    }

    public func signal(_ node: Node, _ number: Int32) throws(ClusterError) -> Int {
        throw onlyLocal("signal", "sending signals", node)
    }

    public func start(_ node: Node, _ launch: Launch, killedAfter delay: Int64) throws(ClusterError) -> InterruptedStart
    {
        throw onlyLocal("start", "a kill during the start", node)
    }

    public func endCause(of node: Node) -> EndCause? { nil }

    public func execute(_ node: Node, _ launch: Launch, timeout: Int64) throws(ClusterError) -> CommandOutcome {
        throw onlyLocal("run a program beside", "running a program", node)
    }

    public func wipe(_ node: Node) throws(ClusterError) {
        throw onlyLocal("empty the data directory of", "removing a node's data", node)
    }

    public func setLimits(_ node: Node, _ limits: ResourceLimits) throws(ClusterError) -> LimitProof {
        throw onlyLocal("limit", "limiting resources", node)
    }

    public func prepareLimits(_ node: Node) throws(ClusterError) {}

    public func resourceUse(of node: Node) throws(ClusterError) -> ResourceUse {
        throw onlyLocal("measure", "reading what processes use", node)
    }

    public func readClock(_ node: Node) throws(ClusterError) -> ClockProof {
        throw onlyLocal("read the clock of", "reading the clock of a process", node)
    }

    public func clockWarnings(_ node: Node) -> [String] { [] }
}
