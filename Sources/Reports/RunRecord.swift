import PolygraphChecking
import PolygraphHistory

/// Everything that a report says of a run besides its history. Reports read it; they decide nothing.
public struct RunRecord: Sendable, Hashable {
    /// The workload's name.
    public var workload: String
    /// The seed that fixes the operations and the schedule of faults; nil for a history that came from elsewhere.
    public var seed: UInt64?
    /// Wall time of the start, ISO 8601, as the runner wrote it; empty where it is not known.
    public var started: String
    /// How long the run took, in nanoseconds.
    public var duration: Int64
    /// The verdict of the whole run.
    public var verdict: Verdict
    /// The exit code of the command that made the run.
    public var exitCode: Int
    /// Whether somebody or something ended the run before its time.
    public var interrupted: Bool
    /// What every checker said, in the order of the workload file.
    public var results: [CheckResult]
    /// The nodes, in the order of their numbers.
    public var nodes: [NodeRecord]
    /// The number of workers: process `p` ran on worker `p mod workers`. nil where that rule does not hold.
    public var workers: Int?
    /// Facts about the machine and the build: version, kernel, architecture, processors, memory, user, build mode.
    public var environment: [CheckResult.Fact]
    /// Which node was the primary from when on, in the order of time; empty where nobody knows.
    public var primaries: [PrimaryChange]
    /// Further measured facts: frames forwarded, rate reached, peak memory.
    public var measurements: [CheckResult.Fact]
    /// What a reader must know before trusting the verdict, one sentence each.
    public var warnings: [String]
    /// The command that runs the same again.
    public var rerunCommand: String
    /// The command that judges the recorded history again.
    public var recheckCommand: String
    /// The workload file as it was read.
    public var workloadText: String
    /// Where things are.
    public var paths: RunPaths

    public init(
        workload: String, verdict: Verdict, exitCode: Int, seed: UInt64? = nil, started: String = "",
        duration: Int64 = 0, interrupted: Bool = false, results: [CheckResult] = [], nodes: [NodeRecord] = [],
        workers: Int? = nil, environment: [CheckResult.Fact] = [], primaries: [PrimaryChange] = [],
        measurements: [CheckResult.Fact] = [], warnings: [String] = [], rerunCommand: String = "",
        recheckCommand: String = "", workloadText: String = "", paths: RunPaths = RunPaths()
    ) {
        self.workload = workload
        self.seed = seed
        self.started = started
        self.duration = duration
        self.verdict = verdict
        self.exitCode = exitCode
        self.interrupted = interrupted
        self.results = results
        self.nodes = nodes
        self.workers = workers
        self.environment = environment
        self.primaries = primaries
        self.measurements = measurements
        self.warnings = warnings
        self.rerunCommand = rerunCommand
        self.recheckCommand = recheckCommand
        self.workloadText = workloadText
        self.paths = paths
    }
}

/// A member of the system under test, as a report shows it.
public struct NodeRecord: Sendable, Hashable {
    public var name: String
    public var address: String
    /// The command that started it, as one line; empty where Polygraph did not start it.
    public var command: String

    public init(name: String, address: String = "", command: String = "") {
        self.name = name
        self.address = address
        self.command = command
    }
}

/// A moment at which another node was found to be the primary.
public struct PrimaryChange: Sendable, Hashable {
    /// Nanoseconds since the run began.
    public var time: Int64
    /// The primary from then on; nil when there was none.
    public var node: String?

    public init(time: Int64, node: String?) {
        self.time = time
        self.node = node
    }
}

/// Where a run's files are; nil for what was not written.
public struct RunPaths: Sendable, Hashable {
    /// The folder of the run.
    public var directory: String?
    /// `history.jsonl`
    public var history: String?
    /// `report.html`
    public var report: String?
    /// The workload file.
    public var workload: String?

    public init(directory: String? = nil, history: String? = nil, report: String? = nil, workload: String? = nil) {
        self.directory = directory
        self.history = history
        self.report = report
        self.workload = workload
    }
}

extension RunRecord {
    /// All anomalies with the checker that found each, in the order of the results.
    var anomalies: [(checker: String, anomaly: Anomaly)] {
        results.flatMap { result in result.anomalies.map { (result.checker, $0) } }
    }

    /// One sentence that says what the verdict rests on.
    var headline: String {
        let deciding = results.first { $0.verdict == verdict }
        switch verdict {
        case .invalid:
            if let anomaly = deciding?.anomalies.first ?? anomalies.first?.anomaly {
                return Sentence.capitalised("\(anomaly.name): \(anomaly.summary)")
            }
            return deciding?.reason ?? "A promise was broken."
        case .unknown:
            if let reason = deciding?.reason { return Sentence.capitalised(reason) }
            return interrupted ? "The run was interrupted before there was a verdict." : "Nothing was decided."
        case .valid:
            guard exitCode == 0 else { return "Nothing wrong was seen, but the run proves nothing; see the warnings." }
            // A promise that was decided key by key says more than counts do.
            let promises = results.filter { !$0.partitions.isEmpty }
            let early = interrupted ? "Until it was ended early: " : ""
            if let only = promises.count == 1 ? promises.first : results.count == 1 ? results.first : nil {
                return early + Sentence.capitalised(only.reason)
            }
            return early + "All \(results.count) checkers agree that a correct system could have shown this."
        }
    }
}

extension CheckResult {
    /// The name of the fact that says how a history was read.
    private static let readingName = "read with"

    /// How the history was read: what a failed cas says, what an unknown outcome means; nil where the checker did not
    /// say.
    var reading: String? { facts.first { $0.name == Self.readingName }?.value.stringValue }

    /// The facts that fit on a line, without the reading; tables are shown as tables.
    var plainFacts: [Fact] {
        facts.filter { fact in
            if case .object = fact.value { false } else { fact.name != Self.readingName }
        }
    }
}
