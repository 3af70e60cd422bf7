import CLinux
import PolygraphClients
import PolygraphCluster

extension System {
    /// Waits until every node serves requests, asking all of them again and again.
    /// - Parameters:
    ///   - within: nanoseconds from now.
    ///   - hasEnded: what to say of a node whose process has ended, nil while it runs; asked before every probe.
    /// - Throws: `ClusterError` with the node and its last answer when the time is over or its process has ended.
    public func waitUntilReady(
        _ nodes: [Node], within: Int64, hasEnded: (Node) -> String?
    ) throws(ClusterError) {
        let deadline = Deadline.after(nanoseconds: within)
        var waiting = nodes
        var pause: Int64 = 5_000_000
        while true {
            for node in waiting {
                if let message = hasEnded(node) {
                    throw ClusterError("start", node: node.name, message)
                }
            }
            let answers = onThreads(waiting) { isReady($0, nodes: nodes) }
            let late = zip(waiting, answers).filter { $0.1 != .yes }
            if late.isEmpty { return }
            waiting = late.map(\.0)
            if deadline.remaining <= 0 { throw notReady(late, nodes, within) }
            clinux_sleep_ns(min(pause, max(0, deadline.remaining)))
            // Quick at first, when nodes come up in milliseconds; then gently, not to be the load that delays them.
            pause = min(pause * 2, 100_000_000)
        }
    }

    private func notReady(_ late: [(Node, ProbeAnswer)], _ nodes: [Node], _ within: Int64) -> ClusterError {
        let (node, answer) = late[0]
        var last = ""
        if case .no(let words) = answer { last = words }
        let question = (self as? DeclaredSystem)?.ready.map { "`\($0.address(of: node, nodes: nodes))`" } ?? "the probe"
        let others =
            late.count == 1 ? "" : " (neither were \(late.dropFirst().map(\.0.name).joined(separator: ", ")))"
        return ClusterError(
            "start", node: node.name,
            "it was not ready within \(Double(within / 1_000_000) / 1_000) s\(others); last answer to \(question): "
                + last)
    }
}
