import CLinux
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphSystems
import Synchronization

/// Carries out a schedule on a thread of its own.
final class NemesisThread: Sendable {
    private let wake: Event
    private let stopRequested = Atomic<Bool>(false)
    private let finished = Event()

    /// Nanoseconds between two looks for somebody who leads.
    private static let interval: Int64 = 50_000_000

    /// Starts at once.
    /// - Parameters:
    ///   - origin: `CLOCK_MONOTONIC` at the beginning of the run.
    ///   - watch: knows who leads.
    ///   - triggers: what is due beside the clock; sets `wake`.
    init(
        schedule: Schedule, transport: any Transport, system: any System, watch: NodeWatch, status: RunStatus,
        origin: Int64, triggers: TriggerWatch?, wake: Event,
        post: @escaping @Sendable (Operation, Event?) -> Void
    ) {
        self.wake = wake
        let thread = Thread { [self] in
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
            var agenda = Agenda(schedule)
            while !stopRequested.load(ordering: .acquiring) {
                for fired in triggers?.fired() ?? [] { agenda.add(fired) }
                guard let next = agenda.first else {
                    if triggers == nil { break }
                    wake.wait()
                    continue
                }
                let rest = next.time - (clinux_monotonic_ns() - origin)
                if rest > 0 {
                    wake.wait(rest)
                    continue
                }
                guard let deed = agenda.removeFirst() else { continue }
                if !deed.begins {
                    nemesis.undo(deed.fault, due: deed.due)
                } else if !nemesis.inject(schedule.faults[deed.fault], due: deed.due) {
                    // Nobody leads: whatever else is due goes on meanwhile.
                    agenda.postpone(deed, until: clinux_monotonic_ns() - origin + Self.interval)
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
    func stop() {
        stopRequested.store(true, ordering: .releasing)
        wake.set()
    }

    /// Whether everything has been undone; takes at most `timeout` nanoseconds.
    func isFinished(within timeout: Int64) -> Bool { finished.wait(timeout) }
}
