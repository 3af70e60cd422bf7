import Glibc

/// A kept-alive HTTP/1.1 connection to one server, for one thread.
///
/// What matters here is not speed but honesty: of every failure it is known whether the request can have reached the
/// server. Before its first byte was handed to the kernel it certainly has not; afterwards nobody can say.
public final class HTTPConnection {
    /// A name, or an address in digits.
    public let host: String
    public let port: UInt16
    public let isSecure: Bool
    private let access: HTTPAccess
    private let route: ConnectionRoute?
    /// Bytes sent and received so far, encryption not counted.
    private(set) var traffic = 0

    private var socket: TCPSocket?
    private var tls: TLSSession?
    private var addresses: [SocketAddress] = []
    private var parser = HTTPResponseParser()
    private let received = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)

    /// - Parameters:
    ///   - isSecure: whether TLS is spoken, as `access` says.
    ///   - route: who stands between; nil: nobody.
    public init(
        host: String, port: UInt16, isSecure: Bool = false, access: HTTPAccess = .open, route: ConnectionRoute? = nil
    ) {
        self.host = host
        self.port = port
        self.isSecure = isSecure
        self.access = access
        self.route = route
    }

    deinit { received.deallocate() }

    /// Closes the connection; the next exchange opens a new one.
    public func close() {
        if let tls, let socket { tls.sayFarewell(socket) }
        tls = nil
        socket = nil
    }

    /// How an attempt failed, and what may be done about it.
    private enum Failure: Error {
        /// Not one byte of the request was handed to the kernel.
        case notSent(String)
        /// The connection ended before the first byte of an answer.
        case unanswered(String)
        case other(String)
    }

    /// Sends a request and waits for the answer. A kept-alive connection that turns out to be closed is replaced once,
    /// where that cannot make the request happen twice.
    /// - Parameters:
    ///   - request: the whole request, header and body.
    ///   - changesNothing: whether the request may be sent twice, and counts as not having happened when it fails.
    ///   - expectsNoBody: whether it is a HEAD request.
    /// - Throws: `ClientError.definite` when the request certainly was not sent or changes nothing.
    public func exchange(
        _ request: [UInt8], changesNothing: Bool, expectsNoBody: Bool = false, deadline: Deadline
    ) throws(ClientError) -> HTTPResponse {
        while true {
            let isReused = try open(by: deadline)
            do throws(Failure) {
                return try attempt(request, expectsNoBody, isReused, deadline)
            } catch {
                close()
                // A connection is reused at most once in this loop: after `close` the next one is new.
                switch error {
                case .notSent where isReused: continue
                case .unanswered where isReused && changesNothing: continue
                case .notSent(let message): throw .definite(message)
                case .unanswered(let message), .other(let message):
                    throw changesNothing ? .definite(message) : .indeterminate(message)
                }
            }
        }
    }

    /// Makes sure that there is a connection.
    /// - Returns: whether it is one that has served before.
    private func open(by deadline: Deadline) throws(ClientError) -> Bool {
        // Between two requests a server has nothing to say: news can only be its farewell.
        if let socket, !(tls?.hasNews(socket) ?? socket.hasNews) { return true }
        close()
        if addresses.isEmpty { addresses = try SocketAddress.resolve(host, port: port) }
        do throws(SocketFailure) {
            let fresh = try connect(by: deadline)
            if isSecure {
                guard let context = access.tls, let session = TLSSession(context, host: host) else {
                    throw .insecure("TLS is not prepared", isRefusal: true)
                }
                try session.handshake(over: fresh, by: deadline)
                tls = session
            }
            socket = fresh
        } catch {
            throw .definite("cannot connect to \(host):\(port): \(error.words)")
        }
        return false
    }

    private func connect(by deadline: Deadline) throws(SocketFailure) -> TCPSocket {
        guard let route else { return try TCPSocket.connect(to: addresses, by: deadline) }
        guard route.admits(port, deadline.nanoseconds) else { throw .timedOut }
        let direct = try TCPSocket.connect(to: addresses, by: deadline)
        guard let descriptor = route.adopts(direct.giveAway(), port) else { throw .failed(EMFILE) }
        return TCPSocket(adopting: descriptor)
    }

    private func send(_ request: [UInt8], sent: inout Int, by deadline: Deadline) throws(SocketFailure) {
        traffic += request.count
        guard let tls else { return try socket!.send(request, sent: &sent, by: deadline) }
        try tls.send(request, sent: &sent, over: socket!, by: deadline)
    }

    private func receive(by deadline: Deadline) throws(SocketFailure) -> Int {
        let count =
            if let tls {
                try tls.receive(into: received, over: socket!, by: deadline)
            } else {
                try socket!.receive(into: received, by: deadline)
            }
        traffic += count
        return count
    }

    private func attempt(
        _ request: [UInt8], _ expectsNoBody: Bool, _ isReused: Bool, _ deadline: Deadline
    ) throws(Failure) -> HTTPResponse {
        parser.begin(expectsNoBody: expectsNoBody)
        var sent = 0
        do throws(SocketFailure) {
            try send(request, sent: &sent, by: deadline)
        } catch {
            let message = "cannot send the request to \(host):\(port): \(error.words)"
            throw sent == 0 ? .notSent(message) : .other(message)
        }
        while true {
            var count = 0
            do throws(SocketFailure) {
                count = try receive(by: deadline)
                if count == 0, parser.isUntouched { throw SocketFailure.closed }
            } catch {
                if case .timedOut = error { throw .other("no complete answer from \(host):\(port) in time") }
                // In TLS 1.3 a server may refuse a client after its request has left, and has not read it then.
                if !isReused, parser.isUntouched, case .insecure(let message, isRefusal: true) = error {
                    throw .notSent("cannot connect to \(host):\(port): \(message)")
                }
                throw lost(error, isReused)
            }
            do throws(HTTPFormatError) {
                let response =
                    count == 0
                    ? try parser.end() : try parser.feed(UnsafeRawBufferPointer(rebasing: received[..<count]))
                guard let response else { continue }
                if response.closes { close() }
                return response
            } catch {
                throw .other("malformed answer from \(host):\(port): \(error.message)")
            }
        }
    }

    private func lost(_ failure: SocketFailure, _ isReused: Bool) -> Failure {
        // Some servers look at a client's certificate after the handshake, and say nothing.
        let isTurnedAway = isSecure && !isReused && parser.isUntouched
        let message =
            "lost the connection to \(host):\(port) before the answer: \(failure.words)"
            + (isTurnedAway
                ? ", right after the TLS handshake; perhaps it does not want this client's certificate" : "")
        return parser.isUntouched ? .unanswered(message) : .other(message)
    }
}
