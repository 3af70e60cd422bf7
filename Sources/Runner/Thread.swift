import CLinux
import Glibc

/// A thread of its own for work that blocks; never part of the cooperative pool.
final class Thread: Sendable {
    private let handle: pthread_t

    /// Starts the thread.
    init(_ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let box = Unmanaged.passRetained(Body(run: body))
        let status = pthread_create(
            &handle, nil,
            { argument in
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "no thread could be started (error \(status)): too many threads or no memory")
        self.handle = handle
    }

    /// Waits until the body has returned; once only.
    func join() { pthread_join(handle, nil) }

    /// Gives up waiting for it: it ends whenever its body returns.
    func detach() { pthread_detach(handle) }

    private final class Body {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// A flag that one thread waits for and any thread sets.
final class Event: @unchecked Sendable {
    // The memory is written by atomic instructions only, in CLinux, and lives as long as the object.
    private let event: UnsafeMutablePointer<clinux_event>

    init() {
        event = .allocate(capacity: 1)
        event.initialize(to: clinux_event(state: 0))
    }

    deinit { event.deallocate() }

    func set() { clinux_event_set(event) }

    /// Takes the flag back if it is set.
    func take() -> Bool { clinux_event_take(event) != 0 }

    /// Waits until the flag is set and takes it back; false when the time (nanoseconds, nil: for ever) has passed.
    @discardableResult
    func wait(_ timeout: Int64? = nil) -> Bool { clinux_event_wait(event, timeout ?? -1) != 0 }
}
