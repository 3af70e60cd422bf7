import CLinux
import Glibc
import Synchronization

/// Moves the bytes of all connections of a `LinkProxy`. Belongs to the proxy's thread.
struct LinkProxyLoop {
    private struct Connection {
        var client, node: Int32
        let index: Int
        let port: UInt16
        /// From the client to the node, and back.
        var flows = [ProxiedFlow(), ProxiedFlow()]
        var isOver = false

        func link(_ flow: Int) -> Link {
            flow == 0
                ? Link(from: .controller, to: .node(index)) : Link(from: .node(index), to: .controller)
        }
        func source(_ flow: Int) -> Int32 { flow == 0 ? client : node }
        func sink(_ flow: Int) -> Int32 { flow == 0 ? node : client }
    }

    private let proxy: LinkProxy
    private let wake: Int32
    private var policies: [Link: LinkPolicy] = [:]
    private var connections: [Connection] = []
    private var random: [Link: LinkRandom] = [:]
    /// By link: until when a limited rate keeps it busy.
    private var busyUntil: [Link: Int64] = [:]
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    /// Bytes of one flow that may wait; beyond them the sender is held up, as by a full window of TCP.
    private static let window = 1 << 20
    /// Nanoseconds between two looks at links that come and go by themselves.
    private static let interval: Int64 = 2_000_000

    init(_ proxy: LinkProxy, wake: Int32, nodes: Int, seed: UInt64) {
        self.proxy = proxy
        self.wake = wake
        for (number, link) in LinkProxy.links(nodes).enumerated() {
            random[link] = LinkRandom(seed: seed, link: number)
        }
    }

    mutating func run() {
        while takeNews() {
            let now = lab_monotonic_time()
            for position in connections.indices {
                for flow in 0...1 { advance(position, flow, now) }
                if connections[position].flows.allSatisfy(\.isEnded) { end(position, isReset: false) }
            }
            connections.removeAll(where: \.isOver)
            wait()
        }
        for position in connections.indices { end(position, isReset: true) }
    }

    /// Takes over new connections and policies.
    /// - Returns: false when everything is to end.
    private mutating func takeNews() -> Bool {
        clinux_wake_clear(wake)
        let (arrivals, next, goesOn) = proxy.shared.withLock { shared in
            let arrivals = shared.arrivals
            shared.arrivals = []
            let next = shared.adopted == shared.generation ? nil : shared.policies
            return (arrivals, next, !shared.isStopped)
        }
        for arrival in arrivals {
            connections.append(
                Connection(client: arrival.client, node: arrival.node, index: arrival.index, port: arrival.port))
        }
        if let next {
            let before = policies
            policies = next
            resetWhereTold(before)
            proxy.shared.withLock { shared in
                // What came meanwhile is for the next round.
                if shared.policies == next { shared.adopted = shared.generation }
            }
        }
        return goesOn
    }

    /// Resets the connections over links that now begin to reset them.
    private mutating func resetWhereTold(_ before: [Link: LinkPolicy]) {
        for position in connections.indices {
            for flow in 0...1 where !connections[position].isOver {
                let link = connections[position].link(flow)
                let old = before[link]?.stages ?? []
                let isNew = (policies[link]?.stages ?? []).contains { stage in
                    guard case .reset = stage.effect else { return false }
                    return stage.ports.contains(connections[position].port) && !old.contains(stage)
                }
                if isNew { reset(position, link) }
            }
        }
    }

    private mutating func reset(_ position: Int, _ link: Link) {
        count(link) { $0.resets += 1 }
        end(position, isReset: true)
    }

    /// Closes both ends of a connection.
    private mutating func end(_ position: Int, isReset: Bool) {
        if connections[position].isOver { return }
        for descriptor in [connections[position].client, connections[position].node] {
            if isReset {
                var option = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            }
            close(descriptor)
        }
        connections[position].isOver = true
    }

    private func count(_ link: Link, _ change: (inout LinkCounters) -> Void) {
        proxy.shared.withLock { shared in
            if var counters = shared.counters[link] {
                change(&counters)
                shared.counters[link] = counters
            }
        }
    }

    // MARK: - Bytes

    private func isCut(_ connection: Connection, _ flow: Int, _ now: Int64) -> Bool {
        policies[connection.link(flow)]?.isCut(port: connection.port, at: now) ?? false
    }

