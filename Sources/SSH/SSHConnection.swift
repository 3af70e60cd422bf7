import CSSH2
import Glibc
import Synchronization

/// A connection to a host, on which many commands and transfers can run at once. All calls block until they are
/// done and may come from any thread outside the cooperative pool.
public final class SSHConnection: Sendable {
    public let destination: SSHDestination
    private let core: ConnectionCore
    /// The host before, whose channel is this connection's line.
    private let jump: SSHConnection?

    /// Begins to connect; `waitUntilReady` says what came of it.
    /// - Throws: `SSHError` when this machine has no thread or descriptor left.
    public static func begin(_ destination: SSHDestination) throws(SSHError) -> SSHConnection {
        var hops = destination.jumps
        var last: SSHConnection?
        hops.append(destination)
        for (index, hop) in hops.enumerated() {
            var hop = hop
            // What fails on the way is told of the host that was asked for.
            if index < hops.count - 1 { hop.name = "\(destination.name) (through \(hop.name))" }
            last = try SSHConnection(hop, through: last)
        }
        guard let last else { preconditionFailure("a way has at least one host") }
        return last
    }

    /// Connects and authenticates.
    /// - Parameter timeout: nil for the one of the destination.
    public static func connect(
        to destination: SSHDestination, timeout: Duration? = nil
    ) throws(SSHError) -> SSHConnection {
        let connection = try begin(destination)
        do throws(SSHError) {
            try connection.waitUntilReady(
                timeout: timeout ?? destination.connectTimeout * (destination.jumps.count + 1))
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    private init(_ destination: SSHDestination, through jump: SSHConnection?) throws(SSHError) {
        self.destination = destination
        self.jump = jump
        let core = try ConnectionCore(host: destination.name)
        self.core = core
        let deadline = Deadline(after: destination.connectTimeout * (destination.jumps.count + 1))
        guard LiveConnections.add(core) else {
            throw SSHError(.handshake, host: destination.name, step: "start libssh2", "it has no memory")
        }
        let code = ConnectionThread.start {
            SSHConnection.live(destination, jump, core, deadline)
            LiveConnections.remove(core)
        }
        guard code == 0 else {
            LiveConnections.remove(core)
            throw SSHError(
                .unreachable, host: destination.name, step: "connect", "no thread can be started: \(errorText(code))")
        }
    }

    deinit { close() }

    /// The whole life of a connection, on its thread.
    private static func live(
        _ destination: SSHDestination, _ jump: SSHConnection?, _ core: ConnectionCore, _ deadline: Deadline
    ) {
        do throws(SSHError) {
            let wire: Wire
            if let jump {
                try jump.core.waitUntilReady(by: deadline, jump.destination.address)
                let pipe = ChannelPipe(
                    .tunnel(host: destination.hostName, port: destination.port), user: .connection(core.news),
                    connection: jump.core.news)
                try jump.core.post(pipe)
                wire = .tunnel(pipe)
            } else {
                wire = .socket(try SocketConnect.connect(destination, by: deadline))
            }
            let driver = try SessionDriver(wire: wire, host: destination.name, news: core.news)
            do throws(SSHError) {
                try Handshake(driver: driver, destination: destination, deadline: deadline, core: core).run()
            } catch {
                // A line through another host ends for a reason that the other host knows.
                if case .tunnel(let pipe) = wire, case .failed(let reason)? = pipe.take().ending { throw reason }
                throw error
            }
            core.becomeReady()
            ConnectionLoop(driver, core, destination).run()
        } catch {
            core.end(error)
        }
    }

    /// Waits until the connection can be used.
    /// - Throws: why it cannot.
    public func waitUntilReady(timeout: Duration) throws(SSHError) {
        try core.waitUntilReady(by: Deadline(after: timeout), destination.address)
    }

    /// Whether the connection broke, was closed or did not come about.
    public var hasEnded: Bool { core.hasEnded }

    /// Ends it; what is under way fails. Needs not be called where the last reference goes away.
    public func close() {
        core.requestStop()
        jump?.close()
    }

    /// Starts a command, which runs whether or not anybody waits for it.
    public func start(_ command: SSHCommand) throws(SSHError) -> SSHRunningCommand {
        let (pipe, signal) = try begin(command)
        pipe.append(command.input)
        pipe.endInput()
        return SSHRunningCommand(command, pipe, signal, connection: self)
    }

    func begin(_ command: SSHCommand) throws(SSHError) -> (ChannelPipe, Signal) {
        let text = try CommandScript.text(command, host: destination.name)
        var password: [UInt8] = []
        if let secret = command.sudo?.password {
            password = try secret.read(host: destination.name, step: "run \(command.name)")
        }
        let signal = Signal()
        let pipe = ChannelPipe(
            .command(text, CommandPreamble(sudo: command.sudo, password: password)), user: .caller(signal),
            connection: core.news)
        try post(pipe, "run \(command.name)")
        return (pipe, signal)
    }

    /// Runs a command to its end, or to the end of the time, when its process group is killed.
    public func run(_ command: SSHCommand, timeout: Duration) throws(SSHError) -> SSHResult {
        try start(command).wait(timeout: timeout)
    }

    /// A channel for the file transfer protocol.
    func openSubsystem(_ name: String) throws(SSHError) -> (ChannelPipe, Signal) {
        let signal = Signal()
        let pipe = ChannelPipe(.subsystem(name), user: .caller(signal), connection: core.news)
        try post(pipe, "start \(name)")
        return (pipe, signal)
    }

    private func post(_ pipe: ChannelPipe, _ step: String) throws(SSHError) {
        do throws(SSHError) {
            try core.post(pipe)
        } catch {
            throw error.during(step)
        }
    }
}
