import ArgumentParser
import PolygraphChecking
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels
import PolygraphReports

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Judge a recorded history.",
        discussion: """
            Reads histories as JSON Lines, one event a line (the `history.jsonl` of a run), as EDN (Jepsen, Knossos, \
            Elle), as JSON of elle-cli, and as Jepsen's log lines. A torn last line is dropped with a warning, and an \
            operation without completion counts as `info`: it may have happened or not. With several files: one line \
            each, and the worst exit code (invalid, then wrong use, then unknown, then valid).

              polygraph check Reports/latest/history.jsonl --model cas-register
              polygraph check store/*/history.edn --independent
            """)

    @Argument(help: ArgumentHelp("History files; `-` is standard input.", valueName: "history"))
    var histories: [String]

    @Option(help: "The histories' format; found out from the content without it.")
    var format: HistoryFormat?

    @Flag(help: "Values are [key value] tuples, as jepsen.independent writes them.")
    var independent = false

    @Option(help: "What the operations mean: \(ModelCatalog.entries.map(\.name).joined(separator: ", ")).")
    var model = "cas-register"

    @Option(help: "The value before the first write, as JSON.")
    var initial = "null"

    @Option(help: "How long to search at most, as 60s.")
    var timeLimit = "5m"

    @Option(help: "How much memory the search may take, in MiB.")
    var memoryLimit = 2048

    @Flag(help: "Print the results as JSON: one object, or an array of them for several files.")
    var json = false

    func run() throws {
        guard let known = ModelCatalog.entries.first(where: { $0.name == model }) else {
            throw CommandFailure.wrongUse(
                "unknown model `\(model)`; known: \(ModelCatalog.entries.map(\.name).joined(separator: ", "))")
        }
        guard let limit = Quantity.parseDuration(timeLimit), limit > 0 else {
            throw CommandFailure.wrongUse("--time-limit \(timeLimit): expected a duration such as 60s or 1m30s")
        }
        guard (1...1 << 30).contains(memoryLimit) else {
            throw CommandFailure.wrongUse("--memory-limit \(memoryLimit): expected 1 to \(1 << 30) MiB")
        }
        let initialValue: Value
        do throws(HistoryError) {
            initialValue = try JSONParser.parse(Array(initial.utf8))
        } catch {
            throw CommandFailure.wrongUse("--initial \(initial): \(error.description)")
        }
        let knownModel: any Model
        do throws(ModelOptionsError) {
            knownModel = try known.make(ModelOptions(initial: initialValue))
        } catch {
            throw CommandFailure.wrongUse("--initial \(initial): \(error.description)")
        }
        let options = LinearizabilityOptions(
            timeLimitSeconds: Double(limit) / 1e9, memoryLimitBytes: memoryLimit << 20)
        let checker = Linearizable(model: knownModel, options: options)
        var worst: Int32 = 0
        let isArray = json && histories.count > 1
        if isArray { Console.print("[") }
        for (position, file) in histories.enumerated() {
            worst = Self.worse(worst, check(file, checker))
            if isArray { Console.print(position + 1 < histories.count ? "," : "]") }
        }
        throw ExitCode(worst)
    }

    private func check(_ file: String, _ checker: Linearizable) -> Int32 {
        let history: History
        do throws(HistoryError) {
            history = try HistoryFile.read(file, format: format, independent: independent)
        } catch {
            Console.error(error.description)
            if json, histories.count > 1 {
                let place: Value = ["paths": ["history": .string(file)], "error": .string(error.description)]
                Console.print(place.description)
            }
            return ExitStatus.wrongUse
        }
        // A history in which nothing succeeded shows nothing.
        let columns = history.columns
        let showsSomething = columns.kinds.indices.contains {
            columns.kinds[$0] == .ok && columns.processes[$0] != EventColumns.nemesis
        }
        let results = [checker.check(history)] + (showsSomething ? [] : [OperationStatistics().check(history)])
        let result = results[0].verdict == .valid ? results.last! : results[0]
        let code = ExitStatus.of(result.verdict)
        var record = RunRecord(workload: model, verdict: result.verdict, exitCode: Int(code))
        record.results = results
        record.duration = columns.times.last ?? 0
        record.warnings = history.warnings
        record.recheckCommand =
            "polygraph check \(ShellWord.quoted(file)) --model \(model)"
            + (initial == "null" ? "" : " --initial \(ShellWord.quoted(initial))")
            + (format.map { " --format \($0.rawValue)" } ?? "") + (independent ? " --independent" : "")
        record.paths = RunPaths(history: file)
        if json {
            Console.print(String(decoding: ResultsFile.render(record, history), as: UTF8.self), terminator: "")
        } else if histories.count > 1 {
            Console.print("\(result.verdict.rawValue)\t\(file)\t\(result.anomalies.first?.summary ?? result.reason)")
            for warning in history.warnings { Console.error("\(file): \(warning)") }
        } else {
            let colour = Console.wantsColour(Console.outputIsTerminal)
            Console.print(TextReport.render(record, history, width: Console.width, colour: colour), terminator: "")
        }
        return code
    }

    /// Invalid wins over wrong use, wrong use over unknown, unknown over valid.
    private static func worse(_ left: Int32, _ right: Int32) -> Int32 {
        let order: [Int32] = [1, ExitStatus.wrongUse, ExitStatus.failure, 2, 0]
        return order.firstIndex(of: left)! <= order.firstIndex(of: right)! ? left : right
    }
}
