import CLinux
import Glibc
import PolygraphSSH
import Synchronization

/// Nodes on hosts, one on each, which are reached by SSH, docker or kubectl. A helper on every host does what is to be
/// done there; when it hears nothing of this controller for as long as its lease, it undoes everything.
public final class HostTransport: AgentTransport {
    public let name = "hosts"
    public let nodes: [Node]
    let configuration: HostsConfiguration
    let handles: [HostHandle]
    /// As clients leave this machine for the nodes, and as the hosts see the controller.
    let controllerAddresses: [String]
    private let folder: String
    private let keepsFolders: Bool
    /// What `HostTransport.heal` needs when this controller is gone.
    public let record: HostsRecord
    private let pulse: HostPulse
    private let end = Mutex(End())

    private struct End {
        var isOver = false
        var warnings: [String] = []
    }

    /// Connects to all hosts at once, and puts there what is needed.
    /// - Parameters:
    ///   - run: names the run on the hosts: letters, digits and hyphens.
    ///   - folder: where logs of the nodes are put on this machine.
    ///   - keepsFolders: whether the nodes' folders stay on the hosts at the end.
    /// - Throws: `ClusterError` that names every host that cannot be used, with step and remedy.
    public init(
        _ configuration: HostsConfiguration, run: String, folder: String, keepsFolders: Bool = false
    ) throws(ClusterError) {
        self.configuration = configuration
        self.folder = folder
        self.keepsFolders = keepsFolders
        let remotes = try HostTransport.remotes(configuration)
        let names = remotes.indices.map { "n\($0 + 1)" }
        let preparations = zip(names, remotes).map { node, remote in
            HostPreparation(configuration: configuration, run: run, node: node, remote: remote)
        }
        do throws(ClusterError) {
            let prepared = try HostTransport.onAll(preparations) { preparation throws(ClusterError) in
                do throws(RemoteError) {
                    return try preparation.prepare()
                } catch {
                    throw ClusterError("prepare", node: preparation.node, error.message)
                }
            }
            let addresses = try HostTransport.addresses(configuration, prepared, names)
            nodes = names.indices.map { index in
                Node(
                    index: index, name: names[index], address: addresses[index],
                    dataDirectory: prepared[index].folder.data, program: prepared[index].helper)
            }
            handles = names.indices.map { index in
                let preparation = preparations[index]
                let it = prepared[index]
                return HostHandle(
                    node: names[index], remote: remotes[index], folder: it.folder, helper: it.helper,
                    lease: configuration.lease
                ) { () throws(RemoteError) in
                    _ = try preparation.prepareHelper()
                }
            }
            controllerAddresses = Set(
                prepared.compactMap { $0.line?.controller } + addresses.compactMap { LocalAddress.towards($0) }
            ).sorted()
            let ends =
                nodes.map { (endpoint: Endpoint.node($0.index), addresses: [$0.address]) }
                + [(endpoint: Endpoint.controller, addresses: controllerAddresses)]
            let nodes = nodes
            try HostTransport.forAll(handles) { handle throws(ClusterError) in
                let index = nodes.firstIndex { $0.name == handle.node }!
                let line = prepared[index].line
                try handle.setUp(
                    HostRequest.Setup(
                        node: handle.node, own: .node(index), ends: ends,
                        exempt: line.map { [HostEnds.Exemption(peer: $0.controller, port: $0.port)] } ?? [],
                        id: "\(run)_\(handle.node)", address: nodes[index].address))
            }
            record = HostsRecord(
                run: run, folder: configuration.folder,
                hosts: try HostTransport.measure(handles, prepared))
            try HostTransport.checkClocks(configuration, record)
            if configuration.clocks == .system {
                let ownOffset = lab_real_time() - lab_monotonic_time()
                for (handle, host) in zip(handles, record.hosts) {
                    handle.knowTrueTime(offset: ownOffset + host.clockOffset)
                }
            }
        } catch {
            HostTransport.giveUp(preparations)
            throw error
        }
        pulse = try HostPulse(handles, lease: configuration.lease)
    }

