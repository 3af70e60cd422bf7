import Glibc

/// A pipe that wakes a thread.
final class Pipe: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init(isNonBlocking: Bool) throws(RaftError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw RaftError("cannot create a pipe: \(String(cString: strerror(errno)))") }
        readEnd = ends[0]
        writeEnd = ends[1]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A full pipe is signal enough.
        _ = fcntl(writeEnd, F_SETFL, O_NONBLOCK)
        if isNonBlocking { _ = fcntl(readEnd, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func signal() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    /// Blocks until there is a signal, and takes all there are.
    func waitForSignal() {
        var buffer = [UInt8](repeating: 0, count: 512)
        while read(readEnd, &buffer, buffer.count) < 0, errno == EINTR {}
    }

    func drain() {
        var buffer = [UInt8](repeating: 0, count: 512)
        while read(readEnd, &buffer, buffer.count) == buffer.count {}
    }
}
