import Glibc
import Synchronization

/// What a journal and its thread share.
final class JournalCore: Sendable {
    /// So many bytes wake the thread before its time.
    private static let batch = 256 * 1_024
    /// The thread writes at least this often.
    private static let intervalMilliseconds = 250
    /// Nanoseconds between two syncs, at least.
    private static let syncInterval: Int64 = 1_000_000_000
    /// More than this waiting in memory means that the disk does not keep up: better to stop than to eat all memory.
    private static let backlog = 1 << 30

    private struct State {
        /// What has been appended and not yet been taken by the thread.
        var bytes: [UInt8] = []
        /// Bytes appended since the journal was opened, and how many of them are on the disk.
        var appended: Int64 = 0
        var synced: Int64 = 0
        /// Somebody waits until all is on the disk.
        var isFlushWanted = false
        var isStopping = false
        var failure: HistoryError?
    }

    private let path: String
    private let descriptor: Int32
    private let onFailure: (@Sendable (HistoryError) -> Void)?
    private let state = Mutex(State())
    /// Repeats `state.failure != nil` for readers without the lock.
    private let hasFailed = Atomic<Bool>(false)
    private let wake = WakeSignal()
    private let progress = WakeSignal()

    init(path: String, onFailure: (@Sendable (HistoryError) -> Void)?) throws(HistoryError) {
        self.path = path
        self.onFailure = onFailure
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.error("cannot open the history for writing", path, errno) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_size > 0 {
            _ = Glibc.close(descriptor)
            throw HistoryError(
                "the file is there already and is not empty; a history is never overwritten: "
                    + "move it away or choose another folder", file: path)
        }
        Self.syncFolder(of: path)
        state.withLock {
            // Room for what gathers while the thread writes, so that the appending thread seldom allocates.
            $0.bytes.reserveCapacity(2 * Self.batch)
        }
    }

    deinit { _ = Glibc.close(descriptor) }

    // MARK: The appending side

    func append(_ operation: Operation) {
        let (isBatchFull, isTooMuch) = state.withLock { state in
            guard state.failure == nil else { return (false, false) }
            let before = state.bytes.count
            JSONLines.append(operation, to: &state.bytes)
            let after = state.bytes.count
            state.appended += Int64(after - before)
            // Once for each batch that gathers, not once for each event above the mark.
            return (before / Self.batch != after / Self.batch, after > Self.backlog)
        }
        if isTooMuch {
            fail(
                HistoryError(
                    "the disk does not keep up: \(Self.backlog >> 20) MB of events wait in memory; "
                        + "lower the rate or use a faster disk", file: path))
        }
        if isBatchFull { wake.set() }
    }

    var failure: HistoryError? {
        guard hasFailed.load(ordering: .acquiring) else { return nil }
        return state.withLock { $0.failure }
    }

    func flush() {
        let target = state.withLock { state in
            state.isFlushWanted = true
            return state.appended
        }
        wake.set()
        while state.withLock({ $0.synced < target && $0.failure == nil && !$0.isStopping }) {
            progress.wait(milliseconds: 50)
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        wake.set()
    }

    // MARK: The thread

    /// Writes until it is stopped and nothing is left.
    func run() {
        var batch: [UInt8] = []
        batch.reserveCapacity(2 * Self.batch)
        var written: Int64 = 0
        var synced: Int64 = 0
        var lastSync = Self.now()
        while true {
            wake.wait(milliseconds: Self.intervalMilliseconds)
            let (isStopping, isFlushWanted) = state.withLock { state in
                // Two buffers change places: the lock is held for a moment, whatever the disk does.
                swap(&batch, &state.bytes)
                defer { state.isFlushWanted = false }
                return (state.isStopping, state.isFlushWanted)
            }
            if !batch.isEmpty { write(batch) }
            written += Int64(batch.count)
            batch.removeAll(keepingCapacity: batch.count <= 16 * Self.batch)
            let isDue = isStopping || isFlushWanted || Self.now() - lastSync >= Self.syncInterval
            if isDue, synced < written || isStopping {
                sync(everything: isStopping)
                synced = written
                lastSync = Self.now()
                state.withLock { $0.synced = synced }
            }
            progress.set()
            if isStopping, state.withLock({ $0.bytes.isEmpty }) { return }
        }
    }

    private func write(_ batch: [UInt8]) {
        guard !hasFailed.load(ordering: .relaxed) else { return }
        batch.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                if count < 0 {
                    if errno == EINTR { continue }
                    fail(Self.error("cannot write the history", path, errno))
                    return
                }
                offset += count
            }
        }
    }

    private func sync(everything: Bool) {
        guard !hasFailed.load(ordering: .relaxed) else { return }
        while (everything ? fsync(descriptor) : fdatasync(descriptor)) != 0 {
            switch errno {
            case EINTR: continue
            // A pipe or a device has nothing to be synced to.
            case EINVAL, EROFS, ENOTSUP: return
            case let code:
                fail(Self.error("cannot bring the history to the disk", path, code))
                return
            }
        }
    }

    private func fail(_ error: HistoryError) {
        let isFirst = state.withLock { state in
            guard state.failure == nil else { return false }
            state.failure = error
            state.bytes = []
            return true
        }
        guard isFirst else { return }
        hasFailed.store(true, ordering: .releasing)
        onFailure?(error)
    }

    // MARK: Helpers

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func error(_ what: String, _ path: String, _ code: Int32) -> HistoryError {
        let remedy =
            switch code {
            case ENOSPC, EDQUOT: "; free some space there, or let reports go to another disk, and run again"
            case EACCES, EPERM, EROFS: "; choose a folder in which you may write"
            case ENOENT, ENOTDIR: "; create its folder first"
            case EIO: "; the disk may be failing, see the kernel's log"
            default: ""
            }
        return HistoryError("\(what): \(String(cString: strerror(code)))\(remedy)", file: path)
    }

    /// Brings the new file's name to the disk. Failing to is no reason to refuse the run.
    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        _ = Glibc.close(descriptor)
    }
}
