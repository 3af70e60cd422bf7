import ArgumentParser
import Glibc
import PolygraphChecking
import PolygraphCluster
import PolygraphHistory
import PolygraphReports
import PolygraphRunner
import PolygraphWorkloads

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start a cluster, load it, disturb it, and judge what its clients saw.",
        discussion: """
            Everything is validated before anything is started. The nodes live in namespaces of their own; when \
            Polygraph ends, however it ends, they are gone. Ctrl-C ends the load early: what there is will be \
            healed, checked and reported; a second Ctrl-C ends at once.
            """)

    @OptionGroup var workload: WorkloadArguments

    @Option(help: "Where the run's folder is made.")
    var reports = "Reports"

    @Flag(help: "End the load once the history cannot become valid any more, instead of after the whole time.")
    var stopOnViolation = false

    @Flag(help: "Keep the nodes' data directories.")
    var keep = false

    @Flag(help: "Print the results as JSON instead of text.")
    var json = false

    @Flag(help: "Print only the verdict and where the report is.")
    var quiet = false

    func run() throws {
        let file = try workload.load()
        do throws(ClusterError) {
            if !LabWorld.isInside { try LabWorld.enter() }
        } catch {
            throw CommandFailure.failure(error.description)
        }
        let stop = RunStop()
        Interrupt.handle(stop)
        let seed = file.seed ?? UInt64.random(in: 0...999_999)
        let session = RunSession(command: self, file: file, seed: seed, stop: stop)
        let status: Int32
        do throws(RunError) {
            status = try session.execute()
        } catch {
            throw CommandFailure.failure(error.description)
        }
        throw ExitCode(status)
    }
}
