import Glibc

/// The connection on which this node speaks to one member, dialled again whenever it is lost.
final class PeerLink {
    private enum State {
        case idle(retryAt: Nanoseconds)
        case connecting(Int32, giveUpAt: Nanoseconds)
        case connected(ByteChannel)
    }

    /// A member that takes so little is cut off; what is queued for it would be stale by the time it arrives.
    private static let maximumUnsent = 8 << 20
    private static let connectTimeout: Nanoseconds = 300_000_000
    private static let retryDelay: Nanoseconds = 50_000_000

    let peer: NodeID
    private let ownID: NodeID
    /// The address last heard of.
    private var address: sockaddr_in?
    /// Where the member is known by name. It may move, so it is looked up at every attempt to connect.
    private let lookup: NameLookup?
    private var state = State.idle(retryAt: 0)

    init(to member: RaftOptions.Member, ownID: NodeID, bugs: Set<RaftBug>) {
        peer = NodeID(member.id)
        self.ownID = ownID
        if let literal = Sockets.literal(member.host, port: member.peerPort) {
            address = literal
            lookup = nil
        } else if bugs.contains(.dnsOnce) {
            address = try? Sockets.resolve(member.host, port: member.peerPort)
            lookup = nil
        } else {
            lookup = NameLookup(host: member.host, port: member.peerPort)
            lookup?.start()
        }
    }

    deinit { if case .connecting(let descriptor, _) = state { close(descriptor) } }

    var isConnected: Bool { if case .connected = state { true } else { false } }

    /// What to wait for, if anything.
    var interest: (descriptor: Int32, events: Int32)? {
        switch state {
        case .idle: nil
        case .connecting(let descriptor, _): (descriptor, POLLOUT)
        case .connected(let channel): (channel.descriptor, channel.unsentCount > 0 ? POLLIN | POLLOUT : POLLIN)
        }
    }

    /// When `tick` has something to do.
    var nextDeadline: Nanoseconds {
        switch state {
        case .idle(let retryAt): retryAt
        case .connecting(_, let giveUpAt): giveUpAt
        case .connected: .max
        }
    }

    /// Dials, and gives up attempts that hang.
    func tick(_ now: Nanoseconds) {
        switch state {
        case .idle(let retryAt) where now >= retryAt:
            if let found = lookup?.take() { address = found }
            // For the next attempt: this one does not wait.
            lookup?.start()
            if let address, let descriptor = Sockets.connect(to: address) {
                state = .connecting(descriptor, giveUpAt: now + Self.connectTimeout)
            } else {
                state = .idle(retryAt: now + Self.retryDelay)
            }
        case .connecting(let descriptor, let giveUpAt) where now >= giveUpAt:
            close(descriptor)
            state = .idle(retryAt: now + Self.retryDelay)
        default: break
        }
    }

    /// Reacts to the socket. Returns true where a connection has just come up.
    func handle(_ events: Int32, _ now: Nanoseconds) -> Bool {
        switch state {
        case .idle: return false
        case .connecting(let descriptor, _):
            guard Sockets.hasConnected(descriptor), events & (POLLERR | POLLHUP) == 0 else {
                close(descriptor)
                state = .idle(retryAt: now + Self.retryDelay)
                return false
            }
            let channel = ByteChannel(descriptor: descriptor)
            channel.queue(PeerFrame.hello(from: ownID, to: peer).encoded)
            state = .connected(channel)
            return true
        case .connected(let channel):
            // The other end never speaks here; reading only tells when it is gone.
            if events & (POLLIN | POLLERR | POLLHUP) != 0, !channel.receive() { disconnect(now) }
            channel.consume(channel.unread.count)
            return false
        }
    }

    /// Queues a frame; what cannot be sent now is lost, as on any network.
    func send(_ frame: [UInt8], _ now: Nanoseconds) {
        guard case .connected(let channel) = state else { return }
        channel.queue(frame)
        if channel.unsentCount > Self.maximumUnsent { disconnect(now) }
    }

    func flush(_ now: Nanoseconds) {
        if case .connected(let channel) = state, channel.unsentCount > 0, !channel.flush() { disconnect(now) }
    }

    private func disconnect(_ now: Nanoseconds) { state = .idle(retryAt: now + Self.retryDelay) }
}
