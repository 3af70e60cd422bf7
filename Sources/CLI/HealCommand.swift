import ArgumentParser
import PolygraphCluster
import PolygraphHistory
import PolygraphRunner
import PolygraphWorkloads

struct HealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heal",
        abstract: "Undo what a lost run has left on its hosts.",
        discussion: """
            A run undoes everything when it ends, however it ends, and hosts that hear nothing of it undo everything by \
            themselves when their lease is over. This makes sure of it, fetches the logs that were not collected, and \
            removes the run's folders: from the folder of the run alone, also on another machine, as long as the hosts \
            can be reached from there. Harmless when there is nothing to undo. Exit code 255 when a host could not be \
            healed.
            """)

    @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
    var path = "Reports/latest"

    @Flag(help: "Keep the nodes' folders on the hosts.")
    var keep = false

    func run() throws {
        let recorded = try RecordedRun(path)
        guard case .hosts(let configuration) = recorded.cluster else {
            Console.print("the nodes of \(recorded.path) were on this machine: the kernel has ended what they were")
            return
        }
        let file = recorded.path + "/" + HostsRecord.fileName
        guard let bytes = try? WholeFile.read(file) else {
            Console.print(
                "\(recorded.path) has no \(HostsRecord.fileName): that run ended before it did anything to a host")
            return
        }
        guard let value = try? JSONParser.parse(bytes), let record = HostsRecord(value) else {
            throw CommandFailure.wrongUse("\(file): this is no record of hosts")
        }
        let outcomes: [HostHealer.Outcome]
        do throws(ClusterError) {
            outcomes = try HostHealer.heal(
                configuration, record, logs: recorded.path + "/nodes", keepsFolders: keep)
        } catch {
            throw CommandFailure.failure(error.description)
        }
        for outcome in outcomes {
            let said = outcome.failure.map { ["NOT HEALED: \($0)"] } ?? []
            let lines = outcome.done + said
            Console.print("\(outcome.node) (\(outcome.host)): " + (lines.isEmpty ? "nothing was left" : lines[0]))
            for line in lines.dropFirst() { Console.print("  " + line) }
        }
        if outcomes.contains(where: { $0.failure != nil }) { throw ExitCode(ExitStatus.failure) }
    }
}
