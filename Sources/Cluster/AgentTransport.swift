/// A transport with an agent beside every node, wherever the node is: what can be asked of an agent is asked in one way.
protocol AgentTransport: Transport {
    /// Asks the node's agent. May be called from several threads.
    func ask(_ node: Node, _ request: NodeRequest) throws(ClusterError) -> NodeAnswer
    /// The launch with the environment that the node's agent does not have itself.
    func whole(_ launch: Launch) -> Launch
    /// The control groups that limit the node's processes, made where they do not exist.
    func controlGroupPlaces(of node: Node) throws(ClusterError) -> ControlGroups.Places
    /// What the state of a node is when its agent does not answer.
    var stateWithoutAnswer: NodeState { get }
}

extension AgentTransport {
    func misunderstood(_ node: Node) -> ClusterError {
        ClusterError("understand", node: node.name, "its agent gives a wrong answer")
    }

    func count(_ request: NodeRequest, _ node: Node) throws(ClusterError) -> Int {
        guard case .count(let count) = try ask(node, request) else { throw misunderstood(node) }
        return count
    }

    public func kill(_ node: Node) throws(ClusterError) -> Int { try count(.kill, node) }

    public func pause(_ node: Node) throws(ClusterError) -> Int { try count(.pause, node) }

    public func resume(_ node: Node) throws(ClusterError) -> Int { try count(.resume, node) }

    public func state(of node: Node) -> NodeState {
        guard let answer = try? ask(node, .state), case .state(let state) = answer else { return stateWithoutAnswer }
        return state
    }
}
