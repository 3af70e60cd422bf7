import CLinux
import Glibc
import Synchronization

/// Stands between the clients and the nodes of a cluster that somebody else runs, and does to their links what the
/// lab's switch does to frames: holds bytes back while a link is cut, delays and slows them, and resets connections.
///
/// It knows TCP connections, not frames. A cut is silence: what is sent meanwhile waits, as in the kernel behind a
/// firewall that drops everything, and arrives when the link is whole again. Nothing is ever lost, changed or doubled:
/// TCP would hide that from both ends. One thread moves all bytes; connections are made by those who use them.
final class LinkProxy: Sendable {
    /// A connection that the loop is to take over.
    struct Arrival {
        /// Towards the client, and towards the node; non-blocking.
        var client, node: Int32
        var index: Int
        /// Of the node.
        var port: UInt16
    }

    struct Shared {
        var policies: [Link: LinkPolicy] = [:]
        /// Rises with every change of the policies.
        var generation = 0
        /// The generation that the loop goes by.
        var adopted = 0
        var arrivals: [Arrival] = []
        var counters: [Link: LinkCounters] = [:]
        var isStopped = false
    }

    let shared: Mutex<Shared>
    /// An event counter that wakes the loop.
    private let wake: Int32
    private let thread = Mutex<NativeThread?>(nil)
    private let seed: UInt64
    private let nodes: Int
    /// Draws the delays of connections that are being made.
    private let dice: Mutex<LinkRandom>

    /// How often somebody who waits for a way looks again, in nanoseconds.
    private static let interval: Int64 = 2_000_000

    /// Starts its thread.
    /// - Parameter nodes: how many there are.
    init(nodes: Int, seed: UInt64) throws(ClusterError) {
        wake = clinux_wake_new()
        guard wake >= 0 else { throw ClusterError("start the proxy of the links", errorText(-wake)) }
        self.nodes = nodes
        self.seed = seed
        dice = Mutex(LinkRandom(seed: seed, link: 2 * nodes))
        var shared = Shared()
        for link in Self.links(nodes) {
            shared.counters[link] = LinkCounters(link: link, forwardedFrames: 0, forwardedBytes: 0, cutFrames: 0)
        }
        self.shared = Mutex(shared)
        let started = try NativeThread { [self, wake] in
            var loop = LinkProxyLoop(self, wake: wake, nodes: nodes, seed: seed)
            loop.run()
        }
        thread.withLock { $0 = started }
    }

    deinit { close(wake) }

    /// All links that it can spoil.
    static func links(_ nodes: Int) -> [Link] {
        (0..<nodes).flatMap {
            [Link(from: .controller, to: .node($0)), Link(from: .node($0), to: .controller)]
        }
    }

    // MARK: - Policies

    /// Replaces the policies of all links, and waits until the loop goes by them.
    /// - Returns: nanoseconds that the change took.
    func setPolicies(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64 {
        let begin = lab_monotonic_time()
        let generation = shared.withLock { shared in
            shared.policies = policies
            shared.generation += 1
            return shared.generation
        }
        signal()
        while !shared.withLock({ $0.adopted >= generation || $0.isStopped }) {
            guard lab_monotonic_time() - begin < 5_000_000_000 else {
                throw ClusterError("change the links to the clients", "the proxy's thread did not answer within 5 s")
            }
            clinux_sleep_ns(20_000)
        }
        return lab_monotonic_time() - begin
    }

    /// What every link has done so far.
    func counters() -> [LinkCounters] {
        shared.withLock { shared in Self.links(nodes).compactMap { shared.counters[$0] } }
    }

    // MARK: - Connections

    /// Waits until a connection to a node can be made: while a link is cut in either direction none can, and a delay
    /// holds up its handshake.
    /// - Parameter deadline: nanoseconds of `CLOCK_MONOTONIC`.
    /// - Returns: false when there was no way until the deadline.
    func admits(_ node: Int, port: UInt16, by deadline: Int64) -> Bool {
        let ways = [Link(from: .controller, to: .node(node)), Link(from: .node(node), to: .controller)]
        var isCounted = false
        while true {
            let now = lab_monotonic_time()
            let policies = shared.withLock { shared in ways.map { shared.policies[$0] ?? .whole } }
            guard let cut = policies.firstIndex(where: { $0.isCut(port: port, at: now) }) else {
                let delay = dice.withLock { dice in policies.reduce(0) { $0 + $1.delay(port: port, &dice) } }
                guard now + delay <= deadline else { break }
                if delay > 0 { clinux_sleep_ns(delay) }
                return true
            }
            if !isCounted {
                // The request for a connection, or the answer to it, is what a cut swallows first.
                shared.withLock { $0.counters[ways[cut]]?.cutFrames += 1 }
                isCounted = true
            }
            if now >= deadline { return false }
            clinux_sleep_ns(min(Self.interval, deadline - now))
        }
        clinux_sleep_ns(max(0, deadline - lab_monotonic_time()))
        return false
    }

    /// Takes over a connection to a node.
    /// - Parameter descriptor: connected and non-blocking; closed by the proxy, whatever happens.
    /// - Returns: a connected, non-blocking descriptor for the client to use in its place; nil where there is none.
    func adopt(_ descriptor: Int32, node: Int, port: UInt16) -> Int32? {
        guard let pair = LoopbackPair.make() else {
            close(descriptor)
            return nil
        }
        let isTaken = shared.withLock { shared in
            if shared.isStopped { return false }
            shared.arrivals.append(Arrival(client: pair.proxy, node: descriptor, index: node, port: port))
            return true
        }
        guard isTaken else {
            for end in [pair.proxy, pair.client, descriptor] { close(end) }
            return nil
        }
        signal()
        return pair.client
    }

    private func signal() { clinux_wake_set(wake) }

    /// Ends the thread and all connections. Harmless when called again.
    func stop() {
        shared.withLock { $0.isStopped = true }
        signal()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }
}

extension LinkPolicy {
    /// Whether nothing passes for this port.
    func isCut(port: UInt16, at now: Int64) -> Bool {
        stages.contains { stage in
            guard stage.ports.contains(port) else { return false }
            switch stage.effect {
            case .cut: return true
            case .flap(let period, let up, let phase):
                let position = (now - phase) % max(1, period)
                return Double(position) >= up * Double(period)
            default: return false
            }
        }
    }

    /// Nanoseconds that something small is delayed.
    func delay(port: UInt16, _ random: inout LinkRandom) -> Int64 {
        var sum: Int64 = 0
        for stage in stages where stage.ports.contains(port) {
            guard case .delay(let distribution, _, _) = stage.effect else { continue }
            var memory = 0.0
            sum += DelaySampler(distribution, correlation: 0).draw(&random, memory: &memory)
        }
        return sum
    }
}

extension PortSet {
    func contains(_ port: UInt16) -> Bool { ranges?.contains { $0.contains(port) } ?? true }
}
