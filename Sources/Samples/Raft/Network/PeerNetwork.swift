import Glibc

/// The connections among the members: one to speak and one to listen for each of them.
final class PeerNetwork {
    private struct Incoming {
        let channel: ByteChannel
        var peer: NodeID?
        /// Whom the peer believes to speak to.
        var addressee: NodeID?
    }

    private let ownID: NodeID
    private let bugs: Set<RaftBug>
    private let listener: Int32
    private var links: [PeerLink] = []
    private var incoming: [Int32: Incoming] = [:]

    init(options: RaftOptions, own: RaftOptions.Member) throws(RaftError) {
        ownID = NodeID(options.id)
        bugs = options.bugs
        listener = try Sockets.listen(on: own.host, port: own.peerPort)
        for member in options.members where member.id != options.id {
            links.append(PeerLink(to: member, ownID: ownID, bugs: bugs))
        }
    }

    deinit { close(listener) }

    var nextDeadline: Nanoseconds { links.map(\.nextDeadline).min() ?? .max }

    func isConnected(to peer: NodeID) -> Bool { links.contains { $0.peer == peer && $0.isConnected } }

    func send(_ frame: PeerFrame, to peer: NodeID, _ now: Nanoseconds) {
        links.first { $0.peer == peer }?.send(frame.encoded, now)
    }

    func tick(_ now: Nanoseconds) { for link in links { link.tick(now) } }

    func flush(_ now: Nanoseconds) { for link in links { link.flush(now) } }

    // MARK: Events

    func addInterests(to set: inout PollSet) {
        set.add(listener, POLLIN, .peerListener)
        for (position, link) in links.enumerated() {
            if let (descriptor, events) = link.interest { set.add(descriptor, events, .peerLink(position)) }
        }
        for descriptor in incoming.keys { set.add(descriptor, POLLIN, .peerIncoming(descriptor)) }
    }

    func acceptConnections() {
        while let descriptor = Sockets.accept(from: listener) {
            // Members need one each; a few more may be left over from before a reconnection.
            if incoming.count > 4 * links.count + 16 { incoming.removeAll() }
            incoming[descriptor] = Incoming(channel: ByteChannel(descriptor: descriptor))
        }
    }

    /// Returns the member to which a new connection has come up.
    func handleLink(_ position: Int, _ events: Int32, _ now: Nanoseconds) -> NodeID? {
        links[position].handle(events, now) ? links[position].peer : nil
    }

    /// Hands over the frames that have arrived, each with the member that sent it.
    func handleIncoming(_ descriptor: Int32, _ take: (PeerFrame, NodeID) -> Void) {
        guard let channel = incoming[descriptor]?.channel else { return }
        let isOpen = channel.receive()
        do throws(DecodingFailure) {
            while let (frame, size) = try PeerFrame.parse(channel.unread) {
                channel.consume(size)
                try dispatch(frame, from: descriptor, take)
            }
        } catch {
            incoming[descriptor] = nil
            return
        }
        if !isOpen { incoming[descriptor] = nil }
    }

    private func dispatch(
        _ frame: PeerFrame, from descriptor: Int32, _ take: (PeerFrame, NodeID) -> Void
    ) throws(DecodingFailure) {
        // With `dns-once`, who is found where a member should be is that member, and says so.
        let isCredulous = bugs.contains(.dnsOnce)
        if case .hello(let peer, let addressee) = frame {
            guard links.contains(where: { $0.peer == peer }), addressee == ownID || isCredulous else {
                throw DecodingFailure()
            }
            // A member that connects again has given up its earlier connection, whether or not we heard of it.
            for (other, connection) in incoming
            where connection.peer == peer && connection.addressee == addressee && other != descriptor {
                incoming[other] = nil
            }
            incoming[descriptor]?.peer = peer
            incoming[descriptor]?.addressee = addressee
            return
        }
        guard let peer = incoming[descriptor]?.peer else { throw DecodingFailure() }
        if case .raft(let envelope) = frame, !isCredulous {
            guard envelope.from == peer, envelope.to == ownID else { throw DecodingFailure() }
        }
        take(frame, peer)
    }
}
