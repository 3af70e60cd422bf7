import PolygraphHistory

/// Looks whether a run was hard enough on the system for `valid` to mean something.
///
/// A search-free checker: `unknown` when the run was too tame, because then a broken system would have passed too.
/// Each finding is a fact of the result.
public struct TameRunCheck: Checker {
    public let name = "tame"

    private let expectation: RunExpectation
    private let isAccepted: Bool

    /// - Parameter isAccepted: whether a tame run is what the user wants (`tame: accept`): findings are told, and the
    ///   verdict is `valid` all the same.
    public init(_ expectation: RunExpectation, isAccepted: Bool = false) {
        self.expectation = expectation
        self.isAccepted = isAccepted
    }

    public func check(_ history: History) -> CheckResult {
        let log = FaultLog(history)
        let concurrency = KeyConcurrency(history, readOnly: expectation.readOnly)
        let faults = log.faults.filter { $0.id != nil && !$0.isSkipped }
        let effects = FaultEffects(expectation, log)
        var findings = effects.findings + SilentWindows(expectation, faults, history).findings
        if expectation.isEndedEarly { return endedEarly(effects, concurrency, findings) }
        findings += LeaderAttacks(expectation, faults, history).findings
        if let finding = concurrency.finding { findings.append(finding) }
        guard !findings.isEmpty else {
            let reason = "\(effects.phrase), and \(Self.met(concurrency))."
            return CheckResult(
                checker: name, verdict: .valid, reason: reason.prefix(1).uppercased() + reason.dropFirst())
        }
        return CheckResult(
            checker: name, verdict: isAccepted ? .valid : .unknown,
            reason: (isAccepted
                ? "Too tame, which the workload file accepts: " : "The run was too tame to prove much: ")
                + Self.sentence(findings) + ".",
            facts: Self.facts(findings))
    }

    /// A run that was ended early is not blamed for what had no time to happen; where nothing had happened yet that
    /// could have shown a bug, there is no verdict either.
    private func endedEarly(
        _ effects: FaultEffects, _ concurrency: KeyConcurrency, _ findings: [TameFinding]
    ) -> CheckResult {
        let when =
            "The run was ended early, after \(FindingTime.seconds(expectation.duration)) of the "
            + "\(FindingTime.seconds(expectation.plannedDuration)) of load"
        var reason: String
        var isEnough = false
        if !findings.isEmpty {
            reason = "\(when), and it had been tame until then: \(Self.sentence(findings))"
        } else if concurrency.finding != nil {
            reason = "\(when), before enough operations had met another on the same key"
        } else if effects.shown == 0, !expectation.faults.isEmpty {
            reason = "\(when), before any fault had taken effect"
        } else {
            reason = "\(when); until then \(effects.phrase), and \(Self.met(concurrency))"
            isEnough = true
        }
        reason += "."
        return CheckResult(
            checker: name, verdict: isEnough || isAccepted ? .valid : .unknown, reason: reason,
            facts: Self.facts(findings))
    }

    private static func facts(_ findings: [TameFinding]) -> [CheckResult.Fact] {
        findings.map { CheckResult.Fact($0.name, .string($0.sentence)) }
    }

    /// The first of the findings, and how many more there are.
    private static func sentence(_ findings: [TameFinding]) -> String {
        let others = findings.count == 2 ? "; and one more sign" : "; and \(findings.count - 1) more signs"
        return (findings.first?.sentence ?? "") + (findings.count <= 1 ? "" : others)
    }

    private static func met(_ concurrency: KeyConcurrency) -> String {
        "\(concurrency.overlapping) operation\(concurrency.overlapping == 1 ? "" : "s") met another on the same key "
            + "while one of them could change it"
    }
}

/// What a run should have been like, as far as its plan says.
public struct RunExpectation: Hashable, Sendable {
    /// A fault of the schedule.
    public struct Fault: Hashable, Sendable {
        public var id: Int
        /// `partition`, `kill`, …
        public var function: String
        /// One line for people.
        public var summary: String
        /// Nanoseconds since the run began; nil where something in the run decides that.
        public var start: Int64?
        /// Whether its targets cannot serve while it is in force.
        public var takesNodesAway: Bool

        public init(id: Int, function: String, summary: String, start: Int64?, takesNodesAway: Bool) {
            self.id = id
            self.function = function
            self.summary = summary
            self.start = start
            self.takesNodesAway = takesNodesAway
        }
    }

    public var faults: [Fault]
    /// Names of all nodes.
    public var nodes: [String]
    /// Functions that change nothing.
    public var readOnly: Set<String>
    /// Nanoseconds of load; where the run was ended early, until then.
    public var duration: Int64
    /// Nanoseconds of load that were planned.
    public var plannedDuration: Int64

    /// - Parameter plannedDuration: nil: as long as it was.
    public init(
        faults: [Fault], nodes: [String], readOnly: Set<String>, duration: Int64, plannedDuration: Int64? = nil
    ) {
        self.faults = faults
        self.nodes = nodes
        self.readOnly = readOnly
        self.duration = duration
        self.plannedDuration = plannedDuration ?? duration
    }

    /// Whether the load was ended before its time. Load that comes at random has gaps, also at its end.
    var isEndedEarly: Bool { duration < plannedDuration - 1_000_000_000 }

    /// Functions of faults whose targets cannot serve.
    var takingAway: Set<String> { Set(faults.filter(\.takesNodesAway).map(\.function)) }
}

/// One reason why a run proves little.
struct TameFinding: Hashable {
    /// For a heading: `no effect`.
    var name: String
    /// Without a full stop.
    var sentence: String
}

/// Times in nanoseconds as sentences of findings say them.
enum FindingTime {
    /// `7.4 s`
    static func seconds(_ nanoseconds: Int64) -> String {
        let tenths = (max(0, nanoseconds) + 50_000_000) / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
