import Synchronization

/// Connections to several hosts, opened at once, and opened again where they broke.
public final class SSHPool: Sendable {
    private final class Host: Sendable {
        let destination: SSHDestination
        let connection = Mutex<SSHConnection?>(nil)

        init(_ destination: SSHDestination) { self.destination = destination }
    }

    private let hosts: [String: Host]
    /// In the order given.
    public let names: [String]

    /// Nothing is connected yet. Hosts are known by the names of their destinations, which must differ.
    public init(_ destinations: [SSHDestination]) {
        names = destinations.map(\.name)
        hosts = Dictionary(destinations.map { ($0.name, Host($0)) }) { first, _ in first }
        precondition(hosts.count == destinations.count, "two hosts have one name")
    }

    deinit { closeAll() }

    /// Connects to all hosts at the same time.
    /// - Returns: for every host its connection, or why there is none.
    public func connectAll(timeout: Duration) -> [String: Result<SSHConnection, SSHError>] {
        let deadline = Deadline(after: timeout)
        var begun: [String: Result<SSHConnection, SSHError>] = [:]
        for name in names {
            do throws(SSHError) { begun[name] = .success(try begin(name)) } catch { begun[name] = .failure(error) }
        }
        return begun.mapValues { result in
            result.flatMap { connection in
                do throws(SSHError) {
                    try connection.waitUntilReady(timeout: .nanoseconds(max(0, deadline.remaining)))
                    return .success(connection)
                } catch {
                    return .failure(error)
                }
            }
        }
    }

    /// The connection to a host: the one there is, or a new one when it broke. Callers at the same time share one.
    /// Nothing that was under way on the old one is repeated.
    public func connection(to name: String, timeout: Duration? = nil) throws(SSHError) -> SSHConnection {
        let connection = try begin(name)
        let destination = connection.destination
        try connection.waitUntilReady(timeout: timeout ?? destination.connectTimeout * (destination.jumps.count + 1))
        return connection
    }

    private func begin(_ name: String) throws(SSHError) -> SSHConnection {
        guard let host = hosts[name] else {
            throw SSHError(
                .configuration, host: name, step: "find the host", "there is none of this name",
                remedy: "The hosts are \(names.joined(separator: ", ")).")
        }
        let result: Result<SSHConnection, SSHError> = host.connection.withLock { current in
            if let current, !current.hasEnded { return .success(current) }
            do throws(SSHError) {
                let next = try SSHConnection.begin(host.destination)
                current = next
                return .success(next)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Uploads a file, and goes on with it over a new connection when the line breaks.
    /// - Parameter timeout: for all attempts together.
    public func upload(
        _ local: String, to name: String, _ remote: String, permissions: UInt32 = 0o644, timeout: Duration,
        progress: ((_ done: UInt64, _ size: UInt64) -> Void)? = nil
    ) throws(SSHError) -> SFTPTransfer {
        try withReconnection(to: name, timeout: timeout) { (client, left) throws(SSHError) in
            try client.upload(local, to: remote, permissions: permissions, timeout: left, progress: progress)
        }
    }

    /// Downloads a file, and goes on with it over a new connection when the line breaks.
    /// - Parameter timeout: for all attempts together.
    public func download(
        _ remote: String, from name: String, to local: String, permissions: UInt32 = 0o644, timeout: Duration,
        progress: ((_ done: UInt64, _ size: UInt64) -> Void)? = nil
    ) throws(SSHError) -> SFTPTransfer {
        try withReconnection(to: name, timeout: timeout) { (client, left) throws(SSHError) in
            try client.download(remote, to: local, permissions: permissions, timeout: left, progress: progress)
        }
    }

    /// Repeats what may be repeated, after every break of a line that worked before.
    private func withReconnection<Value>(
        to name: String, timeout: Duration, _ body: (SFTPClient, Duration) throws(SSHError) -> Value
    ) throws(SSHError) -> Value {
        let deadline = Deadline(after: timeout)
        func left() -> Duration { .nanoseconds(max(0, deadline.remaining)) }
        let pause = Duration.milliseconds(250)
        var hasWorked = false
        while true {
            do throws(SSHError) {
                let connection = try connection(to: name, timeout: left())
                let client = try SFTPClient(connection, timeout: left())
                hasWorked = true
                return try body(client, left())
            } catch {
                let isBreak =
                    error.kind == .connectionLost || error.kind == .unreachable || error.kind == .handshake
                guard isBreak, hasWorked, left() > pause else { throw error }
                Signal().wait(until: Deadline(after: pause))
            }
        }
    }

    public func closeAll() {
        for host in hosts.values {
            let connection = host.connection.withLock { current in
                defer { current = nil }
                return current
            }
            connection?.close()
        }
    }
}
