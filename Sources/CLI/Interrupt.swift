import CLinux
import Glibc
import PolygraphRunner

/// Ctrl-C and SIGTERM: the first ends the run in good order, the second at once.
enum Interrupt {
    /// Lets the signals through, which some parents block in their children.
    static func unblock() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Takes the signals over. Call it before any other thread exists: threads inherit the mask.
    static func handle(_ stop: RunStop) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let box = Unmanaged.passRetained(stop)
        pthread_create(
            &thread, nil,
            { argument in
                let stop = Unmanaged<RunStop>.fromOpaque(argument!).takeRetainedValue()
                var signals = sigset_t()
                sigemptyset(&signals)
                for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
                var first: Int64 = 0
                while true {
                    var number: Int32 = 0
                    guard sigwait(&signals, &number) == 0 else { continue }
                    if stop.isRequested {
                        // One Ctrl-C can arrive twice: by the terminal, and passed on by a parent such as `timeout`.
                        if clinux_monotonic_ns() - first < 300_000_000 { continue }
                        _exit(ExitStatus.interrupted)
                    }
                    first = clinux_monotonic_ns()
                    Console.error("\ninterrupted: healing, stopping, then checking what there is (again: end at once)")
                    stop.request()
                }
            }, box.toOpaque())
        pthread_detach(thread)
    }
}
