import Glibc

/// One direction of a connection: what has been read from one end and waits to be written to the other.
struct ProxiedFlow {
    /// How the end that sends has ended.
    enum End {
        case closed, reset
    }

    private struct Chunk {
        var bytes: [UInt8]
        var written = 0
        /// Nanoseconds of `CLOCK_MONOTONIC` before which it does not leave.
        var due: Int64
        /// Whether a cut has held it back, which counts once.
        var isHeld = false
    }

    private var waiting: [Chunk] = []
    /// Where in `waiting` the first chunk is that has not left.
    private var first = 0
    private(set) var waitingBytes = 0
    private var lastDue: Int64 = 0
    /// How a delay resembles the one before it, stage by stage.
    var memory: [Double] = []
    /// How the sending end has ended; nil while it goes on.
    private(set) var end: End?
    /// Whether the receiving end has been told.
    private(set) var isEnded = false
    /// Whether the kernel takes no more for the moment.
    private(set) var isBlocked = false

    /// What came of an attempt to let waiting bytes go.
    struct Progress {
        var frames = 0
        var bytes = 0
        /// Chunks that a cut holds back and that had not been counted.
        var held = 0
        /// Whether the receiving end is gone.
        var isBroken = false
    }

    mutating func append(_ bytes: [UInt8], due: Int64) {
        lastDue = max(lastDue, due)
        waiting.append(Chunk(bytes: bytes, due: lastDue))
        waitingBytes += bytes.count
    }

    mutating func finish(_ end: End) { if self.end == nil { self.end = end } }

    /// When it has something to do next; nil where something else must happen before.
    func nextDue(isCut: Bool) -> Int64? {
        if isCut || isBlocked || isEnded { return nil }
        if end == .reset { return 0 }
        if first < waiting.count { return waiting[first].due }
        return end == nil ? nil : 0
    }

    mutating func unblock() { isBlocked = false }

    /// Writes what is due.
    mutating func advance(to sink: Int32, now: Int64, isCut: Bool) -> Progress {
        var progress = Progress()
        if isCut {
            for index in first..<waiting.count where !waiting[index].isHeld && waiting[index].due <= now {
                waiting[index].isHeld = true
                progress.held += 1
            }
            return progress
        }
        if end == .reset {
            // A reset overtakes what has not been delivered.
            isEnded = true
            progress.isBroken = true
            return progress
        }
        while first < waiting.count, waiting[first].due <= now {
            let start = waiting[first].written
            let count = waiting[first].bytes.withUnsafeBytes {
                send(sink, $0.baseAddress! + start, $0.count - start, Int32(MSG_NOSIGNAL))
            }
            guard count >= 0 else {
                if errno == EINTR { continue }
                isBlocked = errno == EAGAIN
                progress.isBroken = !isBlocked
                break
            }
            waiting[first].written += count
            waitingBytes -= count
            progress.bytes += count
            if waiting[first].written == waiting[first].bytes.count {
                progress.frames += 1
                first += 1
            }
        }
        if first == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            first = 0
            if end == .closed, !isEnded {
                isEnded = true
                shutdown(sink, Int32(SHUT_WR))
            }
        }
        return progress
    }
}
