import CLinux
import Glibc
import Synchronization

/// Nodes on this machine, in a world of their own: every node has its own network, file system view, host name and
/// process numbers, and a cable to the lab's switch. Needs `LabWorld.enter` first; everything ends with the world.
///
/// A node's program runs in the node's data directory, with standard input at its end and its outputs appended to the
/// logs. Relative paths of programs are relative to the controller's working directory.
public final class Lab: AgentTransport {
    public let name = "local"
    public let nodes: [Node]
    /// Where the clients reach the nodes from.
    public let controllerAddress: String

    private let configuration: LabConfiguration
    let agents: [AgentHandle]
    let ethernet: EthernetSwitch
    /// nil where the nodes know each other's names from their files.
    let nameServer: Mutex<NameServer?> = Mutex(nil)
    let controlGroups = ControlGroups()

    /// Builds the lab: nodes without processes, all links whole.
    public init(_ configuration: LabConfiguration) throws(ClusterError) {
        guard LabWorld.isInside else {
            throw ClusterError(
                "build the lab", "this process is not in a world of its own; LabWorld.enter must come first")
        }
        guard 1...LabConfiguration.largestNodeCount ~= configuration.nodeCount else {
            throw ClusterError(
                "build the lab",
                "\(configuration.nodeCount) nodes; there may be 1 to \(LabConfiguration.largestNodeCount)")
        }
        var configuration = configuration
        configuration.folder = try Lab.prepareFolders(configuration)
        self.configuration = configuration
        let folder = configuration.folder
        nodes = (0..<configuration.nodeCount).map { index in
            let name = "n\(index + 1)"
            return Node(
                index: index, name: name, address: configuration.address(UInt8(index + 1)),
                dataDirectory: "\(folder)/\(name)/data")
        }
        controllerAddress = configuration.address(LabConfiguration.controllerNumber)
        var agents: [AgentHandle] = []
        do throws(ClusterError) {
            for node in nodes { agents.append(try AgentHandle(nodeName: node.name)) }
            for agent in agents { _ = try agent.receive() }
            ethernet = try Lab.wire(configuration, agents)
        } catch {
            Lab.end(agents)
            throw error
        }
        self.agents = agents
        do throws(ClusterError) {
            try configureNodes()
        } catch {
            tearDown()
            throw error
        }
    }

    deinit { tearDown() }

    /// - Returns: the lab's folder, absolute and without symbolic links.
    private static func prepareFolders(_ configuration: LabConfiguration) throws(ClusterError) -> String {
        let wanted = absolutePath(configuration.folder, in: currentFolder())
        for number in 1...configuration.nodeCount {
            let data = "\(wanted)/n\(number)/data"
            let code = makeFolders(data)
            guard code == 0 else { throw ClusterError("create \(data)", errorText(code)) }
        }
        guard let folder = resolvedPath(wanted) else { throw ClusterError("open \(wanted)", errorText(errno)) }
        return folder
    }

    private static func wire(
        _ configuration: LabConfiguration, _ agents: [AgentHandle]
    ) throws(ClusterError) -> EthernetSwitch {
        var plugs = agents.enumerated().map { index, agent in
            SwitchPlug(number: UInt8(index + 1), interface: "eth0", process: agent.process)
        }
        let number = LabConfiguration.controllerNumber
        plugs.append(SwitchPlug(number: number, interface: "ctl0", process: getpid()))
        let ethernet = try EthernetSwitch(
            plugs, seed: configuration.seed, packetFile: configuration.packetFile,
            names: agents.map(\.nodeName) + ["controller"])
        var code = lab_interface_plain("ctl0")
        if code == 0 {
            code = lab_interface_address("ctl0", configuration.binaryAddress(number), LabConfiguration.binaryMask)
        }
        if code == 0 { code = lab_interface_up("ctl0") }
        guard code == 0 else {
            ethernet.shutDown()
            throw ClusterError("configure the controller's network interface", errorText(code))
        }
        return ethernet
    }

