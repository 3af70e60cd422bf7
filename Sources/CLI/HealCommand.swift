import ArgumentParser
import FoundationEssentials
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
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

    @Argument(help: ArgumentHelp("The folder of a run; without it, the newest on hosts in Reports.", valueName: "run"))
    var path: String?

    @Flag(help: "Keep the nodes' folders on the hosts.")
    var keep = false

    @Flag(help: "Heal hosts whose controller is at work, too: it will lose its nodes.")
    var force = false

    func run() throws {
        guard let chosen = path ?? Self.newest() else {
            throw CommandFailure.wrongUse("there is no run on hosts in Reports; name the folder of one")
        }
        let recorded = try RecordedRun(chosen)
        Console.print("healing \(recorded.path)")
        let configuration: HostsConfiguration
        switch recorded.cluster {
        case .hosts(let hosts): configuration = hosts
        case .local:
            return Console.print("its nodes were on this machine: the kernel has ended what they were")
        case .external:
            let hooks = recorded.schedule.faults.contains { $0.function == "hook" }
            Console.print("its nodes are run by somebody else, and only hooks change anything there")
            if !hooks { return }
            Console.print("commands of `hook` are not repeated: `polygraph run FILE --dry-run` shows each `undo`")
            throw ExitCode(ExitStatus.failure)
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
                configuration, record, logs: recorded.path + "/nodes", keepsFolders: keep, isForced: force)
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

    /// The run on hosts that began last, one without a verdict before all others.
    private static func newest() -> String? {
        let files = FileManager.default
        var runs: [(isOpen: Bool, time: String, path: String)] = []
        for workload in (try? files.contentsOfDirectory(atPath: "Reports")) ?? [] where workload != "latest" {
            for run in (try? files.contentsOfDirectory(atPath: "Reports/\(workload)")) ?? [] where run != "latest" {
                let path = "Reports/\(workload)/\(run)"
                guard files.fileExists(atPath: "\(path)/\(HostsRecord.fileName)") else { continue }
                runs.append((!files.fileExists(atPath: path + "/results.json"), run, path))
            }
        }
        return runs.max { ($0.isOpen ? 1 : 0, $0.time) < ($1.isOpen ? 1 : 0, $1.time) }?.path
    }
}
