import PolygraphCluster

/// What all network faults in force demand of the links together: policies for the same link stand one behind the other.
public final class LinkBoard {
    private let transport: any Transport
    /// By number of the fault.
    private var policies: [Int: [Link: LinkPolicy]] = [:]

    init(_ transport: any Transport) { self.transport = transport }

    /// Cuts these links as well, all at once.
    /// - Returns: nanoseconds that the change took.
    public func cut(_ links: Set<Link>, for fault: Int) throws(ClusterError) -> Int64 {
        try spoil(Dictionary(uniqueKeysWithValues: links.map { ($0, .cut) }), for: fault)
    }

    /// Spoils these links as well, all at once.
    /// - Returns: nanoseconds that the change took.
    public func spoil(_ links: [Link: LinkPolicy], for fault: Int) throws(ClusterError) -> Int64 {
        policies[fault] = links
        return try apply()
    }

    /// Gives back what a fault has spoilt, but for what others spoil too.
    public func release(_ fault: Int) throws(ClusterError) -> Int64 {
        policies[fault] = nil
        return try apply()
    }

    /// Frames that cuts have swallowed on these links since the lab began.
    public func cutFrames(_ links: Set<Link>) -> UInt64 {
        counters(links).reduce(0) { $0 + $1.cutFrames }
    }

    /// What these links have done since the lab began.
    func counters(_ links: Set<Link>) -> [LinkCounters] {
        transport.linkCounters().filter { links.contains($0.link) }
    }

    /// What these links have done since they had done `before`.
    func counters(_ links: Set<Link>, since before: [LinkCounters]) -> [LinkCounters] {
        let earlier = Dictionary(uniqueKeysWithValues: before.map { ($0.link, $0) })
        return counters(links).map { now in earlier[now.link].map { now.since($0) } ?? now }
    }

    private func apply() throws(ClusterError) -> Int64 {
        var all: [Link: LinkPolicy] = [:]
        // In the order of the faults, so that equal demands make equal tables.
        for fault in policies.keys.sorted() {
            all.merge(policies[fault] ?? [:]) { $0.combined(with: $1) }
        }
        return try transport.setLinks(all)
    }
}
