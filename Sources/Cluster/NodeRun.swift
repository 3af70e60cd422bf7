import CLinux
import Glibc

/// One start of a node's program, until its last process is gone.
struct NodeRun {
    private var node: lab_node
    /// As of waitpid, once the program has ended.
    private var programStatus: Int32?
    private(set) var isOver = false
    private(set) var isPaused = false
    /// Whether somebody has asked for its end.
    var isEndRequested = false

    /// The program, as the world numbers processes.
    var program: Int32 { node.program }
    /// Process 1 of the node.
    var keeper: Int32 { node.keeper }
    /// Readable when there is news for `refresh`.
    var channel: Int32 { node.channel }

    struct Plan {
        var program: String
        var arguments: [String]
        var environment: [String]
        var folder: String
        var output: Int32
        var errors: Int32
        var supervision = lab_supervise_nothing
        var supervisionIsOptional = false
        /// Takes charge of the supervised calls that arrive at `listener` of process `program`; `keeper` is process 1.
        var attach: (_ program: Int32, _ listener: Int32, _ keeper: Int32) throws(ClusterError) -> Void = { _, _, _ in }
    }

    /// Starts the program.
    /// - Parameter beforeRunning: called with the process that will execute it; answers when the program has been
    ///   executed if it wants to see to that itself: it then calls the function that it is given first.
    init(_ plan: Plan, executing: (_ process: Int32, _ release: () -> Void) throws(ClusterError) -> Void)
        throws(ClusterError)
    {
        var node = lab_node()
        var failure = lab_failure()
        let created = withArguments(plan.arguments) { arguments in
            withArguments(plan.environment) { environment in
                plan.program.withCString { program in
                    plan.folder.withCString { folder in
                        var launch = lab_launch(
                            program: program, arguments: arguments, environment: environment, directory: folder,
                            output: plan.output, errors: plan.errors, supervision: plan.supervision,
                            supervision_is_optional: plan.supervisionIsOptional)
                        return lab_node_create(&launch, &node, &failure)
                    }
                }
            }
        }
        guard created == 0 else { throw NodeRun.describe(failure, plan) }
        self.node = node
        var trouble: ClusterError?
        do throws(ClusterError) {
            if node.listener >= 0 { try plan.attach(node.program, node.listener, node.keeper) }
            try executing(node.program) { lab_node_release(&node) }
        } catch {
            trouble = error
        }
        if trouble == nil && lab_node_wait_started(&node, &failure) != 0 { trouble = NodeRun.describe(failure, plan) }
        if let trouble {
            end()
            throw trouble
        }
    }

    private static func describe(_ failure: lab_failure, _ plan: Plan) -> ClusterError {
        let step = withUnsafeBytes(of: failure.step) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if step == "execute" { return ClusterError("start", ProgramSearch.explain(failure.error, plan.program)) }
        return ClusterError("start", "could not \(step): \(errorText(failure.error))")
    }

    /// Every living process but process 1.
    func processes() -> [ProcessEntry] {
        isOver ? [] : ProcessTree.descendants(of: node.keeper)
    }

    /// Learns whether the program has ended, and whether everything has.
    mutating func refresh() {
        guard !isOver else { return }
        readProgramStatus()
        var status: Int32 = 0
        if waitpid(node.keeper, &status, WNOHANG) == node.keeper { finish() }
    }

    private mutating func readProgramStatus() {
        var status: Int32 = 0
        while lab_node_read_ended(&node, &status) == 1 { programStatus = status }
    }

    private mutating func finish() {
        readProgramStatus()
        lab_node_close(&node)
        isOver = true
        isPaused = false
    }

    /// Waits until the program has ended, but not beyond a moment of the monotonic clock in nanoseconds.
    mutating func waitForEnd(until limit: Int64) {
        while true {
            refresh()
            let rest = limit - lab_monotonic_time()
            if isOver || rest <= 0 { return }
            if programStatus == nil {
                _ = lab_wait_readable(node.channel, -1, rest)
            } else {
                // The program has; are there others? If not, process 1 ends within a moment.
                if !processes().isEmpty { return }
                usleep(500)
            }
        }
    }

    /// Ends every process with SIGKILL, and waits until all are gone.
    mutating func end() {
        refresh()
        guard !isOver else { return }
        // A program that has ended by itself a moment ago is not ended by this.
        if programStatus == nil || !processes().isEmpty { isEndRequested = true }
        Glibc.kill(node.keeper, SIGKILL)
        // A thread that died while it was held is reaped by who held it, before its process 1 can end: wait for all.
        var status: Int32 = 0
        while true {
            let ended = retrying { Int(waitpid(-1, &status, 0x4000_0000)) }  // __WALL
            if ended == Int(node.keeper) || ended < 0 { break }
        }
        finish()
    }

    /// How it ended; nil while it has not.
    var outcome: (status: Int32?, signal: Int32?)? {
        guard isOver else { return nil }
        guard let status = programStatus else { return (nil, SIGKILL) }
        return status & 0x7f == 0 ? ((status >> 8) & 0xff, nil) : (nil, status & 0x7f)
    }

    /// Stops every process with SIGSTOP, and waits until every thread is stopped.
    /// - Returns: how many processes there are.
    mutating func pause() throws(ClusterError) -> Int {
        isPaused = true
        return try signalAll(SIGSTOP, "pause") { entry in
            // A thread in D is inside the kernel, and stops before it executes another instruction of the program.
            ProcessTree.threadStates(of: entry.pid).allSatisfy { Array("TtDZX".utf8).contains($0) }
        }
    }

    /// Lets every process go on.
    mutating func resume() throws(ClusterError) -> Int {
        isPaused = false
        return try signalAll(SIGCONT, "resume") { entry in
            !ProcessTree.threadStates(of: entry.pid).contains(UInt8(ascii: "T"))
        }
    }

    /// Sends a signal to every process until all have obeyed, those too that were created meanwhile.
    private func signalAll(
        _ signal: Int32, _ verb: String, obeyed: (ProcessEntry) -> Bool
    ) throws(ClusterError) -> Int {
        let limit = lab_monotonic_time() + 10_000_000_000
        var signalled: Set<ProcessEntry.ID> = []
        while true {
            let entries = processes()
            var complete = true
            for entry in entries {
                if signalled.insert(entry.id).inserted {
                    Glibc.kill(entry.pid, signal)
                    complete = false
                } else if !obeyed(entry) {
                    complete = false
                }
            }
            if complete { return entries.count }
            if lab_monotonic_time() > limit {
                let names = entries.filter { !obeyed($0) }.map { String($0.pid) }.joined(separator: ", ")
                throw ClusterError(verb, "processes \(names) do not obey within 10 s; `kill` ends them")
            }
            usleep(200)
        }
    }
}
