import Glibc

/// A server on loopback, one thread, that answers each request of each connection with the same text.
struct AnsweringServer {
    let port: UInt16

    init() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, size) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, pointer, &size) == 0
            }
        }
        guard isListening else { fatalError("cannot listen on loopback: \(String(cString: strerror(errno)))") }
        port = UInt16(bigEndian: address.sin_port)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                AnsweringServer.serve(Int32(Int(bitPattern: argument)))
                return nil
            }, UnsafeMutableRawPointer(bitPattern: Int(listener)))
    }

    private static func serve(_ listener: Int32) {
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"value\":1}".utf8)
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            // A client that waits for each answer never has two requests in one packet.
            while recv(descriptor, &buffer, buffer.count, 0) > 0 {
                send(descriptor, answer, answer.count, Int32(MSG_NOSIGNAL))
            }
            close(descriptor)
        }
    }
}
