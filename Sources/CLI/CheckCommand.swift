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

    @Option(
        name: [.customLong("init"), .customLong("initial")], parsing: .unconditional,
        help: "The state before any operation, as JSON.")
    var initial = "null"

    @Option(help: "What a read of null says: value (there was nothing) or any (nothing).")
    var nilRead = NilRead.value

    @Option(
        help: """
            What a failed cas says: mismatch (with that error, that the value was another), observes (always), \
            ignored (never).
            """)
    var failedCas = LinearizabilityOptions.FailedCAS.mismatch

    @Option(
        parsing: .unconditional, help: "The permits of a semaphore.", transform: OptionNumber.whole(1...Int.max))
    var permits = 1

    @Option(help: ArgumentHelp("Write the witness orders of a valid history there.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("Write what contradicts itself in an invalid history there.", valueName: "file"))
    var core: String?

    @Option(parsing: .unconditional, help: "How long to search at most, as 60s.")
    var timeLimit = "5m"

    @Option(
        parsing: .unconditional, help: "How much memory the search may take, in MiB; half of what is free without it.",
        transform: OptionNumber.whole(1...1 << 30))
    var memoryLimit: Int?

    @Flag(help: "Print the results as JSON: one object, or an array of them for several files.")
    var json = false

    func run() throws {
        let entry = try ModelReading.entry(model)
        guard let limit = Quantity.parseDuration(timeLimit), limit > 0 else {
            throw CommandFailure.wrongUse("--time-limit \(timeLimit): expected a duration such as 60s or 1m30s")
        }
        if histories.count > 1, certificate != nil || core != nil {
            throw CommandFailure.wrongUse(
                "--\(core == nil ? "certificate" : "core") is for one history, but \(histories.count) are given")
        }
        let modelOptions = ModelOptions(
            initial: try ModelReading.initial(initial), nilRead: nilRead, permits: permits)
        let knownModel = try ModelReading.make(entry, modelOptions, initial: initial)
        let options = LinearizabilityOptions(
            timeLimitSeconds: Double(limit) / 1e9,
            memoryLimitBytes: memoryLimit.map { $0 << 20 } ?? EnvironmentFacts.freeMemory / 2, failedCAS: failedCas,
            keepsWitnesses: certificate != nil,
            // A line for each of many files has no room for what still holds.
            judgesLevels: histories.count == 1 || json)
        let checker = Linearizable(model: knownModel, options: options)
        var worst: Int32 = 0
        var warned: [(warning: String, files: [String])] = []
        let isArray = json && histories.count > 1
        if isArray { Console.print("[") }
        for (position, file) in histories.enumerated() {
            worst = Self.worse(worst, try check(file, checker, modelOptions, &warned))
            if isArray { Console.print(position + 1 < histories.count ? "," : "]") }
        }
        for (warning, files) in warned {
            Console.error((files.count == 1 ? files[0] : "\(files.count) histories, as \(files[0])") + ": \(warning)")
        }
        throw ExitCode(worst)
    }

    /// - Parameter warned: takes what there is to say about one of several histories, and of which it is true.
    private func check(
        _ file: String, _ checker: Linearizable, _ modelOptions: ModelOptions,
        _ warned: inout [(warning: String, files: [String])]
    ) throws -> Int32 {
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
        try writeEvidence(results[0], history, checker, modelOptions)
        let result = results[0].verdict == .valid ? results.last! : results[0]
        let code = ExitStatus.of(result.verdict)
        var record = RunRecord(workload: model, verdict: result.verdict, exitCode: Int(code))
        record.results = results
        // Where no event has a time, the positions stand for them.
        record.duration = columns.times.last.map { $0 >= Int64(columns.count) ? $0 : 0 } ?? 0
        let hint = TupleHint.hint(history, model: model, isIndependent: independent)
        record.warnings = history.warnings + (hint.map { [$0] } ?? [])
        // What came through a pipe is gone.
        let recheckCommand =
            "polygraph check \(ShellWord.quoted(file)) --model \(model)"
            + (initial == "null" ? "" : " --init \(ShellWord.quoted(initial))")
            + (nilRead == .value ? "" : " --nil-read \(nilRead.rawValue)")
            + (failedCas == .mismatch ? "" : " --failed-cas \(failedCas.rawValue)")
            + (permits == 1 ? "" : " --permits \(permits)")
            + (format.map { " --format \($0.rawValue)" } ?? "") + (independent ? " --independent" : "")
        record.recheckCommand = file == "-" ? "" : recheckCommand
        record.paths = RunPaths(history: file)
        if json {
            Console.print(String(decoding: ResultsFile.render(record, history), as: UTF8.self), terminator: "")
        } else if histories.count > 1 {
            Console.print("\(result.verdict.rawValue)\t\(file)\t\(result.anomalies.first?.summary ?? result.reason)")
            for warning in record.warnings {
                if let place = warned.firstIndex(where: { $0.warning == warning }) {
                    warned[place].files.append(file)
                } else {
                    warned.append((warning, [file]))
                }
            }
        } else {
            let colour = Console.wantsColour(Console.outputIsTerminal)
            Console.print(TextReport.render(record, history, width: Console.width, colour: colour), terminator: "")
        }
        return code
    }

    /// Writes the certificate or the core, whichever was asked for and exists.
    private func writeEvidence(
        _ result: CheckResult, _ history: History, _ checker: Linearizable, _ modelOptions: ModelOptions
    ) throws {
        if let certificate {
            if result.verdict == .valid {
                let orders = result.partitions.map { (key: $0.key, order: $0.witness ?? []) }
                let file = CertificateFile(
                    model: model, options: modelOptions, failedCAS: failedCas, orders: orders, of: history)
                try WholeFile.write(file.render(), to: certificate)
            } else {
                Console.error("no certificate: the history is \(result.verdict.rawValue)")
            }
        }
        if let core {
            if let anomaly = result.anomalies.first,
                let bytes = CoreFile.render(anomaly, in: history, model: checker.model, options: checker.options)
            {
                try WholeFile.write(bytes, to: core)
            } else {
                Console.error("no core: the history is \(result.verdict.rawValue)")
            }
        }
    }

    /// Invalid wins over wrong use, wrong use over unknown, unknown over valid.
    private static func worse(_ left: Int32, _ right: Int32) -> Int32 {
        let order: [Int32] = [1, ExitStatus.wrongUse, ExitStatus.failure, 2, 0]
        return order.firstIndex(of: left)! <= order.firstIndex(of: right)! ? left : right
    }
}
