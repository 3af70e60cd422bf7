import Glibc

/// How a step on a socket ended, when it did not succeed.
enum SocketFailure: Error {
    /// The deadline passed.
    case timedOut
    /// The other side closed its end.
    case closed
    /// The system call's error number.
    case failed(Int32)
    /// TLS failed; where `isRefusal` is true the server has not read a request on this connection.
    case insecure(String, isRefusal: Bool)

    /// A few words for a message; `nil` for a timeout, which the caller describes better.
    var words: String {
        switch self {
        case .timedOut: "timed out"
        case .closed: "the server closed the connection"
        case .failed(let number): String(cString: strerror(number))
        case .insecure(let message, _): message
        }
    }
}

/// A TCP connection: blocking calls with deadlines on a non-blocking descriptor.
final class TCPSocket {
    private let descriptor: Int32
    /// Whether somebody else closes it.
    private var isGivenAway = false

    /// - Parameter descriptor: connected and non-blocking; closed with the socket.
    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { if !isGivenAway { Glibc.close(descriptor) } }

    /// Leaves the connection to somebody else; nothing else may be called any more.
    func giveAway() -> Int32 {
        isGivenAway = true
        return descriptor
    }

    /// Connects to the first of the addresses that answers.
    static func connect(to addresses: [SocketAddress], by deadline: Deadline) throws(SocketFailure) -> TCPSocket {
        var last = SocketFailure.failed(EADDRNOTAVAIL)
        for address in addresses {
            do throws(SocketFailure) { return try connect(to: address, by: deadline) } catch { last = error }
        }
        throw last
    }

    private static func connect(to address: SocketAddress, by deadline: Deadline) throws(SocketFailure) -> TCPSocket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw .failed(errno) }
        let connection = TCPSocket(adopting: descriptor)
        connection.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        if address.connect(descriptor) != 0 {
            guard errno == EINPROGRESS || errno == EINTR else { throw .failed(errno) }
            try connection.wait(for: POLLOUT, by: deadline)
            var number: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size)
            guard number == 0 else { throw .failed(number) }
        }
        return connection
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func wait(for events: Int32, by deadline: Deadline) throws(SocketFailure) {
        var waiting = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let ready = poll(&waiting, 1, deadline.pollTimeout)
            if ready > 0 { return }
            if ready == 0 {
                if deadline.remaining <= 0 { throw .timedOut }
            } else if errno != EINTR {
                throw .failed(errno)
            }
        }
    }

    /// Whether there is anything to read, the end of the stream and errors included. Never waits.
    var hasNews: Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) != 0
    }

    /// Hands bytes to the kernel until all are taken.
    /// - Parameter sent: how many the kernel has taken, also when this throws.
    func send(_ bytes: [UInt8], sent: inout Int, by deadline: Deadline) throws(SocketFailure) {
        while sent < bytes.count {
            let start = sent
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + start, $0.count - start, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, by: deadline)
            } else if errno != EINTR {
                throw .failed(errno)
            }
        }
    }

    /// Waits for bytes and reads what there is.
    /// - Returns: how many; 0 at the end of the stream.
    func receive(into buffer: UnsafeMutableRawBufferPointer, by deadline: Deadline) throws(SocketFailure) -> Int {
        while true {
            try wait(for: POLLIN, by: deadline)
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            if errno != EAGAIN, errno != EINTR { throw .failed(errno) }
        }
    }
}
