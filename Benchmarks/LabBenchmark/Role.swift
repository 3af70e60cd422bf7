import CLinux
import Glibc

/// What the benchmark's nodes do; results go to standard output, which is the node's log.
enum Role {
    static let port: UInt16 = 7000

    static func play(_ words: [String]) -> Never {
        switch words[0] {
        case "sink": sink()
        case "source": source(to: words[1], seconds: Double(words[2]) ?? 1)
        case "reflector": reflect()
        case "flood": flood(words[1], seconds: Double(words[2]) ?? 1)
        case "ping": ping(words[1], count: Int(words[2]) ?? 1)
        case "wait": while true { pause() }
        default: exit(254)
        }
    }

    static func address(_ text: String, _ port: UInt16 = Role.port) -> sockaddr_in {
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

    /// Swallows what one TCP connection after the other brings.
    private static func sink() -> Never {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        _ = with(address("0.0.0.0")) { bind(listener, $0, $1) }
        listen(listener, 8)
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let connection = accept(listener, nil, nil)
            while recv(connection, &buffer, buffer.count, 0) > 0 {}
            close(connection)
        }
    }

    /// Sends by TCP as fast as it goes, and prints the gigabits per second.
    private static func source(to target: String, seconds: Double) -> Never {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard with(address(target), { connect(connection, $0, $1) }) == 0 else { exit(1) }
        let buffer = [UInt8](repeating: 1, count: 1 << 17)
        let start = lab_monotonic_time()
        var total = 0
        while Double(lab_monotonic_time() - start) < seconds * 1e9 {
            let count = send(connection, buffer, buffer.count, 0)
            if count <= 0 { exit(1) }
            total += count
        }
        print(Double(total) * 8 / Double(lab_monotonic_time() - start))
        exit(0)
    }

    /// Sends datagrams as fast as it goes.
    private static func flood(_ target: String, seconds: Double) -> Never {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        _ = with(address(target)) { connect(descriptor, $0, $1) }
        let buffer = [UInt8](repeating: 1, count: 64)
        let start = lab_monotonic_time()
        while Double(lab_monotonic_time() - start) < seconds * 1e9 {
            for _ in 0..<64 { _ = send(descriptor, buffer, buffer.count, 0) }
        }
        exit(0)
    }

    /// Sends every datagram back.
    private static func reflect() -> Never {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        _ = with(address("0.0.0.0")) { bind(descriptor, $0, $1) }
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            var sender = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &sender) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &buffer, buffer.count, 0, $0, &size)
                }
            }
            _ = with(sender) { sendto(descriptor, buffer, count, 0, $0, $1) }
        }
    }

    /// Nanoseconds of `count` round trips, in order of length.
    static func roundTrips(_ target: String, count: Int) -> [Int64] {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        _ = with(address(target)) { connect(descriptor, $0, $1) }
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var times: [Int64] = []
        var buffer = [UInt8](repeating: 7, count: 64)
        for _ in 0..<count {
            let start = lab_monotonic_time()
            send(descriptor, buffer, buffer.count, 0)
            if recv(descriptor, &buffer, buffer.count, 0) > 0 { times.append(lab_monotonic_time() - start) }
        }
        return times.sorted()
    }

    private static func ping(_ target: String, count: Int) -> Never {
        let times = roundTrips(target, count: count)
        print(times.map { String($0) }.joined(separator: " "))
        exit(0)
    }
}
