import Glibc
import Synchronization

/// Writes a history to a file while it happens, so that a crash of the controller costs no more than the last moments.
///
/// `append` only encodes into memory. A thread of the journal writes batches, at the latest 250 ms after an event or
/// when 256 KB have gathered, and brings them to the disk (`fdatasync`) at most once a second. Batches are appended in
/// order, so that after `SIGKILL` the file is a prefix of the history with at most one torn line, which `HistoryFile`
/// drops.
public final class Journal: Sendable {
    /// The file.
    public let path: String
    private let core: JournalCore
    private let thread: Mutex<pthread_t?>

    /// Opens the file, which must be new or empty: a journal never mixes two histories.
    /// - Parameter onFailure: called once, on the journal's thread or the appending one, when events can no longer be
    ///   written.
    /// - Throws: `HistoryError` that names the file and what to do.
    public init(path: String, onFailure: (@Sendable (HistoryError) -> Void)? = nil) throws(HistoryError) {
        self.path = path
        let core = try JournalCore(path: path, onFailure: onFailure)
        self.core = core
        var thread = pthread_t()
        // The thread owns one reference, which it gives up when it ends.
        let argument = Unmanaged.passRetained(core)
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<JournalCore>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw HistoryError("cannot start the journal's thread: \(String(cString: strerror(code)))", file: path)
        }
        self.thread = Mutex(thread)
    }

    deinit { finish() }

    /// Takes an event. One thread at a time may do so; the order of the calls is the order in the file. After a
    /// failure events are no longer kept.
    public func append(_ operation: Operation) { core.append(operation) }

    /// Why events can no longer be written, and what to do about it; nil while all is well. Cheap enough to ask before
    /// every operation.
    public var failure: HistoryError? { core.failure }

    /// Waits until everything that was appended before is in the file and on the disk, or until writing has failed.
    public func flush() { core.flush() }

    /// Writes what is left, brings it to the disk and closes the file. Calling it again does no more.
    /// - Throws: the `failure`, if there was one.
    public func close() throws(HistoryError) {
        finish()
        if let failure { throw failure }
    }

    private func finish() {
        thread.withLock { thread in
            guard let running = thread else { return }
            thread = nil
            core.stop()
            pthread_join(running, nil)
        }
    }
}