    deinit { tearDown() }

    // MARK: What agents are asked

    func ask(_ node: Node, _ request: NodeRequest) throws(ClusterError) -> NodeAnswer {
        let handle = try handle(of: node)
        if let (standing, isWanted) = request.standing {
            handle.keep(isWanted ? .agent(request.words) : nil, as: standing)
        }
        let words = try handle.ask(.agent(request.words))
        guard let answer = NodeAnswer(words: words) else { throw misunderstood(node) }
        return answer
    }

    /// Waits for no host that is away: it is asked ten times a second.
    public func state(of node: Node) -> NodeState {
        guard let words = try? handle(of: node).glance(.agent(NodeRequest.state.words)),
            case .state(let state)? = NodeAnswer(words: words)
        else { return stateWithoutAnswer }
        return state
    }

    /// As a service of the host would find it: the environment of who happens to log in is not the node's.
    private static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
    ]

    func whole(_ launch: Launch) -> Launch {
        var whole = launch
        whole.environment = HostTransport.environment.merging(launch.environment) { _, new in new }
        return whole
    }

    func controlGroupPlaces(of node: Node) throws(ClusterError) -> ControlGroups.Places {
        let words = try handle(of: node).ask(.groups)
        guard let places = ControlGroups.Places(words: Array(words.dropFirst())) else { throw misunderstood(node) }
        return places
    }

    var stateWithoutAnswer: NodeState { .unreachable }

    func handle(of node: Node) throws(ClusterError) -> HostHandle {
        guard handles.indices.contains(node.index), nodes[node.index] == node else {
            throw ClusterError("reach", node: node.name, "the cluster has no such node")
        }
        return handles[node.index]
    }

    // MARK: Programs

    public func start(_ node: Node, _ launch: Launch) throws(ClusterError) {
        let handle = try handle(of: node)
        let beginnings = try handle.ask(.outputLengths).dropFirst().map { Int($0) ?? 0 }
        let answer = try ask(node, .start(whole(launch), folder: node.dataDirectory))
        if case .endedAtOnce(let status, let signal) = answer {
            let last = (try? handle.ask(.tail(lines: 5, from: beginnings)))?.dropFirst() ?? []
            throw ClusterError(
                "start", node: node.name, Lab.endedAtOnce(launch, status, signal, Array(last)))
        }
    }

    public func lastOutput(of node: Node, lines: Int) -> [String] {
        guard let handle = try? handle(of: node), let said = try? handle.ask(.tail(lines: lines, from: [0, 0])) else {
            return []
        }
        return Array(said.dropFirst())
    }

    // MARK: End

    public func tearDown() {
        let isFirst = end.withLock { end in
            defer { end.isOver = true }
            return !end.isOver
        }
        guard isFirst else { return }
        pulse.stop()
        let endings = zip(nodes, handles).map { node, handle in
            HostEnding(
                handle: handle, configuration: configuration, target: "\(folder)/\(node.name)",
                keepsFolder: keepsFolders)
        }
        let said = OnThreads.run(endings) { $0.carryOut() }
        end.withLock { $0.warnings = said.flatMap { $0 } }
    }

    public var warnings: [String] {
        let restarted = handles.filter { $0.restarts > 0 }.map { handle in
            "the helper of \(handle.node) was started anew \(handle.restarts == 1 ? "once" : "\(handle.restarts) times"), "
                + "and its node with it: the host had been started again, or was out of reach for longer than the lease"
        }
        return restarted + end.withLock { $0.warnings }
    }
}

extension NodeRequest {
    /// What of it holds until it is replaced, and whether it holds from now on or no more.
    fileprivate var standing: (what: HostHandle.Standing, isWanted: Bool)? {
        switch self {
        case .start: (.program, true)
        case .kill, .process(.signal(_, ends: true)), .process(.start): (.program, false)
        case .setClock: (.clock, true)
        case .disk(let words): words.first == "supervise" ? (.supervision, true) : nil
        default: nil
        }
    }
}
