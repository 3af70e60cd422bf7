import Synchronization

/// A command on a host with which bytes are exchanged while it runs. One thread may send while another receives.
public final class SSHStream: Sendable {
    private let pipe: ChannelPipe
    private let signal: Signal
    private let host: String
    private let step: String
    /// Keeps the line open.
    private let connection: SSHConnection
    private let complaints = Mutex<[UInt8]>([])

    /// How much of the command's standard error is kept, in bytes.
    private static let complaintLimit = 16_384

    init(_ pipe: ChannelPipe, _ signal: Signal, _ command: SSHCommand, _ connection: SSHConnection) {
        self.pipe = pipe
        self.signal = signal
        self.connection = connection
        host = connection.destination.name
        step = "run \(command.name)"
    }

    deinit { pipe.abandon() }

    /// Hands bytes to the command's standard input, without waiting for them to arrive.
    public func send(_ bytes: [UInt8]) { pipe.append(bytes) }

    /// The next bytes of its standard output; none when the command has ended in good order.
    /// - Throws: `SSHError` when the time is over, the line broke, or the command ended otherwise; it then names what
    ///   the command wrote to its standard error.
    public func receive(timeout: Duration) throws(SSHError) -> [UInt8] {
        let deadline = Deadline(after: timeout)
        while true {
            let news = pipe.take()
            if !news.errors.isEmpty {
                complaints.withLock { complaints in
                    complaints.append(contentsOf: news.errors)
                    complaints.removeFirst(max(0, complaints.count - SSHStream.complaintLimit))
                }
            }
            if !news.output.isEmpty { return news.output }
            if let ending = news.ending {
                switch ending {
                case .exited(0): return []
                case .exited(let status): throw ended("with status \(status)")
                case .signalled(let name): throw ended("by signal \(name)")
                case .failed(let error): throw error.during(step)
                }
            }
            guard signal.wait(until: deadline) else {
                throw SSHError(
                    .deadline, host: host, step: step, "no answer within \(timeout)",
                    remedy: "See whether the host still answers.", isOutcomeUnknown: true)
            }
        }
    }

    private func ended(_ how: String) -> SSHError {
        let said = errors.split(whereSeparator: \.isNewline).suffix(5).joined(separator: "; ")
        return SSHError(
            .refused, host: host, step: step, "it ended \(how)" + (said.isEmpty ? "" : ": \(said)"),
            isOutcomeUnknown: true)
    }

    /// The end of what the command wrote to its standard error so far.
    public var errors: String { String(decoding: complaints.withLock { $0 }, as: UTF8.self) }

    /// Ends the command with its process group. From any thread, at any time.
    public func close() {
        pipe.abandon()
        signal.set()
    }
}

extension SSHConnection {
    /// Starts a command whose input is given while it runs.
    public func open(_ command: SSHCommand) throws(SSHError) -> SSHStream {
        let (pipe, signal) = try begin(command)
        if !command.input.isEmpty { pipe.append(command.input) }
        return SSHStream(pipe, signal, command, self)
    }
}
