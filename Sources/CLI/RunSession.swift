import FoundationEssentials
import Glibc
import PolygraphChecking
import PolygraphCluster
import PolygraphHistory
import PolygraphReports
import PolygraphRunner
import PolygraphWorkloads

/// One run inside the lab: folder, cluster, run, verdict, reports.
struct RunSession {
    let plan: Plan
    let file: WorkloadFile
    let options: OutcomeArguments
    /// The command that does the same again.
    let rerun: [String]
    let stop: RunStop
    /// Whether it is one of many: nothing is printed, and it is nobody's latest run.
    var isTrial = false

    private var isSilent: Bool { options.isSilent || isTrial }

    /// What a run came to.
    struct Ending {
        var exitCode: Int32
        /// Names of the anomalies that it showed.
        var anomalies: [String] = []
    }

    /// Makes a folder for the run, and carries it out.
    /// - Returns: the exit code.
    func run() throws -> Int32 {
        do throws(RunError) {
            return try execute(in: RunFolder(root: options.reports, name: plan.name, seed: plan.seed)).exitCode
        } catch {
            throw CommandFailure.failure(error.description)
        }
    }

    func execute(in folder: RunFolder) throws(RunError) -> Ending {
        let started = monotonicSeconds()
        let log = RunLog(path: folder.file("polygraph.log"))
        let status = RunStatus()
        let line = StatusLine(status: status, quiet: isSilent, log: log)
        log.write("run \(plan.name) with seed \(plan.seed)")
        if !isSilent {
            Console.error(
                "run \(plan.name), seed \(plan.seed), \(Quantity.describe(duration: plan.duration)) of load")
            // Whoever has to heal a run that is lost needs to know where it is.
            Console.error("in \(shortened(folder.path))")
        }

        let cluster: RunCluster
        if case .hosts(let hosts) = file.cluster {
            status.phase = hosts.hosts.count == 1 ? "connecting to 1 host" : "connecting to \(hosts.hosts.count) hosts"
        }
        let beforeHosts = monotonicSeconds()
        do throws(ClusterError) {
            cluster = try RunCluster(file, plan, folder, keepsFolders: options.keep, log)
        } catch {
            line.finish()
            log.write(error.description)
            throw RunError(error.description)
        }
        let transport = cluster.transport
        let preparation = monotonicSeconds() - beforeHosts
        var outcome: RunOutcome
        do throws(RunError) {
            outcome = try Run(
                plan: plan, transport: transport, folder: folder, status: status, stop: stop,
                stopsOnViolation: options.stopOnViolation
            ).execute()
        } catch {
            transport.tearDown()
            line.finish()
            log.write(error.description)
            if stop.isRequested { return Ending(exitCode: ExitStatus.interrupted) }
            throw error
        }
        if case .hosts = file.cluster {
            outcome.steps.insert(("connect to the hosts and prepare them", Int64(preparation * 1e9)), at: 0)
        }
        for step in outcome.steps { log.write("\(step.name): \(Quantity.describe(duration: step.elapsed))") }
        cluster.finish(keepsFolders: options.keep, log)

        status.phase = "checking"
        let isCutShort = outcome.interrupted || stop.isRequested
        let checkers = plan.checkers + [plan.tameRunCheck(outcome.history, isCutShort: isCutShort)]
        let results = checkers.map { checker in
            let result = checker.check(outcome.history)
            log.write("\(result.checker): \(result.verdict.rawValue): \(result.reason)")
            return result
        }
        line.finish()
        return try report(outcome, results, folder, log, elapsed: monotonicSeconds() - started)
    }

