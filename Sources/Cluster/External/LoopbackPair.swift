import Glibc

/// Two ends of a TCP connection on loopback: unlike a pair of local sockets, one end can reset the other.
enum LoopbackPair {
    /// - Returns: two connected, non-blocking descriptors, closed by an exec; nil where there are none to be had.
    static func make() -> (client: Int32, proxy: Int32)? {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let listener = socket(AF_INET, kind, 0)
        guard listener >= 0 else { return nil }
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        guard call(&address, { bind(listener, $0, $1.pointee) }) == 0, listen(listener, 1) == 0,
            call(&address, { getsockname(listener, $0, $1) }) == 0
        else { return nil }
        let client = socket(AF_INET, kind, 0)
        guard client >= 0 else { return nil }
        var own = sockaddr_in()
        guard call(&address, { connect(client, $0, $1.pointee) }) == 0,
            call(&own, { getsockname(client, $0, $1) }) == 0
        else {
            close(client)
            return nil
        }
        // Whoever else found the port in this moment is sent away.
        while true {
            var peer = sockaddr_in()
            let proxy = call(&peer) { accept(listener, $0, $1) }
            if proxy < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard proxy >= 0 else {
                close(client)
                return nil
            }
            if peer.sin_port == own.sin_port, peer.sin_addr.s_addr == own.sin_addr.s_addr {
                for descriptor in [client, proxy] { prepare(descriptor) }
                return (client, proxy)
            }
            close(proxy)
        }
    }

    private static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    private static func call(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Int32 {
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &size) }
        }
    }
}
