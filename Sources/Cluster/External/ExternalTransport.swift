/// Nodes that somebody else runs. They can be asked, and the clients' side of their links can be spoilt by a proxy in
/// this process; everything else is out of reach.
public final class ExternalTransport: Transport {
    public let name = "external"
    public let nodes: [Node]
    public let startsNodes = false
    private let proxy: LinkProxy?

    /// - Parameters:
    ///   - spoilsLinks: whether clients go through a proxy, so that their links can be cut and slowed.
    ///   - seed: of what the proxy draws.
    /// - Throws: `ClusterError` when the proxy cannot be started.
    public init(_ configuration: ExternalConfiguration, spoilsLinks: Bool, seed: UInt64) throws(ClusterError) {
        nodes = configuration.nodes
        proxy = spoilsLinks ? try LinkProxy(nodes: configuration.endpoints.count, seed: seed) : nil
    }

    // MARK: - Processes

    public func start(_ node: Node, _ launch: Launch) throws(ClusterError) { throw Self.unreachable("start", node) }
    public func kill(_ node: Node) throws(ClusterError) -> Int { throw Self.unreachable("kill", node) }
    public func pause(_ node: Node) throws(ClusterError) -> Int { throw Self.unreachable("pause", node) }
    public func resume(_ node: Node) throws(ClusterError) -> Int { throw Self.unreachable("resume", node) }

    /// Whoever runs it knows; here it counts as running, and the probes tell whether it answers.
    public func state(of node: Node) -> NodeState { .running(pids: []) }

    public func lastOutput(of node: Node, lines: Int) -> [String] { [] }

    public func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
        throw Self.unreachable("change the clock of", node)
    }

    private static func unreachable(_ step: String, _ node: Node) -> ClusterError {
        ClusterError(
            step, node: node.name,
            "of a cluster with `endpoints` only the addresses are known; a fault `hook` can run a command that does it")
    }

    // MARK: - Links

    public var spoilsNodeLinks: Bool { false }

    public func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 {
        try setLinks(Dictionary(uniqueKeysWithValues: cuts.map { ($0, .cut) }))
    }

    public func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64 {
        let step = "change links"
        for (link, policy) in policies where !policy.isWhole {
            guard link.from == .controller || link.to == .controller else {
                throw ClusterError(
                    step,
                    "the link from \(link.from) to \(link.to) is out of reach: from outside only the links "
                        + "between clients and nodes can be spoilt")
            }
            if let word = policy.stages.lazy.compactMap(\.effect.wordIfNotForStreams).first {
                throw ClusterError(step, "\(word) cannot be done to a TCP connection from outside: TCP hides it")
            }
        }
        guard let proxy else {
            if policies.values.allSatisfy(\.isWhole) { return 0 }
            throw ClusterError(step, "the clients of this run do not go through a proxy")
        }
        return try proxy.setPolicies(policies)
    }

    public func linkCounters() -> [LinkCounters] { proxy?.counters() ?? [] }

    /// Between clients and nodes, as far as this process can tell: whether a node itself hears is not found out.
    public func reachability(port: UInt16?, patience: Int64) throws(ClusterError) -> Reachability {
        guard let proxy else {
            throw ClusterError("measure who reaches whom", "the clients of this run do not go through a proxy")
        }
        return try proxy.reachability(port: port ?? 0, patience: patience, nodes: nodes.count)
    }

    public func admitsConnection(to node: Int, port: UInt16, by deadline: Int64) -> Bool {
        proxy?.admits(node, port: port, by: deadline) ?? true
    }

    public func adoptConnection(_ descriptor: Int32, to node: Int, port: UInt16) -> Int32? {
        guard let proxy else { return descriptor }
        return proxy.adopt(descriptor, node: node, port: port)
    }

    public func tearDown() { proxy?.stop() }
}

extension ExternalConfiguration {
    /// The endpoints as nodes of a cluster.
    public var nodes: [Node] {
        places.enumerated().map { index, endpoint in
            Node(
                index: index, name: "n\(index + 1)", address: endpoint.address, dataDirectory: "", port: endpoint.port)
        }
    }
}

extension LinkEffect {
    /// What it is called, where TCP would undo it before anybody notices.
    fileprivate var wordIfNotForStreams: String? {
        switch self {
        case .cut, .flap, .reset, .rate, .delay: nil
        case .loss, .burstLoss: "loss"
        case .corruption: "corruption"
        case .duplication: "duplication"
        case .reordering: "reordering"
        }
    }
}
