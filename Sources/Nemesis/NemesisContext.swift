import CLinux
import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// What faults work with: the cluster, and one board for each thing that several faults may demand at once.
public final class NemesisContext {
    public let transport: any Transport
    public let system: any System
    /// Nanoseconds since the run began.
    public let now: () -> Int64
    /// Indices of the nodes that say at this moment that they lead.
    public let primaries: () -> [Int]

    /// Which links are spoilt, and how.
    public let links: LinkBoard
    /// Which names do not resolve.
    public let nameService: NameBoard
    /// Which nodes are down or stopped.
    public let processes: ProcessBoard
    /// Which clocks are wrong.
    public let clocks: ClockBoard
    /// How much of the machine nodes get.
    public let resources: ResourceBoard
    /// Who is a member.
    public let members: MembershipBoard
    /// Which system calls are disturbed, and which nodes damaged.
    public let disks: DiskBoard

    public init(
        transport: any Transport, system: any System, now: @escaping () -> Int64,
        primaries: @escaping () -> [Int]
    ) {
        self.transport = transport
        self.system = system
        self.now = now
        self.primaries = primaries
        links = LinkBoard(transport)
        nameService = NameBoard(transport)
        processes = ProcessBoard(transport, system)
        clocks = ClockBoard(transport, now)
        resources = ResourceBoard(transport)
        members = MembershipBoard(
            transport, system.membership, now: now, primaries: primaries, pause: { clinux_sleep_ns($0) })
        disks = DiskBoard(transport)
    }

    public var nodes: [Node] { transport.nodes }

    public var names: [String] { transport.nodes.map(\.name) }

    /// `n1 n3`
    public func names(_ nodes: [Int]) -> String { nodes.map { names[$0] }.joined(separator: " ") }

    /// Whether the node has processes, stopped or not.
    public func isUp(_ node: Int) -> Bool { transport.isUp(nodes[node]) }

    /// Waits until a condition holds, looking every 2 ms.
    /// - Parameter limit: nanoseconds.
    public func wait(atMost limit: Int64, until holds: () -> Bool) {
        let deadline = now() + limit
        while !holds(), now() < deadline { clinux_sleep_ns(2_000_000) }
    }

    /// Does something to each node, goes on where one fails, and gathers the facts under the nodes' names.
    public func each(
        _ targets: [Int], _ body: (_ node: Int) throws(ClusterError) -> Value?
    ) -> FaultProof {
        var proof = FaultProof()
        for node in targets {
            do throws(ClusterError) {
                if let facts = try body(node) { proof.facts[names[node]] = facts }
            } catch {
                proof.facts[names[node]] = .string(error.description)
                proof.failures.append(error)
            }
        }
        return proof
    }
}

extension Transport {
    func isUp(_ node: Node) -> Bool {
        switch state(of: node) {
        case .running, .paused: true
        case .notStarted, .exited, .unreachable: false
        }
    }
}
