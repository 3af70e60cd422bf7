import ArgumentParser
import PolygraphCluster
import PolygraphReports
import PolygraphWorkloads

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try what this machine can do, or the hosts of a workload file, and say how to enable the rest.",
        discussion: """
            Every primitive is really tried, in short-lived processes that leave nothing behind. On hosts the helper \
            stays, which a run would put there as well.
            """)

    @Argument(help: "A workload file with `hosts`; without it, this machine is examined.")
    var file: String?

    @Option(parsing: .unconditional, help: "Hosts instead of those of the file, as db1,db2,db3.")
    var hosts: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Replace one value of the workload file, as access.user=ci.", valueName: "key=value"))
    var replacements: [String] = []

    func run() throws {
        let terminal = Terminal(colour: Console.wantsColour(Console.outputIsTerminal))
        if let file { return try examineHosts(file, terminal) }
        if hosts != nil || !replacements.isEmpty {
            throw CommandFailure.wrongUse(
                "--hosts and --set change a workload file: name one, such as `polygraph doctor raft-register-ssh --hosts …`"
            )
        }
        let probes = LabProbe.run()
        for probe in probes { show(probe, terminal.styled("missing ", .bad), terminal) }
        // Faults do without it, in a coarser way.
        show(ResourceProbe.run(), terminal.styled("coarse  ", .doubtful), terminal)
        if probes.contains(where: { !$0.works }) { throw ExitCode(2) }
        Console.print("everything that `polygraph run` needs works here")
    }

    private func examineHosts(_ file: String, _ terminal: Terminal) throws {
        let workload: WorkloadFile
        do throws(WorkloadFileErrors) {
            workload = try WorkloadCatalog.load(
                file,
                overrides: WorkloadOverrides(
                    hosts: hosts.map { $0.split(separator: ",").map(String.init) }, replacements: replacements))
        } catch {
            throw CommandFailure.wrongUse(error.description)
        }
        guard case .hosts(let configuration) = workload.cluster else {
            throw CommandFailure.wrongUse(
                "\(workload.path) has its nodes \(workload.cluster.kind == .local ? "on this machine" : "elsewhere"): "
                    + "`polygraph doctor` without a file examines this machine; --hosts names others")
        }
        let findings: [HostDoctor.Finding]
        do throws(ClusterError) {
            findings = try HostDoctor.examine(configuration)
        } catch {
            throw CommandFailure.failure(error.description)
        }
        for finding in findings {
            Console.print("\(finding.node)  \(finding.host)" + (finding.address.map { "  at \($0)" } ?? ""))
            if let failure = finding.failure {
                Console.print("  " + terminal.styled("unusable  ", .bad) + failure)
            }
            for probe in finding.probes { show(probe, terminal.styled("missing ", .bad), terminal, indent: "  ") }
        }
        if findings.contains(where: { $0.failure != nil }) { throw ExitCode(ExitStatus.failure) }
        if findings.contains(where: { $0.probes.contains { !$0.works } }) { throw ExitCode(2) }
        Console.print("everything that `polygraph run` needs works there")
    }

    private func show(
        _ probe: LabProbe.Result, _ otherwise: String, _ terminal: Terminal, indent: String = ""
    ) {
        Console.print(indent + (probe.works ? terminal.styled("ok      ", .good) : otherwise) + probe.name)
        if probe.works { return }
        Console.print(indent + "        without it: \(probe.cost)")
        Console.print(indent + "        to enable:  \(probe.remedy)")
    }
}
