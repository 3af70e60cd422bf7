import CLinux
import Glibc
import Synchronization

extension Lab {
    /// Nodes and controller.
    private var ends: [Endpoint] { nodes.map { Endpoint.node($0.index) } + [.controller] }

    private func port(_ end: Endpoint) -> Int? {
        switch end {
        case .node(let index): nodes.indices.contains(index) ? index : nil
        case .controller: nodes.count
        }
    }

    public func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 {
        try setLinks(Dictionary(uniqueKeysWithValues: cuts.map { ($0, .cut) }))
    }

    public func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64 {
        let start = lab_monotonic_time()
        var table: [(from: Int, to: Int, policy: LinkPolicy)] = []
        for (link, policy) in policies where !policy.isWhole {
            guard let from = port(link.from), let to = port(link.to), from != to else {
                throw ClusterError("change links", "the lab has no link from \(link.from) to \(link.to)")
            }
            table.append((from, to, policy))
        }
        try ethernet.setLinks(table)
        return lab_monotonic_time() - start
    }

    public func linkCounters() -> [LinkCounters] {
        ends.flatMap { from in
            ends.filter { $0 != from }.map { to in
                func count(_ counter: SwitchState.Counter) -> UInt64 {
                    ethernet.count(counter, from: port(from)!, to: port(to)!)
                }
                var counters = LinkCounters(
                    link: Link(from: from, to: to), forwardedFrames: count(.frames), forwardedBytes: count(.bytes),
                    cutFrames: count(.cut))
                counters.lostFrames = count(.lost)
                counters.queueDrops = count(.queueDrops)
                counters.duplicatedFrames = count(.duplicated)
                counters.corruptedFrames = count(.corrupted)
                counters.reorderedFrames = count(.reordered)
                counters.delayedFrames = count(.delayed)
                counters.delay = count(.delay)
                counters.resets = count(.resets)
                return counters
            }
        }
    }

    public func reachability(port: UInt16?, patience: Int64) throws(ClusterError) -> Reachability {
        let processes = agents.map(\.process) + [getpid()]
        let prober = try ReachabilityProbe(
            ends: ends, addresses: nodes.map(\.address) + [controllerAddress], processes: processes, port: port)
        defer { prober.close() }
        return prober.run(patience: patience)
    }

    public func setNames(_ faults: [NameFault]) throws(ClusterError) {
        try nameServer.withLock { server throws(ClusterError) in
            if let server {
                server.set(faults)
            } else if !faults.isEmpty {
                throw ClusterError(
                    "change the answers to questions for names",
                    "the nodes find names in their /etc/hosts; let them ask a name server with dns: true")
            }
        }
    }

    public func nameCounters() -> [NameCounters] {
        nameServer.withLock { $0?.counters() ?? [] }
    }

    public func notePackets(_ text: String) {
        ethernet.recorder?.note(text)
    }

    /// Frames in the recording, and frames that it lacks because they came too fast; nil where nothing is recorded.
    public func packetCounts() -> (recorded: Int, missed: Int)? {
        ethernet.recorder.map { ($0.recordedFrames, $0.missedFrames) }
    }
}
