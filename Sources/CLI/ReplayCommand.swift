import ArgumentParser
import PolygraphNemesis
import PolygraphRunner

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run a recorded run again: the same workload, seed and schedule.",
        discussion: """
            The faults come as they were planned: whoever leads when a fault is for the primary is its target. With \
            --exact they come as they happened: at the times of the recorded history, on the nodes that it names (a \
            primary that was n3 then is n3 now). The system under test decides for itself what it does, so that a \
            replay may end otherwise; `polygraph shrink` finds out how often.
            """)

    @Argument(help: ArgumentHelp("The folder of a run, as Reports/latest.", valueName: "run"))
    var path: String

    @Flag(help: "Repeat the faults on the nodes and at the times of the recorded history.")
    var exact = false

    @Option(
        parsing: .unconditional, help: "Another seed for the operations, under the same faults.",
        transform: OptionNumber.seed)
    var seed: UInt64?

    @OptionGroup var outcome: OutcomeArguments

    func run() throws {
        let recorded = try RecordedRun(path)
        var file = try recorded.file()
        let schedule = try exact ? recorded.schedule.asRecorded(in: recorded.history()) : recorded.schedule
        try file.openAccess()
        try LocalWorld.enter(for: file)
        let stop = RunStop()
        Interrupt.handle(stop)
        let seed = seed ?? recorded.seed
        for warning in recorded.warnings { Console.error("warning: \(warning)") }
        if !outcome.isSilent {
            let count = schedule.faults.count
            Console.error(
                "replay of \(recorded.path): \(count == 1 ? "1 fault" : "\(count) faults") as "
                    + (exact ? "they happened" : "planned"))
        }
        let words = ["polygraph", "replay", recorded.path] + (exact ? ["--exact"] : []) + ["--seed", "\(seed)"]
        let session = RunSession(
            plan: recorded.plan(file, schedule: schedule, seed: seed), file: file, options: outcome, rerun: words,
            stop: stop)
        throw ExitCode(try session.run())
    }
}