    private func configureNodes() throws(ClusterError) {
        var hosts = "127.0.0.1 localhost\n::1 localhost\n"
        let names = nodes.map { ($0.address, $0.name) } + [(controllerAddress, "controller")]
        if !configuration.asksNameServer { for (address, name) in names { hosts += "\(address) \(name)\n" } }
        // All at once: each does its part in its own process.
        for (node, agent) in zip(nodes, agents) {
            try agent.send(
                .configure(
                    NodeRequest.Configuration(
                        name: node.name, address: configuration.binaryAddress(UInt8(node.index + 1)),
                        mask: LabConfiguration.binaryMask, hosts: hosts,
                        resolver: configuration.asksNameServer ? NameServer.resolverConfiguration : "",
                        folder: "\(configuration.folder)/\(node.name)")))
        }
        for agent in agents { _ = try agent.receive() }
        if configuration.asksNameServer {
            let server = try NameServer(names, processes: agents.map(\.process))
            nameServer.withLock { $0 = server }
        }
    }

    // MARK: Processes

    public func start(_ node: Node, _ launch: Launch) throws(ClusterError) {
        let beginnings = logs(of: node).map { LogTail.length($0) }
        let answer = try agent(of: node).ask(.start(whole(launch), folder: node.dataDirectory))
        if case .endedAtOnce(let status, let signal) = answer {
            let last = lastOutput(of: node, lines: 5, from: beginnings)
            throw ClusterError("start", node: node.name, Lab.endedAtOnce(launch, status, signal, last))
        }
    }

    func ask(_ node: Node, _ request: NodeRequest) throws(ClusterError) -> NodeAnswer {
        try agent(of: node).ask(request)
    }

    func controlGroupPlaces(of node: Node) -> ControlGroups.Places { controlGroups.places(of: node.name) }

    var stateWithoutAnswer: NodeState { .exited(status: nil, signal: nil) }

    /// The last lines that the node's program wrote to its standard error, or, where that is empty, to its standard
    /// output, over all its starts.
    public func lastOutput(of node: Node, lines: Int) -> [String] {
        lastOutput(of: node, lines: lines, from: [0, 0])
    }

    public func outputFiles(of node: Node) -> [String] { logs(of: node) }

    private func logs(of node: Node) -> [String] {
        ["stderr", "stdout"].map { "\(configuration.folder)/\(node.name)/\($0).log" }
    }

    private func lastOutput(of node: Node, lines: Int, from beginnings: [Int]) -> [String] {
        for (log, beginning) in zip(logs(of: node), beginnings) {
            let last = LogTail.lines(log, count: lines, from: beginning)
            if !last.isEmpty { return last }
        }
        return []
    }

    func agent(of node: Node) throws(ClusterError) -> AgentHandle {
        guard agents.indices.contains(node.index), nodes[node.index] == node else {
            throw ClusterError("reach", node: node.name, "the lab has no such node")
        }
        return agents[node.index]
    }

    static func endedAtOnce(
        _ launch: Launch, _ status: Int32?, _ signal: Int32?, _ last: [String]
    ) -> String {
        let how = signal.map { "was ended by signal \($0)" } ?? "exited with status \(status ?? 0)"
        let output = last.isEmpty ? "it wrote nothing" : "its last lines: " + last.joined(separator: " | ")
        return "\(launch.command.first ?? "") \(how) at once; \(output)"
    }

    /// With the controller's own environment where the launch says nothing else.
    func whole(_ launch: Launch) -> Launch {
        var whole = launch
        whole.environment = Lab.inheritedEnvironment().merging(launch.environment) { _, new in new }
        return whole
    }

    /// The controller's own, without what says that a process is the controller.
    private static func inheritedEnvironment() -> [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        result[LabWorld.variable] = nil
        result[Sweeper.variable] = nil
        return result
    }

    // MARK: End

    public func tearDown() {
        Lab.end(agents)
        nameServer.withLock { $0?.shutDown() }
        controlGroups.remove()
        ethernet.shutDown()
    }

    private static func end(_ agents: [AgentHandle]) {
        for agent in agents { agent.beginEnd() }
        for agent in agents { agent.join() }
    }
}
