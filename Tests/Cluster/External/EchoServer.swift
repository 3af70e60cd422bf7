import Foundation
import Glibc
import Synchronization

/// A server on loopback that sends back whatever it gets, each connection on a thread of its own, and remembers how
/// connections ended.
final class EchoServer: Sendable {
    let port: UInt16
    private let listener: Int32
    /// Bytes received, and how connections ended: 0, or an errno.
    private let record = Mutex<(received: [UInt8], ends: [Int32])>(([], []))

    init() {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = Self.loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(descriptor, pointer, size) == 0 && listen(descriptor, 64) == 0)
                precondition(getsockname(descriptor, pointer, &size) == 0)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                Thread.detachNewThread { [self] in serve(descriptor) }
            }
            close(listener)
        }
    }

    private func serve(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            let code = errno
            if count <= 0 {
                record.withLock { $0.ends.append(count == 0 ? 0 : code) }
                close(descriptor)
                return
            }
            record.withLock { $0.received += buffer[..<count] }
            var sent = 0
            while sent < count {
                let part = buffer.withUnsafeBytes {
                    send(descriptor, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL))
                }
                if part <= 0 { break }
                sent += part
            }
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    var received: String { String(decoding: record.withLock { $0.received }, as: UTF8.self) }
    var receivedCount: Int { record.withLock { $0.received.count } }
    var ends: [Int32] { record.withLock { $0.ends } }

    static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return address
    }
}

/// The client's side of a connection; reads wait for so long and no longer.
final class TestStream {
    let descriptor: Int32

    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Connects to loopback.
    /// - Returns: a connected, non-blocking descriptor.
    static func connect(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = EchoServer.loopback(port)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(code == 0)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    @discardableResult
    func write(_ text: String) -> Int { send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// What comes next: a text, an empty one at the end of the stream, an errno, or nothing in time.
    enum Arrival: Equatable {
        case text(String), end, failed(Int32), nothing
    }

    func read(within milliseconds: Int32) -> Arrival {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, milliseconds) > 0 else { return .nothing }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 { return .failed(errno) }
        return count == 0 ? .end : .text(String(decoding: buffer[..<count], as: UTF8.self))
    }
}
