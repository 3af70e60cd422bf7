import Glibc

/// The HTTP connections of clients: keep-alive, one request at a time each.
final class ClientConnections {
    /// One request's connection; it answers at most once.
    struct Ticket: Equatable, Hashable {
        fileprivate var descriptor: Int32
        fileprivate var number: UInt64
    }

    private struct Connection {
        let channel: ByteChannel
        /// The request that is being answered.
        var current: UInt64?
        var keepsConnection = true
        var closesWhenSent = false
        var lastActivity: Nanoseconds
    }

    private static let maximumConnections = 1024
    private static let idleTimeout: Nanoseconds = 120_000_000_000
    private static let maximumUnread = HTTPRequest.maximumHeaderSize + HTTPRequest.maximumBodySize

    private let listener: Int32
    private var connections: [Int32: Connection] = [:]
    private var lastNumber: UInt64 = 0

    init(own: RaftOptions.Member) throws(RaftError) {
        listener = try Sockets.listen(on: own.host, port: own.clientPort)
    }

    deinit { close(listener) }

    func addInterests(to set: inout PollSet) {
        set.add(listener, POLLIN, .clientListener)
        for (descriptor, connection) in connections {
            // A client that sends faster than it is answered has to wait.
            var events = connection.channel.unread.count < Self.maximumUnread ? POLLIN : 0
            if connection.channel.unsentCount > 0 { events |= POLLOUT }
            set.add(descriptor, events, .client(descriptor))
        }
    }

    func acceptConnections(_ now: Nanoseconds) {
        while let descriptor = Sockets.accept(from: listener) {
            if connections.count >= Self.maximumConnections { closeIdlest() }
            connections[descriptor] = Connection(channel: ByteChannel(descriptor: descriptor), lastActivity: now)
        }
    }

    /// Takes what has arrived on a connection and hands over its next request.
    func handle(_ descriptor: Int32, _ now: Nanoseconds, _ take: (HTTPRequest, Ticket) -> Void) {
        guard let channel = connections[descriptor]?.channel else { return }
        connections[descriptor]?.lastActivity = now
        guard channel.receive() else {
            connections[descriptor] = nil
            return
        }
        takeNext(descriptor, take)
    }

    /// Sends the answer, and hands over the request that has come in behind, if any.
    func respond(_ ticket: Ticket, _ response: HTTPResponse, _ take: (HTTPRequest, Ticket) -> Void) {
        guard let connection = connections[ticket.descriptor], connection.current == ticket.number else { return }
        connection.channel.queue(response.encoded(keepsConnection: connection.keepsConnection))
        connections[ticket.descriptor]?.current = nil
        connections[ticket.descriptor]?.closesWhenSent = !connection.keepsConnection
        flush(ticket.descriptor)
        takeNext(ticket.descriptor, take)
    }

    func flushAll() {
        for (descriptor, connection) in connections where connection.channel.unsentCount > 0 { flush(descriptor) }
    }

    func closeIdle(_ now: Nanoseconds) {
        for (descriptor, connection) in connections
        where connection.current == nil && now - connection.lastActivity > Self.idleTimeout {
            connections[descriptor] = nil
        }
    }

    private func takeNext(_ descriptor: Int32, _ take: (HTTPRequest, Ticket) -> Void) {
        guard let connection = connections[descriptor], connection.current == nil, !connection.closesWhenSent,
            !connection.channel.unread.isEmpty
        else { return }
        switch HTTPRequest.parse(connection.channel.unread) {
        case .incomplete: break
        case .request(let request, let size):
            connection.channel.consume(size)
            lastNumber += 1
            connections[descriptor]?.current = lastNumber
            connections[descriptor]?.keepsConnection = request.keepsConnection
            take(request, Ticket(descriptor: descriptor, number: lastNumber))
        case .bad(let status, let reason):
            // Where the next request begins cannot be known.
            let response = HTTPResponse.error(status, reason, definite: true)
            connection.channel.queue(response.encoded(keepsConnection: false))
            connections[descriptor]?.closesWhenSent = true
            flush(descriptor)
        }
    }

    private func flush(_ descriptor: Int32) {
        guard let connection = connections[descriptor] else { return }
        let isOpen = connection.channel.flush()
        if !isOpen || (connection.closesWhenSent && connection.channel.unsentCount == 0) {
            if isOpen { shutdown(descriptor, Int32(SHUT_WR)) }
            connections[descriptor] = nil
        }
    }

    private func closeIdlest() {
        guard let idlest = connections.min(by: { $0.value.lastActivity < $1.value.lastActivity }) else { return }
        connections[idlest.key] = nil
    }
}
