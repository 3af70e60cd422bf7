import CSSH2
import Glibc

/// Starts the library, once for the process.
enum SSHLibrary {
    static let isReady = libssh2_init(0) == 0

    static var version: String { libssh2_version(0).map { String(cString: $0) } ?? "?" }

    /// Whether RSA keys can be used as servers want it since 2021: libssh2 1.11 signs with SHA-2.
    static let signsRSAWithSHA2 = libssh2_version(0x01_0b00) != nil
}

/// One libssh2 session on its line, used by the connection's thread only.
final class SessionDriver {
    let session: OpaquePointer
    let buffers: SessionBuffers
    let wire: Wire
    let host: String
    /// News for the thread from other threads.
    let news: WakeDescriptor
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    /// When bytes arrived last.
    private(set) var heard = Deadline.now

    init(wire: Wire, host: String, news: WakeDescriptor) throws(SSHError) {
        buffers = SessionBuffers(descriptor: news.descriptor)
        guard let session = buffers.makeSession() else {
            wire.close()
            scratch.deallocate()
            throw SSHError(.handshake, host: host, step: "start libssh2", "it has no memory")
        }
        self.session = session
        self.wire = wire
        self.host = host
        self.news = news
    }

    deinit {
        wire.flush(buffers)
        // Without an end of the line, libssh2 would wait for the other side before it frees open channels.
        if buffers.ending == nil { buffers.ending = 0 }
        libssh2_session_free(session)
        wire.close()
        scratch.deallocate()
    }

    /// Takes what has arrived and sends what is ready.
    func exchange() {
        let before = buffers.unreadCount
        wire.fill(buffers, scratch)
        if buffers.unreadCount > before { heard = .now }
        wire.flush(buffers)
    }

    /// Sleeps until there is something to do.
    func sleep(until deadline: Deadline) {
        var waiting = [pollfd(fd: news.descriptor, events: Int16(POLLIN), revents: 0)]
        if let descriptor = wire.descriptor, buffers.ending == nil {
            var events = Int32(0)
            if buffers.unreadCount < SessionBuffers.incomingLimit { events |= POLLIN }
            if buffers.unsentCount > 0 { events |= POLLOUT }
            waiting.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        }
        poll(&waiting, nfds_t(waiting.count), deadline.pollTimeout)
        if waiting[0].revents != 0 { news.clear() }
    }

    /// Repeats a call of libssh2 until it does not ask for more bytes.
    /// - Parameter isStopped: ends it when it says so.
    /// - Returns: what the call returned; `LIBSSH2_ERROR_TIMEOUT` when the deadline passed.
    func finish(by deadline: Deadline, isStopped: () -> Bool, _ call: () -> Int32) -> Int32 {
        while true {
            let code = call()
            wire.flush(buffers)
            if code != LIBSSH2_ERROR_EAGAIN { return code }
            if deadline.hasPassed || isStopped() { return LIBSSH2_ERROR_TIMEOUT }
            sleep(until: deadline)
            exchange()
        }
    }

    /// What libssh2 says of its last failure.
    var lastError: String {
        var text: UnsafeMutablePointer<CChar>?
        libssh2_session_last_error(session, &text, nil, 0)
        return text.map { String(cString: $0) } ?? "no reason given"
    }

    /// How the line ended, in words; nil while it is there.
    var lineEnd: String? {
        switch buffers.ending {
        case nil: nil
        case 0: "the server closed the connection"
        case let number?: errorText(number)
        }
    }
}
