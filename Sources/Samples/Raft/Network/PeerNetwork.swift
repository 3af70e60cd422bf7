import Glibc

/// The connections among the members: one to speak and one to listen for each of them.
final class PeerNetwork {
    private struct Incoming {
        let channel: ByteChannel
        var peer: NodeID?
    }

    private let ownID: NodeID
    private let listener: Int32
    private var links: [PeerLink] = []
    private var incoming: [Int32: Incoming] = [:]

    init(options: RaftOptions, own: RaftOptions.Member) throws(RaftError) {
        ownID = NodeID(options.id)
        listener = try Sockets.listen(on: own.host, port: own.peerPort)
        for member in options.members where member.id != options.id {
            let address = try Sockets.resolve(member.host, port: member.peerPort)
            links.append(PeerLink(peer: NodeID(member.id), ownID: ownID, address: address))
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
        if case .hello(let peer) = frame {
            guard links.contains(where: { $0.peer == peer }) else { throw DecodingFailure() }
            // A member that connects again has given up its earlier connection, whether or not we heard of it.
            for (other, connection) in incoming where connection.peer == peer && other != descriptor {
                incoming[other] = nil
            }
            incoming[descriptor]?.peer = peer
            return
        }
        guard let peer = incoming[descriptor]?.peer else { throw DecodingFailure() }
        if case .raft(let envelope) = frame {
            guard envelope.from == peer, envelope.to == ownID else { throw DecodingFailure() }
        }
        take(frame, peer)
    }
}
