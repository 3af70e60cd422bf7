import CLinux
import Glibc
import Synchronization

/// Wakes the one thread that sleeps on it.
final class Signal: Sendable {
    // Written by atomic instructions only.
    nonisolated(unsafe) private let event: UnsafeMutablePointer<clinux_event>

    init() {
        event = .allocate(capacity: 1)
        event.initialize(to: clinux_event())
    }

    deinit { event.deallocate() }

    func set() { clinux_event_set(event) }

    /// Sleeps until it is set, and takes it back; false when the deadline passed first.
    @discardableResult
    func wait(until deadline: Deadline) -> Bool { clinux_event_wait(event, max(0, deadline.remaining)) != 0 }
}

/// Wakes a thread that sleeps in `poll`.
final class WakeDescriptor: Sendable {
    /// Readable while there is news.
    let descriptor: Int32
    private let isSet = Atomic(false)

    /// Nil when the process has no descriptor left.
    init?() {
        descriptor = lab_event_new()
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    func set() {
        guard !isSet.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        write(descriptor, &one, 8)
    }

    /// To be called before the news are looked at.
    func clear() {
        var count: UInt64 = 0
        read(descriptor, &count, 8)
        isSet.store(false, ordering: .sequentiallyConsistent)
    }
}

/// Whom a channel tells that there are bytes, room, or an end.
enum Waker: Sendable {
    /// A caller that waits for this channel.
    case caller(Signal)
    /// A connection whose bytes travel in this channel.
    case connection(WakeDescriptor)

    func wake() {
        switch self {
        case .caller(let signal): signal.set()
        case .connection(let descriptor): descriptor.set()
        }
    }
}
