import PolygraphCluster

/// What all network faults in force demand of the links together.
public final class LinkBoard {
    private let transport: any Transport
    /// By number of the fault.
    private var cuts: [Int: Set<Link>] = [:]

    init(_ transport: any Transport) { self.transport = transport }

    /// Cuts these links as well, all at once.
    /// - Returns: nanoseconds that the change took.
    public func cut(_ links: Set<Link>, for fault: Int) throws(ClusterError) -> Int64 {
        cuts[fault] = links
        return try apply()
    }

    /// Gives back what a fault has cut, but for what others cut too.
    public func release(_ fault: Int) throws(ClusterError) -> Int64 {
        cuts[fault] = nil
        return try apply()
    }

    /// Frames that cuts have swallowed on these links since the lab began.
    public func cutFrames(_ links: Set<Link>) -> UInt64 {
        transport.linkCounters().reduce(0) { links.contains($1.link) ? $0 + $1.cutFrames : $0 }
    }

    private func apply() throws(ClusterError) -> Int64 {
        try transport.setCuts(cuts.values.reduce(into: []) { $0.formUnion($1) })
    }
}
