import CLinux
import PolygraphCluster
import PolygraphHistory
import PolygraphSystems
import Synchronization

/// Asks every node, again and again, whether it leads and whether it still runs; each node by a thread of its own, so
/// that a silent one delays nobody's answer.
final class NodeWatch: Sendable {
    private struct Claims {
        /// By node: since when (nanoseconds since the run began) it has said that it leads.
        var since: [Int: Int64] = [:]
        /// Every change of the newest leader: time and node.
        var changes: [(time: Int64, node: Int)] = []
        var ended: Set<Int> = []
        /// By node: since when it has been out of reach, and what came before.
        var awaySince: [Int: Int64] = [:]
        var absences: [Int: Absences] = [:]
        var warnings: [String] = []
    }

    /// How often a node could not be reached, and nanoseconds of it.
    private struct Absences {
        var count = 0
        var total: Int64 = 0
        var first: Int64
    }

    private let claims = Mutex(Claims())
    private let stopping = Atomic<Bool>(false)
    private let threads = Mutex<[Thread]>([])

    /// - Parameters:
    ///   - interval: nanoseconds between two questions to a node.
    ///   - post: takes events for the history.
    init(
        transport: any Transport, system: any System, origin: Int64, interval: Int64 = 100_000_000,
        post: @escaping @Sendable (Operation) -> Void
    ) {
        threads.withLock { threads in
            threads = transport.nodes.map { node in
                Thread { [self] in
                    while !stopping.load(ordering: .acquiring) {
                        look(at: node, transport, system, origin: origin, post)
                        clinux_sleep_ns(interval)
                    }
                }
            }
        }
    }

    /// The nodes that say that they lead, the newest claim first.
    var primaries: [Int] {
        claims.withLock { $0.since.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.map(\.key) }
    }

    /// Every change of the newest leader.
    var leaderChanges: [(time: Int64, node: Int)] { claims.withLock { $0.changes } }

    /// Nodes that ended although no fault wanted it, or that were out of reach, one sentence each.
    var warnings: [String] {
        claims.withLock { claims in
            claims.warnings
                + claims.absences.sorted { $0.key < $1.key }.map { node, absences in
                    let first = Quantity.describe(duration: absences.first)
                    let total = Quantity.describe(duration: absences.total)
                    let start = "n\(node + 1) could not be reached from \(first) on"
                    if claims.awaySince[node] != nil { return "\(start), until the end" }
                    return absences.count == 1
                        ? "\(start), for \(total)" : "\(start), \(absences.count) times, for \(total) together"
                }
        }
    }

    /// Ends the threads and waits for them.
    func stop() {
        stopping.store(true, ordering: .releasing)
        let running = threads.withLock { threads in
            let running = threads
            threads = []
            return running
        }
        for thread in running { thread.join() }
    }

    private func look(
        at node: Node, _ transport: any Transport, _ system: any System, origin: Int64,
        _ post: @Sendable (Operation) -> Void
    ) {
        let state = transport.state(of: node)
        let leads = if case .running = state { system.isPrimary(node, nodes: transport.nodes) } else { false }
        var hasEnded = false
        var end: NodeEnd?
        if case .exited(let status, let signal) = state {
            let cause = transport.endCause(of: node)
            // Where it has been started since, the cause is of another end, or of none.
            guard transport.state(of: node) == state else { return }
            hasEnded = true
            end = NodeEnd(cause, status: status, signal: signal)
        }
        let time = clinux_monotonic_ns() - origin
        let news: [Operation] = claims.withLock { claims in
            var news: [Operation] = []
            if leads, claims.since[node.index] == nil {
                claims.since[node.index] = time
                // A leader that was silent for a moment is no other leader.
                if claims.changes.last?.node != node.index { claims.changes.append((time, node.index)) }
                news.append(Self.event("primary", ["node": .string(node.name)]))
            } else if !leads {
                claims.since[node.index] = nil
            }
            if let event = Self.noteReach(of: node, state == .unreachable, time, &claims) { news.append(event) }
            // Nobody knows what becomes of a node that cannot be reached.
            if !hasEnded, state != .unreachable { claims.ended.remove(node.index) }
            if let end, claims.ended.insert(node.index).inserted {
                if let warning = end.warning {
                    claims.warnings.append("\(node.name) \(warning) at \(Quantity.describe(duration: time))")
                }
                news.append(Self.event("crash", ["node": .string(node.name), "how": .string(end.how)]))
            }
            return news
        }
        for operation in news { post(operation) }
    }

    /// - Returns: what has changed, if anything has.
    private static func noteReach(
        of node: Node, _ isAway: Bool, _ time: Int64, _ claims: inout Claims
    ) -> Operation? {
        guard isAway != (claims.awaySince[node.index] != nil) else { return nil }
        guard let since = claims.awaySince[node.index] else {
            claims.awaySince[node.index] = time
            claims.absences[node.index, default: Absences(first: time)].count += 1
            return event("unreachable", ["node": .string(node.name)])
        }
        claims.awaySince[node.index] = nil
        claims.absences[node.index]?.total += time - since
        return event("reachable", ["node": .string(node.name), "after_ns": .integer(time - since)])
    }

    private static func event(_ function: String, _ value: Value) -> Operation {
        Operation(index: 0, time: 0, process: .nemesis, kind: .info, function: function, value: value)
    }
}
