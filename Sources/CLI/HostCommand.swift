import ArgumentParser
import PolygraphCluster
import PolygraphHistory

struct HostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host",
        abstract: "What Polygraph does on the hosts of a cluster; it calls this itself.",
        discussion: """
            A copy of this program is put on every host and started there as root. It owns the node's processes, the \
            rules of the packet filter and the clock, and undoes everything when it hears nothing of its controller.
            """,
        shouldDisplay: false, subcommands: [HostAttachCommand.self, HostHealCommand.self, HostProbeCommand.self])
}

struct HostAttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Join standard input and output to the helper of a folder, which is started.")

    @Option(help: "The folder of one node of one run.")
    var folder: String

    @Option(help: "Silence after which everything is undone, as 20s.")
    var lease: String

    @Flag(name: .customLong("continue"), help: "The node has been there before, with data that must not be gone.")
    var isContinued = false

    func run() throws {
        guard let duration = Quantity.parseDuration(lease) else {
            throw CommandFailure.wrongUse("--lease: expected a duration such as 20s, not `\(lease)`")
        }
        do throws(ClusterError) {
            try HostHelper.attach(folder: folder, lease: duration, isContinued: isContinued)
        } catch {
            throw CommandFailure.failure(error.description)
        }
    }
}

struct HostHealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heal", abstract: "End what works in a folder, and undo what it has changed on this host.")

    @Option(help: "The folder of one node of one run.")
    var folder: String

    @Option(help: "When the host was started last in nanoseconds since 1970, for a clock that was bent before.")
    var trueStart: Int64?

    @Flag(help: "Also while the controller is at work.")
    var force = false

    func run() throws {
        let outcome: (done: [String], failed: [String])
        do throws(ClusterError) {
            outcome = try HostHelper.heal(folder: folder, trueStart: trueStart, isForced: force)
        } catch {
            throw CommandFailure.failure(error.description)
        }
        for line in outcome.done { Console.print(line) }
        if !outcome.failed.isEmpty { throw CommandFailure.failure(outcome.failed.joined(separator: "\n")) }
    }
}

struct HostProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Try what this host can do; a line for each, for `polygraph doctor FILE`.")

    func run() { Console.print(HostProbes.text(HostProbes.run())) }
}
