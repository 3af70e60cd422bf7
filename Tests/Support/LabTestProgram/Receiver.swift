import CLinux
import Glibc

/// Receives numbered datagrams, and says what came of them: `received`, `distinct`, `overtaken` (later than one with a
/// higher number) and `damaged`, as numbers in one line.
enum Receiver {
    static let port: UInt16 = 7002
    /// Of a datagram: its number, and then bytes that follow from it.
    static let length = 256

    static func contents(_ number: UInt64) -> [UInt8] {
        var bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
        for index in 8..<length { bytes.append(UInt8(truncatingIfNeeded: number &* 31 &+ UInt64(index))) }
        return bytes
    }

    static func run() -> Never {
        let descriptor = Sockets.datagrams(port: port, blocking: false)
        var room: Int32 = 1 << 22
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(4))
        var seen: Set<UInt64> = []
        var (received, overtaken, damaged, highest) = (0, 0, 0, UInt64(0))
        var buffer = [UInt8](repeating: 0, count: 2048)
        Files.replace("ready", "yes")
        while true {
            while true {
                let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard count >= 8 else { break }
                let number = buffer.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
                received += 1
                if Array(buffer[..<count]) != contents(number) { damaged += 1 }
                if number < highest { overtaken += 1 }
                highest = max(highest, number)
                seen.insert(number)
            }
            Files.replace("datagrams", "\(received) \(seen.count) \(overtaken) \(damaged)")
            usleep(500)
        }
    }

    /// What a receiver has said last.
    struct Report: Equatable {
        var received = 0
        var distinct = 0
        var overtaken = 0
        var damaged = 0

        init(_ text: String) {
            let numbers = text.split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 4 else { return }
            (received, distinct, overtaken, damaged) = (numbers[0], numbers[1], numbers[2], numbers[3])
        }
    }

    /// Sends datagrams with the numbers `numbers`, slowly enough for any receiver.
    static func send(_ numbers: Range<UInt64>, to address: String, microseconds: UInt32 = 60) {
        let descriptor = Sockets.datagrams(port: 0, blocking: true)
        defer { close(descriptor) }
        let target = Sockets.address(address, port)
        for number in numbers {
            let bytes = contents(number)
            _ = Sockets.with(target) { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
            if number % 16 == 0 { usleep(16 * microseconds) }
        }
    }
}
