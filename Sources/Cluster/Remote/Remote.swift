/// A way to one host: commands, files, and bytes to and from a command. Calls block; any thread may make them.
protocol Remote: Sendable {
    /// As the user names the host.
    var name: String { get }
    /// Where the host sees the controller, and at which of its own ports it was reached; nil where there is no line whose
    /// frames must be spared.
    func lineEnds() throws(RemoteError) -> RemoteLine?
    /// Runs a script of `/bin/sh`.
    /// - Parameters:
    ///   - step: what it does, for messages: `look at the host`.
    ///   - asRoot: whether it needs the rights of root.
    ///   - timeout: nanoseconds, after which it is ended.
    func run(_ script: String, step: String, asRoot: Bool, timeout: Int64) throws(RemoteError) -> CommandOutcome
    /// Starts a script with which bytes are exchanged, with the rights of root.
    func open(_ script: String) throws(RemoteError) -> any RemoteStream
    /// Copies a file of this machine to the host; it has its name only when it is whole.
    func upload(_ local: String, to remote: String, permissions: UInt32, timeout: Int64) throws(RemoteError)
    /// Copies a file of the host to this machine.
    func download(_ remote: String, to local: String, timeout: Int64) throws(RemoteError)
    /// Whether `upload` makes files that belong to root.
    var uploadsAsRoot: Bool { get }
    /// Ends every line to the host.
    func close()
}

/// The bytes of a command that runs on a host. One thread may send while another receives.
protocol RemoteStream: Sendable {
    func send(_ bytes: [UInt8])
    /// The next bytes; none when the command has ended in good order.
    /// - Parameter timeout: nanoseconds.
    func receive(timeout: Int64) throws(RemoteError) -> [UInt8]
    func close()
}

/// The two ends of the line between controller and host, as the host sees them.
struct RemoteLine: Hashable, Sendable {
    /// The controller's address, or that of the host in between.
    var controller: String
    /// The host's address.
    var host: String
    /// The host's port.
    var port: UInt16
}

/// Why something on a host could not be done.
struct RemoteError: Error, Hashable, Sendable {
    /// A sentence that names host, step and remedy.
    var message: String
    /// Whether the line broke or was silent, so that another attempt over a new one makes sense.
    var isLineBroken = false
    /// Whether the time was over before there was an answer.
    var isTimeout = false

    /// Whether what was to be run is not there: 126 and 127 are what a shell ends with then.
    var isMissing: Bool { message.contains("status 127") || message.contains("status 126") }

    /// As the world's failure at a step.
    func during(_ step: String, _ node: String) -> ClusterError { ClusterError(step, node: node, message) }
}
