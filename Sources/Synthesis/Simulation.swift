import PolygraphHistory

/// Clients that use atomic objects at the same time.
///
/// Each client invokes, its operation takes effect at a random moment, it returns at a random moment. What an operation
/// does is decided at the moment at which it takes effect, so that compare-and-set operations can succeed as often as
/// is wanted; its invocation, recorded earlier, is completed then.
struct Simulation<Object: SyntheticObject> {
    /// Operations in all.
    var operations: Int
    var clients: Int
    /// How many operations end `info`. A third of them takes effect before that, a third at some later time, a third
    /// never; the process number is not used again.
    var crashed = 0
    /// How likely a client that is inside an operation moves on when its turn comes; the less, the busier all are.
    var movePercent = 100
    /// From which operation on a read shall be answered wrongly, once; nil for never.
    var staleAfter: Int?
    private var objects: [Object]
    private var random: SeededRandom

    /// - Parameter objects: one for each key; a single one has no key.
    init(_ objects: [Object], operations: Int, clients: Int, crashed: Int = 0, seed: UInt64) {
        self.objects = objects
        self.operations = operations
        self.clients = max(1, clients)
        self.crashed = crashed
        random = SeededRandom(seed)
        pending.reserveCapacity(1 << 13)
    }

    /// The object of a key.
    func object(_ key: Int) -> Object { objects[key] }

    private enum Phase {
        case idle
        case open
        case done
    }

    private struct Client {
        var process: Int
        var phase = Phase.idle
        var crashes = false
        var object = 0
        /// Place of the invocation among all events.
        var invokedAt = 0
        /// Nil until it is decided.
        var step: SyntheticStep?
        var staleValue: Value?
    }

    /// An event that waits for earlier ones.
    private struct Event {
        var process: Int
        var kind: Operation.Kind
        /// Nil for an invocation that is not decided yet.
        var function: SyntheticFunction?
        var value = Value.null
        var object: Int
    }

    /// Whether a wrong read is wanted and was not answered yet.
    private(set) var wantsStaleRead = false
    private var pending: [Event] = []
    /// Place of the first pending event among all events, and of the next to hand on among the pending ones.
    private var base = 0
    private var head = 0

    /// Runs all clients to their ends.
    /// - Returns: the number of the next process that was not used.
    mutating func run(into sink: inout EventSink) -> Int {
        var running = (0..<clients).map { Client(process: $0) }
        var nextProcess = clients
        var issued = 0
        var open = 0
        wantsStaleRead = staleAfter != nil
        var turn = 0
        var late: [(client: Client, due: Int)] = []
        while issued < operations || open > 0 {
            turn += 1
            if !late.isEmpty, let place = late.firstIndex(where: { $0.due <= turn }) {
                let client = late.remove(at: place).client
                let step = apply(client.object, client.invokedAt, crashes: true, takesEffect: true)
                // Its end may still be to come.
                if let same = running.firstIndex(where: { $0.process == client.process }) { running[same].step = step }
                flush(into: &sink)
            }
            let place = random.below(running.count)
            switch running[place].phase {
            case .idle:
                if issued == operations { continue }
                let crashes = (issued + 1) * crashed / operations > issued * crashed / operations
                let object = objects.count == 1 ? 0 : random.below(objects.count)
                issued += 1
                open += 1
                running[place].phase = .open
                running[place].crashes = crashes
                running[place].object = object
                running[place].invokedAt = base + pending.count
                if wantsStaleRead, issued > staleAfter ?? 0 { running[place].staleValue = objects[object].staleValue }
                pending.append(Event(process: running[place].process, kind: .invoke, object: object))
            case .open:
                if movePercent < 100, !random.chance(percent: movePercent) { continue }
                running[place].phase = .done
                if running[place].crashes {
                    let fate = random.below(3)
                    if fate == 2 {
                        late.append((running[place], turn + random.below(40 * clients)))
                        continue
                    }
                    running[place].step = apply(
                        running[place].object, running[place].invokedAt, crashes: true, takesEffect: fate == 0)
                } else if wantsStaleRead, let value = running[place].staleValue {
                    wantsStaleRead = false
                    let stale = SyntheticStep(function: .read, input: .null, output: value)
                    decide(running[place].invokedAt, crashes: false, stale)
                    running[place].step = stale
                } else {
                    running[place].step = apply(
                        running[place].object, running[place].invokedAt, crashes: false, takesEffect: true)
                }
                running[place].staleValue = nil
                flush(into: &sink)
            case .done:
                if movePercent < 100, !random.chance(percent: movePercent) { continue }
                open -= 1
                finish(&running[place], &nextProcess)
                flush(into: &sink)
            }
        }
        for (client, _) in late { _ = apply(client.object, client.invokedAt, crashes: true, takesEffect: false) }
        flush(into: &sink)
        return nextProcess
    }

    /// Decides what an operation does, and completes its invocation.
    private mutating func apply(
        _ object: Int, _ invokedAt: Int, crashes: Bool, takesEffect: Bool
    ) -> SyntheticStep {
        let step = objects[object].act(&random, changes: crashes, takesEffect: takesEffect)
        decide(invokedAt, crashes: crashes, step)
        return step
    }

    private mutating func decide(_ invokedAt: Int, crashes: Bool, _ step: SyntheticStep) {
        let place = invokedAt - base
        pending[place].function = step.function
        pending[place].value = step.input
        // The `info` of an operation that takes effect later may already be recorded.
        guard crashes else { return }
        let process = pending[place].process
        for later in pending.indices[(place + 1)...] where pending[later].process == process {
            pending[later].function = step.function
            pending[later].value = step.input
        }
    }

    /// Records how an operation ended. What a crashed one asked, where that is still to be decided, is filled in
    /// together with its invocation.
    private mutating func finish(_ client: inout Client, _ nextProcess: inout Int) {
        var event = Event(process: client.process, kind: .info, object: client.object)
        event.function = client.step?.function
        if client.crashes {
            event.value = client.step?.input ?? .null
            client = Client(process: nextProcess)
            nextProcess += 1
        } else if let step = client.step {
            objects[client.object].returned(
                step, invokedAt: client.invokedAt, returnedAt: base + pending.count)
            event.kind = step.kind
            event.value = step.output
            client.step = nil
            client.phase = .idle
        }
        pending.append(event)
    }

    /// Hands on the events up to the first that is not decided.
    private mutating func flush(into sink: inout EventSink) {
        while head < pending.count, let function = pending[head].function {
            sink.emit(
                pending[head].process, pending[head].kind, function.name, pending[head].value,
                key: objects.count == 1 ? nil : .integer(Int64(pending[head].object)), error: error(pending[head].kind))
            head += 1
        }
        if head > 4096 {
            pending.removeFirst(head)
            base += head
            head = 0
        }
    }

    private func error(_ kind: Operation.Kind) -> String? {
        switch kind {
        case .invoke, .ok: nil
        case .fail: "mismatch"
        case .info: "timeout"
        }
    }
}
