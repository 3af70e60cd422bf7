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
        for probe in probes {
            Console.print(
                (probe.works ? terminal.styled("ok      ", .good) : terminal.styled("missing ", .bad)) + probe.name)
            if !probe.works {
                Console.print("        without it: \(probe.cost)")
                Console.print("        to enable:  \(probe.remedy)")
            }
        }
        if probes.contains(where: { !$0.works }) { throw ExitCode(2) }
        Console.print("everything that `polygraph run` needs works here")
    }
}
