import Glibc

/// What carries the bytes of a session: a TCP connection, or a channel of another connection.
enum Wire {
    case socket(Int32)
    case tunnel(ChannelPipe)

    /// Takes what has arrived.
    func fill(_ buffers: SessionBuffers, _ scratch: UnsafeMutableRawBufferPointer) {
        while buffers.ending == nil, buffers.unreadCount < SessionBuffers.incomingLimit {
            switch self {
            case .socket(let descriptor):
                let count = recv(descriptor, scratch.baseAddress, scratch.count, 0)
                if count > 0 {
                    acknowledge(descriptor)
                    buffers.receive(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
                    if count < scratch.count { return }
                } else if count == 0 {
                    buffers.ending = 0
                } else if errno != EINTR {
                    if errno != EAGAIN { buffers.ending = errno }
                    return
                }
            case .tunnel(let pipe):
                let news = pipe.take()
                news.output.withUnsafeBytes { buffers.receive($0) }
                if news.ending != nil { buffers.ending = 0 }
                return
            }
        }
    }

    /// A server that has not turned Nagle's delay off yet waits for the acknowledgement of its last packet before it
    /// sends the next one, and this kernel would wait 40 ms with it.
    private func acknowledge(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends as much as the line takes.
    func flush(_ buffers: SessionBuffers) {
        while buffers.ending == nil, buffers.unsentCount > 0 {
            switch self {
            case .socket(let descriptor):
                var mustWait = false
                buffers.send { bytes in
                    let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                    if count >= 0 { return count }
                    if errno == EAGAIN {
                        mustWait = true
                    } else if errno != EINTR {
                        buffers.ending = errno
                    }
                    return 0
                }
                if mustWait { return }
            case .tunnel(let pipe):
                guard pipe.hasRoom else { return }
                buffers.send {
                    pipe.append($0)
                    return $0.count
                }
            }
        }
    }

    /// The descriptor to poll; nil where news come by the waker.
    var descriptor: Int32? {
        if case .socket(let descriptor) = self { return descriptor }
        return nil
    }

    func close() {
        switch self {
        case .socket(let descriptor): Glibc.close(descriptor)
        case .tunnel(let pipe): pipe.abandon()
        }
    }
}
