import Glibc
import Synchronization

/// Lets the helpers of all hosts hear of the controller before their leases are over, each by a thread of its own, so
/// that a silent host costs no other its lease.
final class HostPulse: Sendable {
    private let stopping = Atomic<Bool>(false)
    private let threads = Mutex<[NativeThread]>([])

    init(_ handles: [HostHandle], lease: Int64) throws(ClusterError) {
        let pause = UInt32(max(20_000, min(500_000, lease / 20_000)))
        for handle in handles {
            let thread = try NativeThread { [self] in
                while !stopping.load(ordering: .acquiring) {
                    handle.keepAlive()
                    usleep(pause)
                }
            }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Ends the threads and waits for them.
    func stop() {
        stopping.store(true, ordering: .releasing)
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }
}
