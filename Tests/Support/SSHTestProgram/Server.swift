import Foundation
import Glibc

/// One host: a network namespace with an address and an `sshd`.
final class Server {
    let number: Int
    private unowned let world: World
    private var process: ChildProcess?
    private var settings: [String] = []

    init(number: Int, world: World) {
        self.number = number
        self.world = world
    }

    var name: String { "h\(number)" }
    var address: String { "10.99.\(number).2" }
    private var log: String { world.folder + "/\(name).log" }

    func start(_ settings: [String]) throws {
        self.settings = settings
        let configuration = world.folder + "/\(name).sshd_config"
        var lines = settings
        if !settings.contains(where: { $0.hasPrefix("HostKey ") }) {
            lines.append("HostKey \(world.folder)/keys/host_ed25519")
        }
        if !settings.contains(where: { $0.hasPrefix("UsePAM") }) { lines.append("UsePAM no") }
        if !settings.contains(where: { $0.hasPrefix("Subsystem") }) { lines.append("Subsystem sftp internal-sftp") }
        lines += [
            "Port 22", "ListenAddress 0.0.0.0", "PidFile none", "StrictModes no", "PermitRootLogin yes",
            "AuthorizedKeysFile \(world.folder)/keys/authorized", "UseDNS no",
            "PrintMotd no", "LogLevel VERBOSE",
        ]
        try lines.joined(separator: "\n").appending("\n").write(
            toFile: configuration, atomically: true, encoding: .utf8)
        let process = try ChildProcess(
            ["/usr/bin/nsenter", "--net=/run/netns/\(name)", "/usr/sbin/sshd", "-D", "-f", configuration, "-E", log],
            output: 2)
        self.process = process
        guard World.eventually({ world.readText(log).contains("Server listening") || !process.isRunning }),
            process.isRunning
        else { throw World.Failure(description: "sshd does not start: \(world.readText(log))") }
    }

    /// Ends the server and its connections, and starts it again.
    func restart(_ settings: [String]) throws {
        cutConnections()
        if let process {
            kill(process.number, SIGTERM)
            process.wait()
        }
        unlink(log)
        try start(settings)
    }

    var processNumber: Int? { process.map { Int($0.number) } }

    /// What threads may use.
    var running: ServerProcess { ServerProcess(number: processNumber ?? -1) }

    func cutConnections() { running.cutConnections() }

    /// How many processes serve connections.
    var connectionCount: Int { running.children.count }

    /// The link: while it is cut, nothing arrives, and nobody is told.
    func setLink(up: Bool) throws {
        try world.shell("ip -n \(name) link set cable \(up ? "up" : "down")")
    }
}
