import CLinux
import PolygraphClients
import PolygraphGenerators
import PolygraphHistory
import PolygraphNemesis
import Synchronization

/// Drives the workers: asks the generator, hands out invocations, takes completions, and gives every event its index
/// and time. One thread uses it; other threads only `post` to it.
package final class Interpreter {
    /// What other threads tell the interpreter.
    enum Message: Sendable {
        case completed(worker: ObjectIdentifier, number: Int, Completion)
        /// An event that is not an operation of a client; `recorded` is set once it is in the journal.
        case happened(Operation, recorded: Event?)
    }

    /// The way in for other threads.
    package final class Inbox: Sendable {
        fileprivate let messages = Mutex<[Message]>([])
        let arrived = Event()
        let stopRequested = Atomic<Bool>(false)

        func post(_ message: Message) {
            messages.withLock { $0.append(message) }
            arrived.set()
        }

        /// Ends the phase that runs: no new invocations, and what is open may end.
        package func stop() {
            stopRequested.store(true, ordering: .releasing)
            arrived.set()
        }
    }

    package struct Options: Sendable {
        var workers: Int
        var nodes: [String]
        /// Nanoseconds that one operation may take.
        var timeout: Int64
        /// Nanoseconds beyond `timeout` after which a client that does not return is given up.
        var grace: Int64
        /// Functions that cannot change anything.
        var readOnly: Set<String>

        package init(
            workers: Int, nodes: [String], timeout: Int64, grace: Int64 = 2_000_000_000, readOnly: Set<String>
        ) {
            self.workers = workers
            self.nodes = nodes
            self.timeout = timeout
            self.grace = grace
            self.readOnly = readOnly
        }
    }

    package let inbox = Inbox()
    private let options: Options
    private let factory: ClientFactory
    private let journal: Journal
    private let follower: RunFollower?
    private let triggers: TriggerWatch?
    private let status: RunStatus
    /// `CLOCK_MONOTONIC` at the beginning of the run.
    let origin: Int64

    private var workers: [Worker] = []
    private var open: [Operation?]
    private var context: Context
    private var nextIndex = 0
    private var openCount = 0
    private var lastTime: Int64 = 0
    private var nextOverdueCheck: Int64 = 0
    /// Operations whose client did not return in time and was given up.
    package private(set) var abandoned = 0

    package convenience init(
        options: Options, journal: Journal, status: RunStatus, origin: Int64, factory: @escaping ClientFactory
    ) {
        self.init(
            options: options, journal: journal, follower: nil, triggers: nil, status: status, origin: origin,
            factory: factory)
    }

    init(
        options: Options, journal: Journal, follower: RunFollower?, triggers: TriggerWatch?, status: RunStatus,
        origin: Int64, factory: @escaping ClientFactory
    ) {
        self.follower = follower
        self.triggers = triggers
        self.options = options
        self.journal = journal
        self.status = status
        self.origin = origin
        self.factory = factory
        open = Array(repeating: nil, count: options.workers)
        context = Context(workers: options.workers)
        workers = (0..<options.workers).map(makeWorker)
    }

    deinit { for worker in workers { worker.stop() } }

    private func makeWorker(_ number: Int) -> Worker {
        Worker(number: number, readOnly: options.readOnly, factory: factory) { [inbox] worker, completion in
            inbox.post(.completed(worker: ObjectIdentifier(worker), number: worker.number, completion))
        }
    }

    private func record(_ operation: Operation) {
        journal.append(operation)
        follower?.take(operation)
        triggers?.take(operation)
    }

    private func now() -> Int64 {
        // Two threads never read the clock for one history, but time must not run backwards in it all the same.
        lastTime = max(lastTime, clinux_monotonic_ns() - origin)
        return lastTime
    }

    /// Runs a generator until it is exhausted, the inbox is told to stop, or `deadline` (nanoseconds since the run
    /// began) has passed; then waits for what is open. Always returns within the operations' timeout and grace.
    package func run(_ initial: any Generator, until deadline: Int64 = .max) {
        var generator = initial
        var ended = false
        while true {
            // Completions first: an invocation recorded before a completion that has already arrived would look
            // concurrent with it.
            drain(&generator)
            let time = now()
            status.time.store(time, ordering: .relaxed)
            giveUpOverdue(at: time, &generator)
            if !ended, inbox.stopRequested.load(ordering: .acquiring) || time >= deadline { ended = true }
            if ended {
                if openCount == 0 { return }
                inbox.arrived.wait(20_000_000)
                continue
            }
            context.time = time
            switch generator.next(context) {
            case .invoke(let invocation): invoke(invocation, at: time, &generator)
            case .pending(let until): wait(until: min(until, deadline), from: time)
            case .exhausted: ended = true
            }
        }
    }

    /// Waits for messages while nothing is to be generated, `duration` nanoseconds at most.
    package func idle(_ duration: Int64) {
        var nothing: any Generator = Nothing()
        let end = now() + duration
        while !inbox.stopRequested.load(ordering: .acquiring) {
            drain(&nothing)
            let time = now()
            status.time.store(time, ordering: .relaxed)
            guard time < end else { return }
            wait(until: end, from: time)
        }
    }

    /// Takes in what has been posted, without waiting.
    package func drainAll() {
        var nothing: any Generator = Nothing()
        drain(&nothing)
    }

    private struct Nothing: Generator {
        mutating func next(_ context: Context) -> Next { .exhausted }
    }

    private func wait(until time: Int64, from now: Int64) {
        // Woken at least this often, so that overdue operations are noticed.
        let limit: Int64 = openCount > 0 ? 100_000_000 : 1_000_000_000
        inbox.arrived.wait(max(0, min(time - now, limit)))
    }

    private func invoke(_ invocation: Invocation, at time: Int64, _ generator: inout any Generator) {
        let worker = invocation.worker
        precondition(context.isFree(worker), "a generator chose a worker that is busy")
        let process = context.processes[worker]
        let node = process % options.nodes.count
        let operation = Operation(
            index: nextIndex, time: time, process: .client(process), kind: .invoke,
            function: invocation.call.function, key: invocation.call.key, value: invocation.call.value,
            node: options.nodes[node], intended: invocation.time)
        nextIndex += 1
        context.setFree(worker, false)
        open[worker] = operation
        openCount += 1
        // The invocation is on record before its request leaves.
        record(operation)
        generator.update(operation, context)
        let request = Request(
            function: operation.function, key: operation.key, value: operation.value, process: process,
            operation: operation.index, deadline: time + origin + options.timeout)
        workers[worker].send(request, node: node)
    }

    private func drain(_ generator: inout any Generator) {
        let messages = inbox.messages.withLock { messages in
            let taken = messages
            messages.removeAll(keepingCapacity: true)
            return taken
        }
        for message in messages {
            switch message {
            case .completed(let identity, let number, let completion):
                // A client that was given up may still come back: its operation has ended as `info`.
                guard ObjectIdentifier(workers[number]) == identity else { continue }
                complete(number, completion, &generator)
            case .happened(var operation, let recorded):
                operation.index = nextIndex
                operation.time = now()
                nextIndex += 1
                record(operation)
                context.time = operation.time
                generator.update(operation, context)
                recorded?.set()
            }
        }
    }

    private func complete(_ worker: Int, _ completion: Completion, _ generator: inout any Generator) {
        guard var operation = open[worker] else { return }
        open[worker] = nil
        openCount -= 1
        operation.index = nextIndex
        nextIndex += 1
        operation.time = now()
        operation.kind = completion.kind
        if let value = completion.value { operation.value = value }
        operation.error = completion.error
        operation.intended = nil
        record(operation)
        switch completion.kind {
        case .ok: status.ok.add(1, ordering: .relaxed)
        case .fail: status.fail.add(1, ordering: .relaxed)
        case .info, .invoke:
            status.info.add(1, ordering: .relaxed)
            context.processes[worker] += options.workers
        }
        context.setFree(worker, true)
        context.time = operation.time
        generator.update(operation, context)
    }

    /// Ends operations whose client is stuck as `info`, and puts new threads in the place of theirs.
    private func giveUpOverdue(at time: Int64, _ generator: inout any Generator) {
        guard openCount > 0, time >= nextOverdueCheck else { return }
        nextOverdueCheck = time + 50_000_000
        for worker in open.indices {
            guard let operation = open[worker], time - operation.time > options.timeout + options.grace else {
                continue
            }
            abandoned += 1
            workers[worker].stop()
            workers[worker] = makeWorker(worker)
            complete(
                worker,
                Completion(
                    options.readOnly.contains(operation.function) ? .fail : .info,
                    error: "the client did not return in time and was given up"),
                &generator)
        }
    }
}
