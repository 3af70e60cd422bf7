import Glibc
import Synchronization

/// The thread that writes to disk, so that the node goes on talking meanwhile.
///
/// Everything that is handed over while one fsync runs shares the next one: this is the group commit.
final class DiskThread: Sendable {
    private struct Shared {
        var writes: [DurableWrite] = []
        var handedOver: UInt64 = 0
        var done: UInt64 = 0
        var failure: RaftError?
    }

    private let shared = Mutex(Shared())
    private let work: Pipe
    private let completion: Pipe

    /// Becomes readable when writes have reached the disk, or have failed to.
    var completionDescriptor: Int32 { completion.readEnd }

    /// Takes the storage over for good.
    init(_ storage: sending Storage) throws(RaftError) {
        work = try Pipe(isNonBlocking: false)
        completion = try Pipe(isNonBlocking: true)
        let start = DiskThreadStart(thread: self, storage: storage)
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { argument in
                let start = Unmanaged<DiskThreadStart>.fromOpaque(argument!).takeRetainedValue()
                start.run()
                return nil
            }, Unmanaged.passRetained(start).toOpaque())
        guard error == 0 else { throw RaftError("cannot start the disk thread: \(String(cString: strerror(error)))") }
    }

    func submit(_ writes: [DurableWrite], sequence: UInt64) {
        shared.withLock {
            $0.writes.append(contentsOf: writes)
            $0.handedOver = sequence
        }
        work.signal()
    }

    /// The number of the last write on disk.
    ///
    /// - Throws: where a write failed; the node must end, because nobody knows what is on disk.
    func takeCompletion() throws(RaftError) -> UInt64 {
        completion.drain()
        let (done, failure) = shared.withLock { ($0.done, $0.failure) }
        if let failure { throw failure }
        return done
    }

    fileprivate func serve(_ storage: Storage) {
        while true {
            work.waitForSignal()
            let (writes, sequence) = shared.withLock { state in
                defer { state.writes.removeAll(keepingCapacity: true) }
                return (state.writes, state.handedOver)
            }
            if writes.isEmpty { continue }
            do throws(RaftError) {
                try storage.perform(writes)
                shared.withLock { $0.done = sequence }
                completion.signal()
            } catch {
                shared.withLock { $0.failure = error }
                completion.signal()
                return
            }
        }
    }
}

/// Carries the storage to its thread.
private final class DiskThreadStart {
    let thread: DiskThread
    let storage: Storage

    init(thread: DiskThread, storage: Storage) {
        self.thread = thread
        self.storage = storage
    }

    func run() { thread.serve(storage) }
}
