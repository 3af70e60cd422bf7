import CLinux
import Glibc

/// A process beside every node: it owns the node's network, mount, IPC and UTS namespaces, starts and ends the node's
/// processes, and bends their clocks. It has one thread, so that it may fork, trace and wait without disturbing anybody
/// who waits for other processes. When the controller is gone its channel ends, and the node with it.
struct NodeAgent {
    private let channel: ControlChannel
    /// Where the program was started, or what a host's controller says: relative paths of commands are relative to it.
    private var startFolder = currentFolder()
    /// Nil on a host, whose file system nodes see as it is.
    private var view: NodeView?
    private(set) var name = ""
    private(set) var folder = ""
    /// The node's folder, open: its path may be hidden.
    private var folderDescriptor: Int32 = -1
    var run: NodeRun?
    var clock = ClockBender()
    var limits = NodeLimits()
    private(set) var disk = DiskHandle()
    /// The latest one of the data directory.
    var snapshot: FileSnapshot?
    /// When the clock or the program was last changed.
    private var clockChanged: Int64 = 0
    /// What `EndCause.memoryKillsOfMachine` was when the last run began.
    private(set) var machineKillsAtStart: Int64 = 0

    /// How long a program must live to count as started, in nanoseconds.
    private static let grace: Int64 = 50_000_000

    private init(_ channel: ControlChannel) {
        self.channel = channel
    }

    /// - Parameter isOnHost: whether the node shares the machine's network and view of the file system.
    static func main(_ channel: ControlChannel, isOnHost: Bool) -> Never {
        lab_close_from(4)
        _ = fcntl(channel.descriptor, F_SETFD, FD_CLOEXEC)
        signal(SIGPIPE, SIG_IGN)
        var agent = NodeAgent(channel)
        do {
            // Shared memory in the manner of System V outlives its processes: it must end with the lab.
            let namespaces =
                isOnHost
                ? [lab_namespace_communication]
                : [lab_namespace_network, lab_namespace_name, lab_namespace_communication]
            let code = lab_unshare(Int32(namespaces.reduce(0) { $0 | $1.rawValue }))
            if code != 0 {
                try channel.send(NodeAnswer.failed(step: "create the namespaces of", message: errorText(code)).words)
                exit(1)
            }
            try channel.send(NodeAnswer.done.words)
            while true { try agent.serve() }
        } catch {
            // The controller is gone.
            agent.run?.end()
            exit(0)
        }
    }

    /// Waits for one request or one event, and deals with it.
    private mutating func serve() throws(ControlChannel.Failure) {
        let news = run.flatMap { $0.isOver ? nil : $0.channel }
        let isAsked = lab_wait_readable(channel.descriptor, news ?? -1, patience)
        run?.refresh()
        bendNewProcesses()
        if let run, !run.isOver { limits.look(run) }
        guard isAsked else { return }
        guard let request = NodeRequest(words: try channel.receive()) else { throw .system(EPROTO) }
        if !request.isGlance { limits.release() }
        let answer: NodeAnswer
        do throws(ClusterError) {
            answer = try carryOut(request)
        } catch {
            answer = .failed(step: error.step, message: error.message)
        }
        try channel.send(answer.words)
    }

    /// Nanoseconds until there is something to do without being asked; negative: never. New processes of a node appear
    /// most likely right after its start, when a script starts the program proper.
    private var patience: Int64 {
        guard let run, !run.isOver else { return -1 }
        let now = lab_monotonic_time()
        let rescan: Int64? =
            clock.setting == nil ? nil : now - clockChanged < 1_000_000_000 ? 10_000_000 : 50_000_000
        let look = run.isPaused ? nil : limits.next.map { max(0, $0 - now) }
        return [rescan, look].compactMap { $0 }.min() ?? -1
    }

    /// Brings the clocks of processes that have been created, or have executed another program, to what is in force.
    private mutating func bendNewProcesses() {
        guard clock.setting != nil, let run, !run.isOver else { return }
        // What cannot be bent now is tried again; `setClock` is the place that says why not.
        try? clock.update(run.processes())
    }

    private mutating func setClock(_ skew: ClockSkew) throws(ClusterError) -> ClockProof {
        clockChanged = lab_monotonic_time()
        run?.refresh()
        guard let run, !run.isOver else { return try clock.set(skew, program: nil) { [] } }
        return try clock.set(skew, program: run.program) { run.processes() }
    }

    private mutating func carryOut(_ request: NodeRequest) throws(ClusterError) -> NodeAnswer {
        switch request {
        case .configure(let configuration):
            try configure(configuration)
            return .done
        case .configureHost(let name, let folder, let programs):
            try configure(name, folder: folder, programs: programs)
            return .done
        case .start(let launch, let folder):
            return try start(launch, dataFolder: folder)
        case .kill:
            guard let run, !run.isOver else { return .count(0) }
            let count = run.processes().count
            self.run?.end()
            return .count(count)
        case .pause:
            guard let run, !run.isOver else { throw ClusterError("pause", "no process of it runs") }
            return .count(try self.run!.pause())
        case .resume:
            guard let run, !run.isOver else { throw ClusterError("resume", "no process of it runs") }
            return .count(try self.run!.resume())
        case .state:
            return .state(state())
        case .setClock(let skew):
            return .clock(try setClock(skew))
        case .process(let request):
            return try carryOut(request)
        case .disk(let words):
            return .disk(try carryOutDisk(words))
        case .files(let request):
            return try carryOut(request)
        }
    }