    private mutating func advance(_ position: Int, _ flow: Int, _ now: Int64) {
        if connections[position].isOver { return }
        let link = connections[position].link(flow)
        let isCut = isCut(connections[position], flow, now)
        let sink = connections[position].sink(flow)
        let progress = connections[position].flows[flow].advance(to: sink, now: now, isCut: isCut)
        if progress.bytes > 0 || progress.held > 0 {
            count(link) {
                $0.forwardedFrames += UInt64(progress.frames)
                $0.forwardedBytes += UInt64(progress.bytes)
                $0.cutFrames += UInt64(progress.held)
            }
        }
        if progress.isBroken { end(position, isReset: true) }
    }

    /// Reads what one end has sent.
    private mutating func receive(_ position: Int, _ flow: Int) {
        if connections[position].isOver || connections[position].flows[flow].end != nil { return }
        let count = recv(connections[position].source(flow), &buffer, buffer.count, 0)
        if count > 0 {
            take(Array(buffer[..<count]), position, flow)
        } else if count == 0 {
            connections[position].flows[flow].finish(.closed)
        } else if errno != EAGAIN, errno != EINTR {
            connections[position].flows[flow].finish(.reset)
        }
    }

    /// Leads bytes through the stages of their link.
    private mutating func take(_ bytes: [UInt8], _ position: Int, _ flow: Int) {
        let connection = connections[position]
        let link = connection.link(flow)
        let now = lab_monotonic_time()
        var due = now
        let stages = (policies[link]?.stages ?? []).filter { $0.ports.contains(connection.port) }
        for (number, stage) in stages.enumerated() {
            switch stage.effect {
            case .reset(let share):
                if random[link]?.hits(LinkRandom.threshold(share)) == true { return reset(position, link) }
            case .rate(let bytesPerSecond, _):
                let duration = Double(bytes.count) / Double(max(1, bytesPerSecond)) * 1e9
                due = max(due, busyUntil[link] ?? 0) + Int64(min(duration, 3.6e12))
                busyUntil[link] = due
            case .delay(let distribution, let correlation, _):
                let sampler = DelaySampler(distribution, correlation: correlation)
                while connections[position].flows[flow].memory.count <= number {
                    connections[position].flows[flow].memory.append(0)
                }
                var dice = random[link] ?? LinkRandom(seed: 0, link: 0)
                due += sampler.draw(&dice, memory: &connections[position].flows[flow].memory[number])
                random[link] = dice
            case .cut, .flap, .loss, .burstLoss, .corruption, .duplication, .reordering: break
            }
        }
        connections[position].flows[flow].append(bytes, due: due)
        let delay = due - now
        if delay > 0 {
            count(link) {
                $0.delayedFrames += 1
                $0.delay += UInt64(delay)
            }
        }
    }

    /// Bytes that may wait on a link.
    private func window(_ connection: Connection, _ flow: Int) -> Int {
        (policies[connection.link(flow)]?.stages ?? []).reduce(Self.window) { least, stage in
            guard case .rate(_, let queue) = stage.effect, stage.ports.contains(connection.port) else { return least }
            return min(least, Int(queue))
        }
    }

    // MARK: - Waiting

    /// Sleeps until there is something to do, and reads what has come.
    private mutating func wait() {
        var polled = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        let now = lab_monotonic_time()
        var next = Int64.max
        let flaps = policies.values.contains { policy in
            policy.stages.contains { if case .flap = $0.effect { true } else { false } }
        }
        if flaps, !connections.isEmpty { next = now + Self.interval }
        for connection in connections {
            for flow in 0...1 {
                // The source of this flow is the sink of the other.
                var events: Int32 = 0
                let other = connection.flows[1 - flow]
                if connection.flows[flow].end == nil,
                    connection.flows[flow].waitingBytes < window(connection, flow)
                {
                    events |= POLLIN
                }
                if other.isBlocked { events |= POLLOUT }
                let isCut = isCut(connection, flow, now)
                if let due = connection.flows[flow].nextDue(isCut: isCut) { next = min(next, due) }
                polled.append(
                    pollfd(fd: events == 0 ? -1 : connection.source(flow), events: Int16(events), revents: 0))
            }
        }
        let timeout = next == .max ? 3_600_000_000_000 : max(0, next - now)
        guard clinux_poll(&polled, UInt(polled.count), timeout) > 0 else { return }
        for position in connections.indices {
            for flow in 0...1 {
                let events = Int32(polled[1 + 2 * position + flow].revents)
                if events == 0 { continue }
                if events & (POLLOUT | POLLERR | POLLHUP) != 0 { connections[position].flows[1 - flow].unblock() }
                if events & (POLLIN | POLLERR | POLLHUP) != 0 { receive(position, flow) }
            }
        }
    }
}
