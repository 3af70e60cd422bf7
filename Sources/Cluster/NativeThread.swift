import Glibc
import Synchronization

/// A thread outside the cooperative pool: what it does may block.
public struct NativeThread: Sendable {
    private let handle: pthread_t

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts it, with every signal blocked: signals are for the threads that know what to do with them.
    public init(_ body: @escaping @Sendable () -> Void) throws(ClusterError) {
        let work = Unmanaged.passRetained(Work(body))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            work.release()
            throw ClusterError("create a thread", errorText(code))
        }
        self.handle = handle
    }

    /// Waits for its end. To be called once.
    public func join() {
        pthread_join(handle, nil)
    }
}

extension NativeThread {
    private final class Outcome<Value: Sendable>: Sendable {
        let stored = Mutex<Result<Value, ClusterError>?>(nil)
    }

    /// Runs `body` on a thread of its own and waits for it: for what changes the namespaces of a thread.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ClusterError) -> Value
    ) throws(ClusterError) -> Value {
        let outcome = Outcome<Value>()
        let thread = try NativeThread {
            let result: Result<Value, ClusterError>
            do throws(ClusterError) { result = .success(try body()) } catch { result = .failure(error) }
            outcome.stored.withLock { $0 = result }
        }
        thread.join()
        guard let result = outcome.stored.withLock({ $0 }) else { preconditionFailure("a thread left no result") }
        return try result.get()
    }
}
