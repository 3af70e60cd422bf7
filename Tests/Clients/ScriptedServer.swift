import Foundation
import Synchronization

/// A real server on a loopback address whose connections do what a test says, good or bad; each on a thread of its own.
final class ScriptedServer: Sendable {
    let host: String
    let port: UInt16
    private let listener: Int32
    private let record = Mutex<(requests: [String], connections: Int)>(([], 0))

    /// - Parameter script: what to do with a connection; it is counted from 0.
    init(host: String = "127.0.0.1", script: @escaping @Sendable (Int, Peer) -> Void) {
        self.host = host
        let isIPv6 = host.contains(":")
        listener = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        port = ScriptedServer.bindAndListen(listener, isIPv6: isIPv6, backlog: 64)
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 {
                    close(listener)
                    return
                }
                let number = self.record.withLock { record in
                    record.connections += 1
                    return record.connections - 1
                }
                Thread.detachNewThread { [self] in
                    let peer = Peer(descriptor) { request in self.record.withLock { $0.requests.append(request) } }
                    script(number, peer)
                    peer.close()
                }
            }
        }
    }

    /// Ends the listener and its thread. The thread closes the descriptor: closed here, its number could belong to
    /// the next server by the time the thread accepts from it again.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// What was received, whole requests only.
    var requests: [String] { record.withLock { $0.requests } }
    var connections: Int { record.withLock { $0.connections } }

    /// Gives a socket a free port.
    static func bindAndListen(_ listener: Int32, isIPv6: Bool, backlog: Int32) -> UInt16 {
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var v6 = sockaddr_in6()
        v6.sin6_family = sa_family_t(AF_INET6)
        v6.sin6_addr = in6addr_loopback
        func call(_ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) -> Int32 {
            var size = socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
            func on<Address>(_ address: inout Address) -> Int32 {
                withUnsafeMutablePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &size) }
                }
            }
            return isIPv6 ? on(&v6) : on(&v4)
        }
        precondition(call { bind(listener, $0, $1.pointee) } == 0, "cannot bind")
        precondition(listen(listener, backlog) == 0, "cannot listen")
        precondition(call { getsockname(listener, $0, $1) } == 0, "no port")
        return UInt16(bigEndian: isIPv6 ? v6.sin6_port : v4.sin_port)
    }
}

/// The server's side of one connection; used by one thread.
final class Peer {
    private var descriptor: Int32
    private let note: (String) -> Void

    init(_ descriptor: Int32, note: @escaping (String) -> Void) {
        self.descriptor = descriptor
        self.note = note
    }

    /// Reads one whole request; nil when the client has closed.
    func request() -> String? {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while !text.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
            text.append(byte)
        }
        let head = String(decoding: text, as: UTF8.self)
        if let range = head.range(of: "Content-Length: ") {
            let length = Int(head[range.upperBound...].prefix { $0.isNumber })!
            for _ in 0..<length {
                guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
                text.append(byte)
            }
        }
        let request = String(decoding: text, as: UTF8.self)
        note(request)
        return request
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// An answer with a body and its length.
    func answer(_ status: Int, _ body: String = "", more: String = "") {
        send("HTTP/1.1 \(status) Whatever\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)")
    }

    /// Waits until the client closes.
    func waitForEnd() {
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
    }

    /// Ends the connection with RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Passes everything on to another port of loopback and back, until so many bytes have come back.
    func relay(to port: UInt16, until limit: Int) {
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { Glibc.close(other) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return }
        var left = limit
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while left > 0 {
            var polled = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&polled, 2, -1)
            for (from, to) in [(0, 1), (1, 0)] where polled[from].revents != 0 {
                let count = recv(polled[from].fd, &buffer, from == 1 ? min(left, buffer.count) : buffer.count, 0)
                if count <= 0 { return }
                if from == 1 { left -= count }
                Glibc.send(polled[to].fd, buffer, count, Int32(MSG_NOSIGNAL))
            }
        }
    }
}
