import CSSH2
import Glibc

/// The bytes between libssh2 and the line. libssh2 never meets a line that takes no more bytes: a session that has
/// written half a packet insists on being asked for the same packet again, which many channels at once cannot promise.
final class SessionBuffers {
    fileprivate(set) var incoming: [UInt8] = []
    fileprivate(set) var read = 0
    fileprivate(set) var outgoing: [UInt8] = []
    private(set) var sent = 0
    /// Set at the end of the line: 0, or an error number.
    var ending: Int32?
    /// What is answered to every question of keyboard-interactive authentication.
    var answer: [UInt8] = []

    /// What libssh2 takes for the line's socket. It uses the same functions to talk with an agent, on another one.
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// How much is kept before the line is not read any further.
    static let incomingLimit = 1 << 20

    var unreadCount: Int { incoming.count - read }
    var unsentCount: Int { outgoing.count - sent }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        if read == incoming.count {
            incoming.removeAll(keepingCapacity: true)
            read = 0
        }
        incoming.append(contentsOf: bytes)
    }

    /// Gives unsent bytes to `take`, which says how many it took.
    func send(_ take: (UnsafeRawBufferPointer) -> Int) {
        guard sent < outgoing.count else { return }
        let start = sent
        let count = outgoing.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        sent += count
        if sent == outgoing.count {
            outgoing.removeAll(keepingCapacity: true)
            sent = 0
        }
    }

    /// The buffers of a session that was made with them as its abstract pointer.
    static func of(_ abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> SessionBuffers {
        Unmanaged<SessionBuffers>.fromOpaque(abstract!.pointee!).takeUnretainedValue()
    }

    /// A session that reads and writes here. The buffers must outlive it.
    func makeSession() -> OpaquePointer? {
        guard
            let session = libssh2_session_init_ex(nil, nil, nil, Unmanaged.passUnretained(self).toOpaque())
        else { return nil }
        cssh2_set_transport(
            session,
            { descriptor, bytes, count, flags, abstract in
                let buffers = SessionBuffers.of(abstract)
                guard descriptor == buffers.descriptor else {
                    let sent = Glibc.send(descriptor, bytes, count, flags | Int32(MSG_NOSIGNAL))
                    return sent < 0 ? -Int(errno) : sent
                }
                buffers.outgoing
                    .append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
                return count
            },
            { descriptor, bytes, count, flags, abstract in
                let buffers = SessionBuffers.of(abstract)
                guard descriptor == buffers.descriptor else {
                    let received = recv(descriptor, bytes, count, flags)
                    return received < 0 ? -Int(errno) : received
                }
                let count = min(count, buffers.unreadCount)
                if count == 0 { return buffers.ending.map { $0 == 0 ? 0 : -Int($0) } ?? -Int(EAGAIN) }
                buffers.incoming.withUnsafeBytes {
                    bytes!.copyMemory(from: $0.baseAddress! + buffers.read, byteCount: count)
                }
                buffers.read += count
                return count
            })
        libssh2_session_set_blocking(session, 0)
        return session
    }
}
