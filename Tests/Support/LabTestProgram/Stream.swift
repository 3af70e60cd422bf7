import CLinux
import Glibc

/// Connections whose bytes are known, so that every wrong one is noticed.
enum Stream {
    /// Sends back what comes over TCP, and writes down how its last connection ended.
    static func echo() -> Never {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        precondition(Sockets.with(Sockets.address("0.0.0.0", Role.serverPort)) { bind(listener, $0, $1) } == 0)
        listen(listener, 64)
        Files.replace("ready", "yes")
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            Files.replace("connection", "open")
            while true {
                let count = recv(connection, &buffer, buffer.count, 0)
                if count <= 0 {
                    Files.replace("connection", count == 0 ? "closed" : String(cString: strerror(errno)))
                    break
                }
                var sent = 0
                while sent < count {
                    let now = buffer.withUnsafeBytes { Glibc.send(connection, $0.baseAddress! + sent, count - sent, 0) }
                    if now <= 0 { break }
                    sent += now
                }
            }
            close(connection)
        }
    }

    /// A connection, or nil with the errno in `failure`.
    static func connect(_ address: String, _ failure: inout Int32) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if Sockets.with(Sockets.address(address, Role.serverPort), { Glibc.connect(descriptor, $0, $1) }) == 0 {
            return descriptor
        }
        failure = errno
        close(descriptor)
        return nil
    }

    /// Sends `count` blocks and reads them back, one after the other.
    /// - Returns: whether all came back as they were.
    static func exchange(_ descriptor: Int32, blocks count: Int, size: Int = 8192) -> Bool {
        for block in 0..<count {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ block &* 13 &+ $0 >> 8) }
            guard Glibc.send(descriptor, bytes, size, 0) == size else { return false }
            var back = [UInt8](repeating: 0, count: size)
            var filled = 0
            while filled < size {
                let now = back.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + filled, size - filled, 0) }
                if now <= 0 { return false }
                filled += now
            }
            if back != bytes { return false }
        }
        return true
    }
}
