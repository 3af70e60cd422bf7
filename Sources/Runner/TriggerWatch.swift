import PolygraphHistory
import PolygraphNemesis
import Synchronization

/// Shows what happens in a run to the triggers of its schedule, from any thread, and keeps what they have fired until
/// the nemesis takes it.
final class TriggerWatch: Sendable {
    private struct State {
        var board: TriggerBoard
        var fired: [TriggerBoard.Fired] = []
    }

    private let state: Mutex<State>
    /// Wakes the nemesis.
    private let wake: Event

    /// - Returns: nil when the schedule has no triggers: nobody need watch.
    init?(_ schedule: Schedule, wake: Event) {
        let board = TriggerBoard(schedule)
        if board.isEmpty { return nil }
        state = Mutex(State(board: board))
        self.wake = wake
    }

    var readsLogs: Bool { state.withLock { $0.board.readsLogs } }

    /// - Parameter time: nanoseconds since the run began.
    func take(_ signal: TriggerSignal, at time: Int64) {
        let isDue = state.withLock { state in
            let fired = state.board.take(signal, at: time)
            state.fired += fired
            return !fired.isEmpty
        }
        if isDue { wake.set() }
    }

    /// Takes an event that has been recorded.
    func take(_ operation: Operation) {
        switch operation.process {
        case .client:
            guard operation.kind != .invoke else { return }
            take(.completion(function: operation.function, kind: operation.kind), at: operation.time)
        case .nemesis:
            if operation.function == "primary", let node = operation.value["node"]?.stringValue {
                take(.primary(node), at: operation.time)
            } else if operation.value["stage"]?.stringValue == "effect", let id = operation.value["fault"]?.integerValue
            {
                let begins = operation.value["action"]?.stringValue == "inject"
                take(.fault(Int(id), operation.function, begins: begins), at: operation.time)
            }
        }
    }

    /// What is due since it was last asked.
    func fired() -> [TriggerBoard.Fired] {
        state.withLock { state in
            let fired = state.fired
            state.fired = []
            return fired
        }
    }
}
