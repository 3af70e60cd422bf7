import PolygraphCluster

/// How one kind of database is started and asked. Every call may come from any thread but those of the cooperative
/// pool, from several at once, and blocks for a short time at most.
///
/// ```swift
/// struct MyStore: System {
///     let name = "my-store"
///     func launch(_ node: Node, nodes: [Node]) -> Launch {
///         Launch(command: ["/usr/bin/my-store", "--listen", "\(node.address):7000"])
///     }
///     func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer { .yes }
/// }
/// ```
public protocol System: Sendable {
    /// For reports: `my-store`.
    var name: String { get }

    /// How the node's process is started; the same after every kill.
    func launch(_ node: Node, nodes: [Node]) -> Launch

    /// Whether `isReady` says anything, or is only a guess.
    var knowsReadiness: Bool { get }

    /// Whether the node serves requests.
    func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer

    /// Whether the node itself says that it is the primary; false too when it does not answer or cannot be asked.
    func isPrimary(_ node: Node, nodes: [Node]) -> Bool

    /// How members come and go; nil where that is not known.
    var membership: (any Membership)? { get }
}

/// What a node answered to a question.
public enum ProbeAnswer: Hashable, Sendable {
    case yes
    /// What it said instead, or why it said nothing.
    case no(String)
}

extension System {
    public var knowsReadiness: Bool { true }

    public func isPrimary(_ node: Node, nodes: [Node]) -> Bool { false }

    public var membership: (any Membership)? { nil }

    /// Asks all nodes at the same time.
    /// - Returns: the indices of those that say that they are the primary: none, one, or more while they disagree.
    public func primaries(_ nodes: [Node]) -> [Int] {
        let answers = onThreads(nodes) { isPrimary($0, nodes: nodes) }
        return nodes.indices.filter { answers[$0] }.map { nodes[$0].index }
    }
}
