import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// Which faults hold which nodes down or stopped. A node comes back when the last of them has ended.
public final class ProcessBoard {
    private let transport: any Transport
    private let system: any System
    /// Numbers of faults, by node.
    private var downBy: [Int: Set<Int>] = [:]
    private var stoppedBy: [Int: Set<Int>] = [:]

    init(_ transport: any Transport, _ system: any System) {
        self.transport = transport
        self.system = system
    }

    /// Nodes that some fault holds down or stopped.
    public var away: Set<Int> {
        Set(downBy.filter { !$0.value.isEmpty }.keys).union(stoppedBy.filter { !$0.value.isEmpty }.keys)
    }

    /// Ends the node's processes; it stays down until `raise`.
    /// - Returns: how many processes there were.
    public func down(_ node: Int, for fault: Int) throws(ClusterError) -> Int {
        downBy[node, default: []].insert(fault)
        // A stop ends with the processes that it held.
        stoppedBy[node] = []
        return try transport.kill(transport.nodes[node])
    }

    /// Asks the node's program to end, and ends it after `grace` nanoseconds; it stays down until `raise`.
    public func terminate(_ node: Int, grace: Int64, for fault: Int) throws(ClusterError) -> Termination {
        downBy[node, default: []].insert(fault)
        let end = try transport.terminate(transport.nodes[node], grace: grace)
        stoppedBy[node] = []
        return end
    }

    /// Says that a node is about to end by a fault's doing, other than by `down`.
    public func willFall(_ node: Int, for fault: Int) { downBy[node, default: []].insert(fault) }

    /// Gives a node back that `down` took.
    public func release(_ node: Int, from fault: Int) { downBy[node]?.remove(fault) }

    /// Whether a fault holds the node down.
    public func isHeldDown(_ node: Int) -> Bool { !downBy[node, default: []].isEmpty }

    /// Starts a node that no fault holds down any more; one that runs is left alone.
    /// - Returns: whether it was started, and facts.
    public func raise(_ node: Int, clocks: ClockBoard) throws(ClusterError) -> (started: Bool, facts: Value) {
        if isHeldDown(node) { return (false, "another fault still holds it down") }
        if case .running(let pids) = transport.state(of: transport.nodes[node]) {
            return (true, ["processes": .integer(Int64(pids.count))])
        }
        stoppedBy[node] = []
        try transport.start(transport.nodes[node], system.launch(transport.nodes[node], nodes: transport.nodes))
        var facts: [String: Value] = [:]
        var started = false
        if case .running(let pids) = transport.state(of: transport.nodes[node]) {
            facts["processes"] = .integer(Int64(pids.count))
            started = true
        }
        if let offset = try clocks.renew(node) { facts["measured_offset"] = .integer(offset) }
        return (started, .object(facts))
    }

    /// Stops the node's processes.
    /// - Returns: how many there are; nil when none runs.
    public func stop(_ node: Int, for fault: Int) throws(ClusterError) -> Int? {
        stoppedBy[node, default: []].insert(fault)
        guard transport.isUp(transport.nodes[node]) else { return nil }
        return try transport.pause(transport.nodes[node])
    }

    /// Lets a node go on that no other fault stops.
    public func resume(_ node: Int, from fault: Int) throws(ClusterError) -> Value {
        stoppedBy[node]?.remove(fault)
        guard stoppedBy[node, default: []].isEmpty else { return "another fault still stops it" }
        guard transport.isUp(transport.nodes[node]) else { return "is not running" }
        return ["processes_resumed": .integer(Int64(try transport.resume(transport.nodes[node])))]
    }
}
