import CLinux
import PolygraphCluster
import Synchronization

/// What a fault does again and again while it is in force, on a thread of its own, so that others may begin and end
/// meanwhile.
final class FaultLoop: Sendable {
    private let ending = Atomic<Bool>(false)
    private let thread = Mutex<NativeThread?>(nil)

    /// Starts it. The body looks at `isEnding` between any two of its deeds, or waits with `wait`.
    init(_ body: @escaping @Sendable (FaultLoop) -> Void) throws(ClusterError) {
        let started = try NativeThread { [self] in body(self) }
        thread.withLock { $0 = started }
    }

    var isEnding: Bool { ending.load(ordering: .acquiring) }

    /// Waits for so many nanoseconds, less when the fault ends.
    /// - Returns: whether it goes on.
    func wait(_ duration: Int64) -> Bool {
        let limit = clinux_monotonic_ns() + duration
        while !isEnding {
            let rest = limit - clinux_monotonic_ns()
            if rest <= 0 { return true }
            clinux_sleep_ns(min(rest, 5_000_000))
        }
        return false
    }

    /// Ends it, and waits until it has. Harmless when called again.
    func end() {
        ending.store(true, ordering: .releasing)
        let running = thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }
        running?.join()
    }
}
