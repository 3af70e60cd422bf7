import Glibc

/// A connected socket with what has arrived and what has yet to leave. Closes the socket when it goes away.
final class ByteChannel {
    let descriptor: Int32
    /// Bytes received and not yet consumed.
    private(set) var input: [UInt8] = []
    private var consumed = 0
    private var output: [UInt8] = []
    private var sent = 0
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    var unread: ArraySlice<UInt8> { input[consumed...] }
    var unsentCount: Int { output.count - sent }

    func consume(_ count: Int) {
        consumed += count
        if consumed == input.count {
            input.removeAll(keepingCapacity: input.count <= chunk.count)
            consumed = 0
        } else if consumed > chunk.count {
            input.removeSubrange(..<consumed)
            consumed = 0
        }
    }

    func queue(_ bytes: [UInt8]) { output.append(contentsOf: bytes) }

    /// Takes what has arrived, up to a share that leaves time for others. False where the other end is gone.
    func receive() -> Bool {
        for _ in 0..<16 {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                input.append(contentsOf: chunk[..<count])
                if count < chunk.count { return true }
            } else if count == 0 {
                return false
            } else {
                return errno == EAGAIN || errno == EINTR
            }
        }
        return true
    }

    /// Sends what the socket takes. False where the connection is broken.
    func flush() -> Bool {
        while sent < output.count {
            let count = output.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN || errno == EINTR {
                if sent > output.count / 2 {
                    output.removeSubrange(..<sent)
                    sent = 0
                }
                return true
            } else {
                return false
            }
        }
        output.removeAll(keepingCapacity: output.count <= chunk.count)
        sent = 0
        return true
    }
}
