import PolygraphSSH

/// A host that is reached by SSH.
final class SSHRemote: Remote {
    private let pool: SSHPool
    private let destination: SSHDestination
    private let sudo: SSHCommand.Sudo?

    /// - Parameter sudo: how the user becomes root, where it is not root who logs in.
    init(_ destination: SSHDestination, sudo: SSHCommand.Sudo?) {
        self.destination = destination
        self.sudo = destination.user == "root" ? nil : sudo
        pool = SSHPool([destination])
    }

    var name: String { destination.name }

    var uploadsAsRoot: Bool { destination.user == "root" }

    func lineEnds() throws(RemoteError) -> RemoteLine? {
        let outcome = try run(
            "echo \"$SSH_CONNECTION\"", step: "ask for the connection's addresses", asRoot: false,
            timeout: 10_000_000_000)
        // Address and port of the client, address and port of the server.
        let words = outcome.output.split { $0 == " " || $0 == "\n" }
        guard words.count == 4, let port = UInt16(words[3]) else {
            throw RemoteError(
                message: "host \(name): ask for the connection's addresses: SSH_CONNECTION is \"\(outcome.output)\". "
                    + "Without it nobody can say which frames must not be cut; see that the server is OpenSSH.")
        }
        return RemoteLine(controller: String(words[0]), host: String(words[2]), port: port)
    }

    private func connection() throws(RemoteError) -> SSHConnection {
        do throws(SSHError) { return try pool.connection(to: name) } catch { throw RemoteError(error) }
    }

    private func command(_ script: String, _ step: String, asRoot: Bool) -> SSHCommand {
        var command = SSHCommand(script: script, name: step)
        if asRoot { command.sudo = sudo }
        return command
    }

    func run(_ script: String, step: String, asRoot: Bool, timeout: Int64) throws(RemoteError) -> CommandOutcome {
        let connection = try connection()
        do throws(SSHError) {
            let result = try connection.run(command(script, step, asRoot: asRoot), timeout: .nanoseconds(timeout))
            let status: Int32? = if case .status(let number) = result.exit { number } else { nil }
            return CommandOutcome(status: status, output: result.output.text + result.errors.text)
        } catch {
            throw RemoteError(error.step == "run \(step)" ? error.during(step) : error)
        }
    }

    func open(_ script: String) throws(RemoteError) -> any RemoteStream {
        let connection = try connection()
        do throws(SSHError) {
            return SSHRemoteStream(stream: try connection.open(command(script, "the helper", asRoot: true)))
        } catch {
            throw RemoteError(error)
        }
    }

    func upload(_ local: String, to remote: String, permissions: UInt32, timeout: Int64) throws(RemoteError) {
        do throws(SSHError) {
            _ = try pool.upload(
                local, to: name, remote, permissions: permissions, timeout: .nanoseconds(timeout))
        } catch {
            throw RemoteError(error)
        }
    }

    func download(_ remote: String, to local: String, timeout: Int64) throws(RemoteError) {
        do throws(SSHError) {
            _ = try pool.download(remote, from: name, to: local, timeout: .nanoseconds(timeout))
        } catch {
            throw RemoteError(error)
        }
    }

    func close() { pool.closeAll() }
}

private struct SSHRemoteStream: RemoteStream {
    let stream: SSHStream

    func send(_ bytes: [UInt8]) { stream.send(bytes) }

    func receive(timeout: Int64) throws(RemoteError) -> [UInt8] {
        do throws(SSHError) {
            return try stream.receive(timeout: .nanoseconds(timeout))
        } catch {
            throw RemoteError(error)
        }
    }

    func close() { stream.close() }
}

extension RemoteError {
    init(_ error: SSHError) {
        message = error.description
        isLineBroken = [.connectionLost, .unreachable, .handshake, .deadline].contains(error.kind)
        isTimeout = error.kind == .deadline
    }
}