    private func report(
        _ outcome: RunOutcome, _ results: [CheckResult], _ folder: RunFolder, _ log: RunLog,
        elapsed: Double
    ) throws(RunError) -> Ending {
        let verdict = results.map(\.verdict).reduce(Verdict.valid) { $0.combined(with: $1) }
        let exitCode = ExitStatus.of(verdict)
        var record = RunRecord(workload: plan.name, verdict: verdict, exitCode: Int(exitCode), seed: plan.seed)
        record.started = RunLog.wallTime(secondsAgo: elapsed)
        record.duration = outcome.duration
        record.interrupted = outcome.interrupted
        record.results = results
        record.nodes = outcome.nodes.enumerated().map { position, node in
            let command = outcome.commands[position]
            return NodeRecord(
                name: node.name, address: node.address + (node.port.map { ":\($0)" } ?? ""),
                command: command.isEmpty ? "run by somebody else" : command.joined(separator: " "))
        }
        record.workers = plan.workers
        record.environment = EnvironmentFacts.gather()
        record.primaries = outcome.leaders.map { PrimaryChange(time: $0.time, node: $0.node) }
        record.measurements = measurements(outcome, elapsed: elapsed)
        record.warnings = file.cautions + outcome.warnings + (outcome.durability?.warning.map { [$0] } ?? [])
        let words = rerun + (options.stopOnViolation ? ["--stop-on-violation"] : [])
        record.rerunCommand = words.map(ShellWord.quoted).joined(separator: " ")
        let history = shortened(folder.file("history.jsonl"))
        record.recheckCommand = "polygraph check \(ShellWord.quoted(history)) --model \(file.modelName)"
        record.workloadText = file.text
        record.paths = RunPaths(
            directory: shortened(folder.path), history: history, report: shortened(folder.file("report.html")),
            workload: file.path)

        // The verdict is said even where nothing can be written any more.
        defer { log.write("verdict \(verdict.rawValue), exit code \(exitCode)") }
        let text = TextReport.render(record, outcome.history, width: 80, colour: false)
        var failure: RunError?
        do throws(RunError) {
            try folder.write("report.txt", text.utf8)
            try folder.write("results.json", ResultsFile.render(record, outcome.history))
            try folder.write("junit.xml", JUnitReport.render(record, outcome.history))
            try folder.write("report.html", HTMLReport.render(record, outcome.history))
            if !isTrial { folder.markLatest() }
        } catch {
            failure = error
        }
        if isTrial {
            // Whoever made it tells what it came to.
        } else if options.json {
            Console.print(String(decoding: ResultsFile.render(record, outcome.history), as: UTF8.self), terminator: "")
        } else if options.quiet {
            Console.print("\(verdict.rawValue) \(shortened(folder.path))")
        } else {
            let colour = Console.wantsColour(Console.outputIsTerminal)
            Console.print(
                TextReport.render(record, outcome.history, width: Console.width, colour: colour), terminator: "")
        }
        if let failure {
            guard verdict == .invalid else { throw failure }
            Console.error(failure.description)
        }
        // A verdict of "valid" on what could be written is not what was asked for.
        if let failure = outcome.failure, verdict != .invalid { throw RunError(failure.description) }
        return Ending(exitCode: exitCode, anomalies: results.flatMap(\.anomalies).map(\.name))
    }

    private func measurements(_ outcome: RunOutcome, elapsed: Double) -> [CheckResult.Fact] {
        func duration(_ name: String, _ nanoseconds: Int64) -> CheckResult.Fact {
            .init(name, .string(Quantity.describe(duration: nanoseconds)))
        }
        let leaderChanges = Int64(max(0, outcome.leaders.count - 1))
        let durability = outcome.durability.map { [CheckResult.Fact("durability", .string($0.sentence))] } ?? []
        return [.init("leader changes", .integer(leaderChanges))] + durability
            + outcome.steps.map { duration($0.name, $0.elapsed) }
            + [duration("in all, until the verdict", Int64(elapsed * 1e9))]
    }

    /// Relative to the working directory where that is shorter.
    private func shortened(_ path: String) -> String {
        let current = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(current) ? String(path.dropFirst(current.count)) : path
    }

    private func monotonicSeconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

/// Words for a shell.
enum ShellWord {
    static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "-")...UInt8(ascii: "9")).contains(byte)
                || [UInt8(ascii: "="), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: ",")].contains(byte)
        }
        if plain, !word.isEmpty { return word }
        var quoted = "'"
        for character in word { quoted += character == "'" ? "'\\''" : String(character) }
        return quoted + "'"
    }
}
