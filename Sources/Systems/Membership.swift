import PolygraphCluster

/// How the members of a cluster come and go.
public protocol Membership: Sendable {
    /// Whether a node that has left must have an empty data directory when it joins again.
    var needsEmptyData: Bool { get }
    /// Whether a node is started only after the cluster has been told that it joins.
    var startsAfterJoining: Bool { get }

    /// How a node that joins is started.
    func launch(_ node: Node, nodes: [Node]) -> Launch

    /// Asks one member to let a node join or leave; blocks until it answers.
    func change(
        _ change: MemberChange, of node: Node, asking member: Node, nodes: [Node], transport: any Transport
    ) -> ProbeAnswer

    /// The members as one node has them; nil where it cannot be asked or does not answer.
    func view(of node: Node, nodes: [Node]) -> MemberView?
}

/// A change of members.
public enum MemberChange: String, Hashable, Sendable { case join, leave }

/// What a node says of the cluster's members.
public struct MemberView: Hashable, Sendable {
    /// Indices of nodes.
    public var members: Set<Int>
    /// Whether no change is under way, as far as the node says.
    public var isSettled: Bool

    public init(members: Set<Int>, isSettled: Bool = true) {
        self.members = members
        self.isSettled = isSettled
    }
}
