import Glibc

/// A little of IPv4.
enum Sockets {
    static func address(_ text: String, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return address
    }

    static func with<Result>(
        _ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// A datagram socket on a port of all addresses.
    static func datagrams(port: UInt16, blocking: Bool) -> Int32 {
        let type = Int32(SOCK_DGRAM.rawValue) | (blocking ? 0 : Int32(SOCK_NONBLOCK.rawValue))
        let descriptor = socket(AF_INET, type, 0)
        precondition(with(address("0.0.0.0", port)) { bind(descriptor, $0, $1) } == 0, "bind: \(errno)")
        return descriptor
    }

    /// The last number of the sender's address, of the next datagram; nil where there is none.
    static func receiveSender(_ descriptor: Int32) -> Int? {
        var sender = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var buffer = (UInt64(0), UInt64(0))
        let count = withUnsafeMutablePointer(to: &sender) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &buffer, 16, 0, $0, &size) }
        }
        return count < 0 ? nil : Int(sender.sin_addr.s_addr >> 24)
    }

    static func send(_ descriptor: Int32, to target: sockaddr_in) {
        var payload: UInt64 = 1
        _ = with(target) { sendto(descriptor, &payload, 8, Int32(MSG_DONTWAIT), $0, $1) }
    }

    /// Whether a TCP connection comes about within `milliseconds`.
    static func connects(to target: sockaddr_in, milliseconds: Int32) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        defer { close(descriptor) }
        if with(target, { connect(descriptor, $0, $1) }) == 0 { return true }
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&polled, 1, milliseconds) == 1 else { return false }
        var code: Int32 = -1
        var size = socklen_t(4)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0
    }
}
