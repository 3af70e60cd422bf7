import CLinux
import PolygraphChecking
import PolygraphHistory
import Synchronization

/// Judges the history on a thread of its own while the run goes on.
final class RunFollower: Sendable {
    /// Events that the follower has not taken yet.
    private final class Waiting: Sendable {
        private let events = Mutex<[Operation]>([])

        func append(_ event: Operation) { events.withLock { $0.append(event) } }

        func takeAll() -> [Operation] {
            events.withLock { waiting in
                defer { waiting.removeAll() }
                return waiting
            }
        }
    }

    private let waiting = Waiting()
    private let stopRequested = Event()
    private let finished = Event()

    /// Starts at once.
    /// - Parameters:
    ///   - checker: the checker that follows.
    ///   - onViolation: called once, on the follower's thread, when the history cannot become valid any more.
    init(
        _ checker: any FollowingChecker, status: RunStatus, onViolation: @escaping @Sendable (VerdictSoFar) -> Void
    ) {
        let thread = Thread { [waiting, stopRequested, finished] in
            let follower = checker.follower()
            var pause: Int64 = 500_000_000
            while !stopRequested.wait(pause) {
                follower.take(waiting.takeAll())
                let start = clinux_monotonic_ns()
                let verdict = follower.judge(withinSeconds: 5)
                status.verdictSoFar = verdict
                if verdict.verdict == .invalid {
                    onViolation(verdict)
                    break
                }
                // It takes a third of one core at most, whatever the history costs.
                pause = max(500_000_000, 2 * (clinux_monotonic_ns() - start))
            }
            finished.set()
        }
        thread.detach()
    }

    /// Takes an event, in the order of record.
    func take(_ event: Operation) { waiting.append(event) }

    /// Ends it; takes no longer than one judgement.
    func stop() {
        stopRequested.set()
        // The flag stays up for whoever asks again.
        if finished.wait(10_000_000_000) { finished.set() }
    }
}
