import ArgumentParser
import PolygraphCluster
import PolygraphReports

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try what this machine can do, and say how to enable the rest.",
        discussion: "Every primitive is really tried, in short-lived processes that leave nothing behind.")

    func run() throws {
        let terminal = Terminal(colour: Console.wantsColour(Console.outputIsTerminal))
        let probes = LabProbe.run()
        for probe in probes { show(probe, terminal.styled("missing ", .bad), terminal) }
        // Faults do without it, in a coarser way.
        show(ResourceProbe.run(), terminal.styled("coarse  ", .doubtful), terminal)
        if probes.contains(where: { !$0.works }) { throw ExitCode(2) }
        Console.print("everything that `polygraph run` needs works here")
    }

    private func show(_ probe: LabProbe.Result, _ otherwise: String, _ terminal: Terminal) {
        Console.print((probe.works ? terminal.styled("ok      ", .good) : otherwise) + probe.name)
        if probe.works { return }
        Console.print("        without it: \(probe.cost)")
        Console.print("        to enable:  \(probe.remedy)")
    }
}
