import ArgumentParser
import PolygraphChecking
import PolygraphHistory
import PolygraphReports
import PolygraphRunner

struct ShrinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shrink",
        abstract: "Find the smallest schedule of faults with which a recorded run still fails.",
        discussion: """
            The run must have been invalid. Faults are left out, whole kinds first, then made shorter, and what is \
            left is run again and again under other seeds, until it is clear whether it still fails about as often. \
            The table at the end says how often the smallest schedule failed, and how often it did without each of \
            its faults. Ctrl-C ends the search in good order with the best so far; a second Ctrl-C ends at once.

            All runs are kept below RUN/shrink, and `polygraph replay RUN/shrink/smallest` runs the smallest schedule.

            Exit codes: 1 it still fails, 2 it never failed again, 254 wrong use, 255 Polygraph's own failure or the \
            world's.
            """)

    @Argument(help: ArgumentHelp("The folder of a run that was invalid, as Reports/latest.", valueName: "run"))
    var path: String

    @Option(
        parsing: .unconditional,
        help: "How long to search, as 10m; two thirds for the search, the rest to make sure.")
    var budget = "10m"

    @Option(
        parsing: .unconditional, help: "How often one schedule is run at most.",
        transform: OptionNumber.whole(1...1_000))
    var repeats = 10

    @Flag(help: "Begin with the faults on the nodes and at the times of the recorded history.")
    var exact = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard let budget = Quantity.parseDuration(budget), budget > 0 else {
            throw ValidationError("--budget \(self.budget): expected a duration such as 10m")
        }
    }

    func run() throws {
        let recorded = try RecordedRun(path)
        var file = try recorded.file()
        let record = try recorded.record()
        guard record.verdict == .invalid else {
            throw CommandFailure.wrongUse(
                "\(recorded.path): nothing to shrink, because the run was not invalid but \(record.verdict.rawValue)")
        }
        let history = try recorded.history()
        try file.openAccess()
        try LocalWorld.enter(for: file)
        let stop = RunStop()
        Interrupt.handle(stop)
        for warning in recorded.warnings { Console.error("warning: \(warning)") }
        let session = ShrinkSession(
            recorded: recorded, file: file, record: record, history: history, isExact: exact, repeats: repeats,
            budget: Quantity.parseDuration(budget) ?? 0, stop: stop)
        let report: ShrinkReport
        do throws(RunError) {
            report = try session.execute()
        } catch {
            throw CommandFailure.failure(error.description)
        }
        Console.print(json ? report.json : report.text)
        throw ExitCode(report.exitCode)
    }
}
