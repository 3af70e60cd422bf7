import PolygraphCluster
import PolygraphNemesis

/// What of the nodes' time the clock faults of a run do not reach, for its report.
enum ClockReachWarnings {
    /// - Returns: one sentence for each thing found, with the nodes that it is true of; nothing for a run without
    ///   clock faults.
    static func gather(_ schedule: Schedule, _ transport: any Transport) -> [String] {
        let kinds = Set(schedule.faults.map(\.function))
        guard kinds.contains(where: { FaultCatalog.kind(named: $0)?.description.group == .clocks }) else { return [] }
        return joined(transport.nodes.flatMap { transport.clockWarnings($0) })
    }

    /// - Parameter sentences: each begins with the name of a node and a colon.
    static func joined(_ sentences: [String]) -> [String] {
        var order: [String] = []
        var nodes: [String: [String]] = [:]
        for sentence in sentences {
            let parts = sentence.split(separator: ": ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            if nodes[parts[1]] == nil { order.append(parts[1]) }
            nodes[parts[1], default: []].append(parts[0])
        }
        return order.map { "\(nodes[$0, default: []].joined(separator: " ")): \($0)" }
    }
}
