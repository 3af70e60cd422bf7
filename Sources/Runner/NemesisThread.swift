import CLinux
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphSystems
import Synchronization

/// Carries out a schedule on a thread of its own.
final class NemesisThread: Sendable {
    private let stopRequested = Event()
    private let finished = Event()

    /// Starts at once.
    /// - Parameters:
    ///   - origin: `CLOCK_MONOTONIC` at the beginning of the run.
    ///   - watch: knows who leads.
    init(
        schedule: Schedule, transport: any Transport, system: any System, watch: NodeWatch, status: RunStatus,
        origin: Int64, post: @escaping @Sendable (Operation, Event?) -> Void
    ) {
        let thread = Thread { [stopRequested, finished] in
            let nemesis = Nemesis(
                transport: transport, system: system, now: { clinux_monotonic_ns() - origin },
                primaries: { watch.primaries },
                record: { event in
                    let operation = Operation(
                        index: 0, time: 0, process: .nemesis, kind: .info, function: event.function,
                        value: event.value, error: event.error)
                    guard event.stage == .intent else { return post(operation, nil) }
                    // Nothing is done to a node before the intention is in the journal.
                    let recorded = Event()
                    post(operation, recorded)
                    recorded.wait(2_000_000_000)
                })
            for moment in schedule.moments {
                let rest = moment.time - (clinux_monotonic_ns() - origin)
                if stopRequested.wait(max(0, rest)) { break }
                if moment.begins {
                    nemesis.inject(schedule.faults[moment.fault])
                } else {
                    nemesis.undo(moment.fault)
                }
                status.faults = nemesis.inForce
            }
            nemesis.healAll()
            status.faults = []
            finished.set()
        }
        thread.detach()
    }

    /// Ends the schedule; everything in force is undone.
    func stop() { stopRequested.set() }

    /// Whether everything has been undone; takes at most `timeout` nanoseconds.
    func isFinished(within timeout: Int64) -> Bool { finished.wait(timeout) }
}
