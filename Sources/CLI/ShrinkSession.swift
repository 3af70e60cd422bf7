import ArgumentParser
import CLinux
import Glibc
import PolygraphChecking
import PolygraphHistory
import PolygraphNemesis
import PolygraphReports
import PolygraphRunner
import PolygraphWorkloads
import Synchronization

/// One `polygraph shrink`, inside the lab.
struct ShrinkSession {
    let recorded: RecordedRun
    let file: WorkloadFile
    let record: RunRecord
    let history: History
    let isExact: Bool
    let repeats: Int
    /// Nanoseconds.
    let budget: Int64
    let stop: RunStop

    /// Nanoseconds of load after the violation that are kept.
    private static let rest: Int64 = 2_000_000_000

    func execute() throws(RunError) -> ShrinkReport {
        let begin = clinux_monotonic_ns()
        let trials = try ShrinkTrials(recorded: recorded, file: file, stop: stop, needsEnd: needsEnd)
        let search = begin + budget * 2 / 3
        var shrinker = ScheduleShrinker(
            whole, repeats: repeats,
            isOver: { phase in
                stop.isRequested || clinux_monotonic_ns() > (phase == .search ? search : begin + budget)
            },
            run: { candidate, number in trials.run(candidate, number) },
            say: { line in
                let seconds = (clinux_monotonic_ns() - begin) / 1_000_000_000
                trials.log.write(line)
                Console.error("\(seconds) s  \(line)")
            },
            improved: { candidate in trials.keep(candidate) })
        Console.error(
            "shrink \(recorded.path), \(Quantity.describe(duration: budget)) at most, runs in \(trials.folder)")
        let outcome = shrinker.shrink()
        if outcome.isReproduced { trials.keep(outcome.smallest) }
        if let failure = trials.failure, (outcome.rows.first?.tally.runs ?? 0) == 0 { throw failure }
        let report = ShrinkReport(
            run: recorded.path, folder: trials.folder, outcome: outcome, runs: trials.count,
            elapsed: clinux_monotonic_ns() - begin, anomalies: trials.anomalies, isInterrupted: stop.isRequested,
            failure: trials.failure)
        try trials.write("shrink.txt", report.text)
        try trials.write("shrink.json", report.json)
        return report
    }

    /// The recorded schedule, as far as it can have led to the violation.
    private var whole: ShrinkCandidate {
        let schedule = isExact ? recorded.schedule.asRecorded(in: history) : recorded.schedule
        let whole = ShrinkCandidate(faults: schedule.faults, duration: file.time)
        guard !needsEnd, let violation else { return whole }
        return whole.cut(at: violation, rest: max(Self.rest, file.clients.timeout))
    }

    /// Whether the violation came after the load, in the final reads.
    private var needsEnd: Bool { (violation ?? .max) > file.time }

    /// Nanoseconds from the beginning of the run to the earliest violation; nil where none has a place.
    private var violation: Int64? {
        let failing = Set(record.results.flatMap(\.anomalies).compactMap(\.failedAt))
        let columns = history.columns
        return (0..<columns.count).filter { failing.contains(columns.index($0)) }.map { position in
            let completion = columns.partner[position]
            return columns.times[completion < 0 ? position : Int(completion)]
        }.min()
    }
}

/// Makes the runs of a search.
final class ShrinkTrials {
    /// `RUN/shrink`, or with a number behind where that is there already.
    let folder: String
    let log: RunLog
    private(set) var count = 0
    /// How many runs showed each anomaly.
    private(set) var anomalies: [String: Int] = [:]
    /// Why the last run that failed by itself did.
    private(set) var failure: RunError?

    private let recorded: RecordedRun
    private let file: WorkloadFile
    private let stop: RunStop
    private let needsEnd: Bool
    /// Ends the run that goes on.
    private let running: Running

    private final class Running: Sendable {
        let stop = Mutex<RunStop?>(nil)
    }

    init(recorded: RecordedRun, file: WorkloadFile, stop: RunStop, needsEnd: Bool) throws(RunError) {
        self.recorded = recorded
        self.file = file
        self.stop = stop
        self.needsEnd = needsEnd
        var path = recorded.path + "/shrink"
        var number = 2
        while access(path, F_OK) == 0 {
            path = "\(recorded.path)/shrink-\(number)"
            number += 1
        }
        folder = path
        guard mkdir(path, 0o755) == 0 else {
            throw RunError("cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
        log = RunLog(path: path + "/polygraph.log")
        let running = Running()
        self.running = running
        stop.whenRequested { running.stop.withLock { $0 }?.request() }
    }

    /// - Parameter number: tells runs of the same schedule apart.
    /// - Returns: whether the history was invalid; nil when there was no answer.
    func run(_ candidate: ShrinkCandidate, _ number: Int) -> Bool? {
        let stop = RunStop()
        running.stop.withLock { $0 = stop }
        if self.stop.isRequested { return nil }
        count += 1
        var plan = plan(candidate, seed: recorded.seed &+ UInt64(number))
        plan.acceptsTameRuns = true
        if !needsEnd {
            plan.quiet = 0
            plan.finalGenerator = nil
        }
        do throws(RunError) {
            let folder = try RunFolder(root: recorded.path, name: name, run: "run-\(count)")
            let session = RunSession(
                plan: plan, file: file, options: try Self.options(), rerun: ["polygraph", "replay", folder.path],
                stop: stop, isTrial: true)
            let ending = try session.execute(in: folder)
            if self.stop.isRequested { return nil }
            for anomaly in Set(ending.anomalies) { anomalies[anomaly, default: 0] += 1 }
            switch ending.exitCode {
            case ExitStatus.of(.invalid): return true
            case ExitStatus.of(.valid): return false
            default: return nil
            }
        } catch {
            failure = error
            log.write("run \(count): \(error.description)")
            return nil
        }
    }

    private var name: String { String(folder.dropFirst(recorded.path.count + 1)) }

    private static func options() throws(RunError) -> OutcomeArguments {
        do {
            return try OutcomeArguments.parse(["--stop-on-violation"])
        } catch {
            throw RunError("\(error)")
        }
    }

    private func plan(_ candidate: ShrinkCandidate, seed: UInt64) -> Plan {
        var (recorded, file) = (self.recorded, self.file)
        file.time = max(candidate.duration, file.clients.timeout)
        recorded.arguments.time = "\(file.time)ns"
        // The schedule stands for them; some could not be drawn in so short a time.
        recorded.arguments.noFaults = true
        return recorded.plan(file, schedule: Schedule(numbering: candidate.faults, duration: file.time), seed: seed)
    }

    /// Writes the plan of the smallest schedule so far.
    func keep(_ candidate: ShrinkCandidate) {
        var bytes: [UInt8] = []
        JSONWriter.append(plan(candidate, seed: recorded.seed).document, to: &bytes)
        do throws(RunError) {
            let folder = try RunFolder(root: recorded.path, name: name, run: "smallest", hasNodes: false)
            try folder.write("plan.json", bytes + [UInt8(ascii: "\n")])
        } catch {
            log.write(error.description)
        }
    }

    func write(_ name: String, _ text: String) throws(RunError) {
        try RunFolder(root: recorded.path, name: self.name, run: ".", hasNodes: false).write(name, (text + "\n").utf8)
    }
}
