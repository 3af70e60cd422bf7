import Glibc

/// Addresses as this machine sees them.
enum LocalAddress {
    /// The digits of a host's first address; nil where it has none.
    static func numeric(_ host: String) -> String? {
        first(of: host).flatMap { address, length in text(address, length) }
    }

    /// Which of its own addresses this machine would send from; nil where there is no way.
    static func towards(_ host: String) -> String? {
        guard let (target, length) = first(of: host) else { return nil }
        let descriptor = socket(Int32(target.ss_family), Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Nothing is sent: a datagram socket only looks for the way.
        guard with(target, { connect(descriptor, $0, length) }) == 0 else { return nil }
        var own = sockaddr_storage()
        var ownLength = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &own) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &ownLength) }
        }
        return code == 0 ? text(own, ownLength) : nil
    }

    private static func first(of host: String) -> (sockaddr_storage, socklen_t)? {
        guard !host.isEmpty else { return nil }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "9", &hints, &list) == 0, let list else { return nil }
        defer { freeaddrinfo(list) }
        var address = sockaddr_storage()
        let length = list.pointee.ai_addrlen
        withUnsafeMutableBytes(of: &address) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: list.pointee.ai_addr, count: Int(length)))
        }
        return (address, length)
    }

    private static func text(_ address: sockaddr_storage, _ length: socklen_t) -> String? {
        var room = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = with(address) {
            getnameinfo($0, length, &room, socklen_t(room.count), nil, 0, NI_NUMERICHOST)
        }
        guard code == 0 else { return nil }
        return String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func with<Result>(
        _ address: sockaddr_storage, _ body: (UnsafePointer<sockaddr>) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) } }
    }
}
