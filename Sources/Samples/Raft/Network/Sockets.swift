import Glibc

/// Non-blocking IPv4 TCP sockets.
enum Sockets {
    /// A peer whose kernel does not acknowledge for so long is taken for cut off. The connection is dropped, because
    /// after a cut TCP would wait ever longer between its attempts; a new one works as soon as the network does.
    static let acknowledgementTimeoutMilliseconds: Int32 = 700

    static func resolve(_ host: String, port: UInt16) throws(RaftError) -> sockaddr_in {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var results: UnsafeMutablePointer<addrinfo>?
        let error = getaddrinfo(host, nil, &hints, &results)
        guard error == 0, let first = results, let address = first.pointee.ai_addr else {
            throw RaftError("cannot resolve \(host): \(String(cString: gai_strerror(error)))")
        }
        defer { freeaddrinfo(results) }
        var found = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee }
        found.sin_port = port.bigEndian
        return found
    }

    /// The address, where it is written as one.
    static func literal(_ host: String, port: UInt16) -> sockaddr_in? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return inet_pton(AF_INET, host, &address.sin_addr) == 1 ? address : nil
    }

    /// Listens on the address, or on all of this machine's where the host is a name: what a name stands for may change.
    static func listen(on host: String, port: UInt16) throws(RaftError) -> Int32 {
        let descriptor = try create()
        set(SO_REUSEADDR, 1, of: descriptor)
        var address = literal(host, port: port) ?? literal("0.0.0.0", port: port) ?? sockaddr_in()
        let result = withPointer(to: &address) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        guard result == 0, Glibc.listen(descriptor, 511) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw RaftError("cannot listen on \(host):\(port): \(reason)")
        }
        return descriptor
    }

    /// Begins to connect; the socket becomes writable when it is done.
    static func connect(to address: sockaddr_in) -> Int32? {
        guard let descriptor = try? create() else { return nil }
        configure(descriptor)
        var address = address
        let result = withPointer(to: &address) {
            Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard result == 0 || errno == EINPROGRESS else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Whether a connection attempt has succeeded, once its socket is writable.
    static func hasConnected(_ descriptor: Int32) -> Bool {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0
    }

    static func accept(from listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        makeNonBlocking(descriptor)
        configure(descriptor)
        return descriptor
    }

    private static func create() throws(RaftError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else {
            throw RaftError("cannot create a socket: \(String(cString: strerror(errno)))")
        }
        makeNonBlocking(descriptor)
        return descriptor
    }

    private static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    private static func configure(_ descriptor: Int32) {
        set(TCP_NODELAY, 1, of: descriptor, level: Int32(IPPROTO_TCP))
        set(TCP_USER_TIMEOUT, acknowledgementTimeoutMilliseconds, of: descriptor, level: Int32(IPPROTO_TCP))
        // Finds the other end gone where nothing is being sent.
        set(SO_KEEPALIVE, 1, of: descriptor)
        set(TCP_KEEPIDLE, 5, of: descriptor, level: Int32(IPPROTO_TCP))
        set(TCP_KEEPINTVL, 2, of: descriptor, level: Int32(IPPROTO_TCP))
        set(TCP_KEEPCNT, 3, of: descriptor, level: Int32(IPPROTO_TCP))
    }

    private static func set(_ option: Int32, _ value: Int32, of descriptor: Int32, level: Int32 = SOL_SOCKET) {
        var value = value
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func withPointer<Result>(
        to address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>) -> Result
    ) -> Result {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }
}
