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
        var findings = FaultEffects(expectation, log, history).findings
        findings += SilentWindows(expectation, faults, history).findings
        findings += LeaderAttacks(expectation, faults, history).findings
        if let finding = concurrency.finding { findings.append(finding) }
        let facts = findings.map { CheckResult.Fact($0.name, .string($0.sentence)) }
        guard let first = findings.first else {
            return CheckResult(checker: name, verdict: .valid, reason: praise(faults, concurrency))
        }
        let others = findings.count == 2 ? "; and one more sign" : "; and \(findings.count - 1) more signs"
        let what = first.sentence + (findings.count == 1 ? "" : others)
        return CheckResult(
            checker: name, verdict: isAccepted ? .valid : .unknown,
            reason: (isAccepted
                ? "Too tame, which the workload file accepts: " : "The run was too tame to prove much: ")
                + what + ".",
            facts: facts)
    }

    private func praise(_ faults: [RecordedFault], _ concurrency: KeyConcurrency) -> String {
        let met = "\(concurrency.overlapping) operations met another on the same key while one of them changed it."
        let shown = faults.count(where: \.tookEffect)
        if shown < faults.count {
            return "\(shown) of \(faults.count) faults took effect, the others met nodes that were down already, and "
                + met
        }
        switch faults.count {
        case 0: return "There was no fault, and " + met
        case 1: return "The fault took effect, and " + met
        default: return "All \(faults.count) faults took effect, and " + met
        }
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
    /// Whether the load was ended before its time.
    public var isCutShort: Bool

    public init(faults: [Fault], nodes: [String], readOnly: Set<String>, duration: Int64, isCutShort: Bool = false) {
        self.faults = faults
        self.nodes = nodes
        self.readOnly = readOnly
        self.duration = duration
        self.isCutShort = isCutShort
    }

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
