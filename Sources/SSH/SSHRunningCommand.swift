import Synchronization

/// A command that was started on a host.
public final class SSHRunningCommand: Sendable {
    private let command: SSHCommand
    private let pipe: ChannelPipe
    private let signal: Signal
    private let connection: SSHConnection

    init(_ command: SSHCommand, _ pipe: ChannelPipe, _ signal: Signal, connection: SSHConnection) {
        self.command = command
        self.pipe = pipe
        self.signal = signal
        self.connection = connection
    }

    /// How long is waited, after a deadline or a cancellation, until the command's processes are seen to be gone.
    public static let killTime = Duration.seconds(1)

    private var host: String { connection.destination.name }
    private var step: String { "run \(command.name)" }

    /// The command's process group, as the host numbers it; nil until it runs.
    public var processGroup: Int? { pipe.state.withLock { $0.group } }

    /// Ends the command with all processes of its group; `wait` then throws. From any thread, at any time.
    public func cancel() {
        cancelled.store(true, ordering: .releasing)
        pipe.abandon()
        signal.set()
    }

    private let cancelled = Atomic(false)

    /// Waits for the command's end. To be called once, by one thread.
    /// - Parameter timeout: when it has passed, the command's process group is killed, which may take `killTime`.
    /// - Parameter sink: takes what the command writes, standard output first, instead of the result.
    /// - Throws: `SSHError`; its `isOutcomeUnknown` tells whether the command may have run, or may still run.
    public func wait(
        timeout: Duration, sink: ((_ output: [UInt8], _ errors: [UInt8]) -> Void)? = nil
    ) throws(SSHError) -> SSHResult {
        var output = OutputCollector(limit: command.outputLimit)
        var errors = OutputCollector(limit: command.outputLimit)
        var deadline = Deadline(after: timeout)
        var timedOut = false
        var isGivenUp = false
        while true {
            let news = pipe.take()
            if !news.output.isEmpty || !news.errors.isEmpty {
                if let sink {
                    sink(news.output, news.errors)
                } else {
                    output.add(news.output)
                    errors.add(news.errors)
                }
            }
            if let ending = news.ending {
                if isGivenUp { throw afterKill(ending, timedOut: timedOut, timeout) }
                switch ending {
                case .exited(let status):
                    return SSHResult(exit: .status(status), output: output.output, errors: errors.output)
                case .signalled(let name):
                    return SSHResult(exit: .signal(name), output: output.output, errors: errors.output)
                case .failed(let error): throw error.during(step)
                }
            }
            if !isGivenUp, cancelled.load(ordering: .acquiring) || deadline.hasPassed {
                timedOut = !cancelled.load(ordering: .acquiring)
                isGivenUp = true
                pipe.abandon()
                deadline = Deadline(after: SSHRunningCommand.killTime)
                continue
            }
            if isGivenUp, deadline.hasPassed { throw notKilled(timedOut: timedOut, timeout) }
            signal.wait(until: deadline)
        }
    }

    private func afterKill(_ ending: ChannelEnding, timedOut: Bool, _ timeout: Duration) -> SSHError {
        if case .failed(let error) = ending, error.kind != .cancelled { return error.during(step) }
        let wasRequested = pipe.state.withLock { $0.wasRequested }
        return SSHError(
            timedOut ? .deadline : .cancelled, host: host, step: step,
            (timedOut ? "not done within \(timeout)" : "cancelled")
                + (wasRequested ? "; its process group was killed" : "; it had not begun"),
            isOutcomeUnknown: wasRequested)
    }

    private func notKilled(timedOut: Bool, _ timeout: Duration) -> SSHError {
        let (group, wasRequested) = pipe.state.withLock { ($0.group, $0.wasRequested) }
        guard wasRequested else {
            return afterKill(
                .failed(SSHError(.cancelled, host: host, step: step, "")), timedOut: timedOut, timeout)
        }
        return SSHError(
            timedOut ? .deadline : .cancelled, host: host, step: step,
            (timedOut ? "not done within \(timeout)" : "cancelled")
                + ", and the host does not confirm that its processes are gone",
            remedy: group.map { "See on the host whether process group \($0) is still there: ps -g \($0)" },
            isOutcomeUnknown: true)
    }
}
