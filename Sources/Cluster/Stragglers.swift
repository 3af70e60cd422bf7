import CLinux

/// Threads that ptrace has asked to stop and that are still deep in the kernel. They are let go when they come back.
final class Stragglers {
    private var threads: [Int32] = []

    func add(_ more: [Int32]) { threads += more }

    /// Lets go of those that have come back.
    func release() {
        threads.removeAll { thread in
            var signal: Int32 = 0
            switch lab_trace_poll(thread, false, &signal) {
            case lab_trace_running: return false
            case lab_trace_gone: return true
            default:
                _ = lab_trace_detach(thread, signal)
                return true
            }
        }
    }
}