    /// A request that has to do with the node's disk.
    private mutating func carryOutDisk(_ words: [String]) throws(ClusterError) -> [String] {
        run?.refresh()
        let runs = run.map { !$0.isOver } ?? false
        switch words.first {
        case "supervise":
            guard let supervision = DiskSupervision(words: words.dropFirst()) else {
                throw ClusterError("supervise the disk of", "its agent does not understand \(words)")
            }
            guard !runs || disk.supervision == supervision else {
                throw ClusterError("supervise the disk of", "it runs already; this must come before its start")
            }
            try disk.want(supervision, folder: folder + "/data")
            return []
        case "power-failure":
            let count = runs ? run!.processes().count : 0
            run?.end()
            let answer = try disk.ask(words)
            guard var proof = PowerFailureProof(words: answer.dropFirst()) else { return answer }
            proof.processesKilled = count
            return ["proof"] + proof.words
        default:
            return try disk.ask(words)
        }
    }

    private mutating func configure(_ configuration: NodeRequest.Configuration) throws(ClusterError) {
        func check(_ code: Int32, _ step: String) throws(ClusterError) {
            if code != 0 { throw ClusterError(step, errorText(code)) }
        }
        name = configuration.name
        try enter(configuration.folder)
        try check(lab_interface_up("lo"), "bring up the loopback interface of")
        try check(lab_interface_plain("eth0"), "configure eth0 of")
        try check(lab_interface_address("eth0", configuration.address, configuration.mask), "give an address to")
        try check(lab_interface_up("eth0"), "bring up eth0 of")
        try check(lab_unshare(Int32(lab_namespace_mount.rawValue)), "create the mount namespace of")
        var view = try NodeView(
            hostName: configuration.name, hosts: configuration.hosts, resolver: configuration.resolver)
        try view.keep(folder + "/data")
        try view.keep(startFolder)
        self.view = view
    }

    private mutating func configure(_ name: String, folder: String, programs: String) throws(ClusterError) {
        self.name = name
        startFolder = programs
        try enter(folder)
    }

    private mutating func enter(_ folder: String) throws(ClusterError) {
        if folderDescriptor >= 0 { close(folderDescriptor) }
        self.folder = folder
        folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folderDescriptor >= 0 else { throw ClusterError("open \(folder) for", errorText(errno)) }
    }

    private mutating func start(_ launch: Launch, dataFolder: String) throws(ClusterError) -> NodeAnswer {
        try execute(launch, dataFolder: dataFolder)
        run!.waitForEnd(until: lab_monotonic_time() + NodeAgent.grace)
        if let outcome = run!.outcome { return .endedAtOnce(status: outcome.status, signal: outcome.signal) }
        return .done
    }

    /// Starts the program, and is back when it runs.
    mutating func execute(_ launch: Launch, dataFolder: String) throws(ClusterError) {
        run?.refresh()
        if let run, !run.isOver { throw ClusterError("start", "it runs already; kill it first") }
        guard let name = launch.command.first else { throw ClusterError("start", "the command is empty") }
        let program = try locate(name, for: launch)
        let output = try openLog("stdout.log")
        defer { close(output) }
        let errors = try openLog("stderr.log")
        defer { close(errors) }
        let plan = NodeRun.Plan(
            program: program, arguments: launch.command,
            environment: launch.environment.map { $0.key + "=" + $0.value }, folder: dataFolder, output: output,
            errors: errors, supervision: disk.level, supervisionIsOptional: disk.supervision.isOptional,
            attach: disk.attach)
        run = nil
        machineKillsAtStart = EndCause.memoryKillsOfMachine
        run = try NodeRun(plan) { process, release throws(ClusterError) in
            limits.admit(process)
            try clock.bendAtExecution(process, release: release)
        }
        clockChanged = lab_monotonic_time()
    }

    /// The program that a command means, with the files that it names where the node can see them.
    mutating func locate(_ name: String, for launch: Launch) throws(ClusterError) -> String {
        try showFiles(of: launch)
        return try ProgramSearch.find(name, path: launch.environment["PATH"] ?? "", folder: startFolder)
    }

    /// Shows the node the files that its command names, where a private folder hides them.
    private mutating func showFiles(of launch: Launch) throws(ClusterError) {
        guard folderDescriptor >= 0 else { throw ClusterError("start", "the node is not configured") }
        guard view != nil else { return }
        for (index, word) in launch.command.enumerated() {
            for candidate in [word] + word.split(separator: "=").dropFirst().map(String.init) {
                let path = index == 0 && word.contains("/") ? absolutePath(word, in: startFolder) : candidate
                guard path.hasPrefix("/") else { continue }
                // A program finds its libraries and files in the folder that it is in.
                if index == 0, let slash = path.lastIndex(of: "/") { try view!.keep(String(path[..<slash])) }
                try view!.keep(path)
            }
        }
        for part in (launch.environment["PATH"] ?? "").split(separator: ":") { try view!.keep(String(part)) }
    }

    private func openLog(_ name: String) throws(ClusterError) -> Int32 {
        let descriptor = openat(folderDescriptor, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ClusterError("start", "\(folder)/\(name): \(errorText(errno))") }
        return descriptor
    }

    private mutating func state() -> NodeState {
        run?.refresh()
        guard let run else { return .notStarted }
        if let outcome = run.outcome { return .exited(status: outcome.status, signal: outcome.signal) }
        let pids = run.processes().map(\.pid)
        return run.isPaused ? .paused(pids: pids) : .running(pids: pids)
    }
}
