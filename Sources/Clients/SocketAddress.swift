import Glibc

/// An IPv4 or IPv6 address with a port, ready for `connect`.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t = 0
    private(set) var family: Int32 = AF_UNSPEC

    /// An address that is written in digits; nil for a host name.
    init?(literal host: String, port: UInt16) {
        var v4 = sockaddr_in()
        var v6 = sockaddr_in6()
        if inet_pton(AF_INET, host, &v4.sin_addr) == 1 {
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            withUnsafeBytes(of: v4) { copy($0) }
        } else if inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 {
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            withUnsafeBytes(of: v6) { copy($0) }
        } else {
            return nil
        }
    }

    private init(_ info: addrinfo) {
        copy(UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
    }

    private mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: bytes) }
        length = socklen_t(bytes.count)
        family = Int32(storage.ss_family)
    }

    /// All addresses of a host: the one that is written in digits, or those that `/etc/hosts` and the resolver know.
    /// - Throws: `ClientError.definite` when there is none.
    static func resolve(_ host: String, port: UInt16) throws(ClientError) -> [SocketAddress] {
        if let literal = SocketAddress(literal: host, port: port) { return [literal] }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            throw .definite("cannot find host \(host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let info = next {
            addresses.append(SocketAddress(info.pointee))
            next = info.pointee.ai_next
        }
        return addresses
    }

    /// Starts to connect; 0 or -1 with `errno`, as the system call.
    func connect(_ descriptor: Int32) -> Int32 {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
        }
    }
}
