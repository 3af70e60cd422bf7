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
        var step = SyntheticStep(function: "", input: .null, kind: .ok, output: .null)
        var staleRead: SyntheticStep?
    }

    /// An event that waits for earlier ones; an empty function marks an invocation that is not decided yet.
    private struct Event {
        var process: Int
        var kind: Operation.Kind
        var function = ""
        var value = Value.null
        var object: Int
        var error: String?
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
                apply(late.remove(at: place).client, takesEffect: true)
                flush(into: &sink)
            }
            let place = random.below(running.count)
            switch running[place].phase {
            case .idle:
                if issued == operations { continue }
                running[place].phase = .open
                running[place].crashes = (issued + 1) * crashed / operations > issued * crashed / operations
                issued += 1
                open += 1
                running[place].object = objects.count == 1 ? 0 : random.below(objects.count)
                running[place].invokedAt = base + pending.count
                if wantsStaleRead, issued > staleAfter ?? 0 {
                    running[place].staleRead = objects[running[place].object].staleRead
                }
                append(running[place], .invoke)
            case .open:
                if movePercent < 100, !random.chance(percent: movePercent) { continue }
                running[place].phase = .done
                guard running[place].crashes else {
                    if wantsStaleRead, let stale = running[place].staleRead {
                        wantsStaleRead = false
                        running[place].step = stale
                        decide(running[place])
                    } else {
                        running[place].step = apply(running[place], takesEffect: true)
                    }
                    running[place].staleRead = nil
                    flush(into: &sink)
                    continue
                }
                let fate = random.below(3)
                if fate == 2 {
                    late.append((running[place], turn + random.below(40 * clients)))
                } else {
                    running[place].step = apply(running[place], takesEffect: fate == 0)
                    flush(into: &sink)
                }
            case .done:
                if movePercent < 100, !random.chance(percent: movePercent) { continue }
                running[place].phase = .idle
                open -= 1
                if running[place].crashes {
                    append(running[place], .info)
                    running[place] = Client(process: nextProcess)
                    nextProcess += 1
                } else {
                    let client = running[place]
                    objects[client.object].returned(
                        client.step, invokedAt: client.invokedAt, returnedAt: base + pending.count)
                    append(client, client.step.kind)
                }
                flush(into: &sink)
            }
        }
        for (client, _) in late { apply(client, takesEffect: false) }
        flush(into: &sink)
        return nextProcess
    }

    /// Decides what an operation does, and completes its invocation.
    @discardableResult
    private mutating func apply(_ client: Client, takesEffect: Bool) -> SyntheticStep {
        var decided = client
        decided.step = objects[client.object].act(&random, changes: client.crashes, takesEffect: takesEffect)
        decide(decided)
        return decided.step
    }

    private mutating func decide(_ client: Client) {
        let place = client.invokedAt - base
        pending[place].function = client.step.function
        pending[place].value = client.step.input
        // The `info` of an operation that takes effect later may already be recorded.
        guard client.crashes else { return }
        for later in (place + 1)..<max(place + 1, pending.count) where pending[later].process == client.process {
            pending[later].function = client.step.function
            pending[later].value = client.step.input
        }
    }

    private mutating func append(_ client: Client, _ kind: Operation.Kind) {
        var event = Event(process: client.process, kind: kind, object: client.object)
        switch kind {
        case .invoke: break
        case .info:
            // Empty where the operation takes effect later: then it is filled in together with the invocation.
            event.function = client.step.function
            event.value = client.step.input
            event.error = "timeout"
        case .ok, .fail:
            event.function = client.step.function
            event.value = client.step.output
            event.error = client.step.error
        }
        pending.append(event)
    }

    /// Hands on the events up to the first that is not decided.
    private mutating func flush(into sink: inout EventSink) {
        while head < pending.count, !pending[head].function.isEmpty {
            let event = pending[head]
            sink.emit(
                event.process, event.kind, event.function, event.value,
                key: objects.count == 1 ? nil : .integer(Int64(event.object)), error: event.error)
            head += 1
        }
        if head > 4096 {
            pending.removeFirst(head)
            base += head
            head = 0
        }
    }
}
