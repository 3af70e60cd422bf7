import PolygraphHistory

/// What became of the faults of a run: those that never happened, those that did nothing, and those of which nothing
/// could be expected.
struct FaultEffects {
    /// A fault that was due less than this (nanoseconds) before the load ended may have come too late.
    private static let margin: Int64 = 1_000_000_000

    private(set) var findings: [TameFinding] = []
    /// Faults that a measurement showed.
    private(set) var shown = 0
    /// Faults without effect on nodes that another fault held down.
    private(set) var onNodesHeldDown = 0
    /// Faults that were left out to keep a majority.
    private(set) var skipped = 0
    /// Faults that the system under test, or the rules for its members, refused.
    private(set) var refused = 0
    /// Faults that nobody measured, or whose injection nobody confirmed.
    private(set) var unmeasured = 0
    /// Faults that were in force when the run was ended early, and had shown no effect by then.
    private(set) var endedEarly = 0

    init(_ expectation: RunExpectation, _ log: FaultLog) {
        findNeverHappened(expectation, log)
        let takingAway = expectation.takingAway
        let away = log.faults.filter { takingAway.contains($0.function) && $0.tookEffect }
        for fault in log.faults where fault.id != nil {
            if fault.isSkipped {
                skipped += 1
            } else if fault.tookEffect {
                shown += 1
            } else if let failure = fault.failure {
                findings.append(
                    TameFinding(name: "no effect", sentence: "\(fault.label) could not be injected: \(failure)"))
            } else if let refusal = fault.refusal {
                // One step of many may be left out.
                refused += 1
                if log.faults.contains(where: { $0.function == fault.function && $0.tookEffect }) { continue }
                findings.append(TameFinding(name: "no effect", sentence: "\(fault.label) was refused: \(refusal)"))
            } else if expectation.isEndedEarly, (fault.undoIntended ?? .max) >= expectation.duration {
                endedEarly += 1
            } else if fault.began == nil || fault.proved == nil {
                unmeasured += 1
            } else if Self.isExcused(fault, by: away) {
                onNodesHeldDown += 1
            } else {
                findings.append(
                    TameFinding(name: "no effect", sentence: "\(fault.label) had no effect that could be measured"))
            }
        }
    }

    /// How many faults of each kind there were, as a phrase: `2 of 3 faults took effect, 1 was skipped to keep a
    /// majority`.
    var phrase: String {
        let others = [
            (onNodesHeldDown, "met nodes that another fault held down", "met nodes that another fault held down"),
            (skipped, "was skipped to keep a majority", "were skipped to keep a majority"),
            (refused, "was refused", "were refused"),
            (unmeasured, "was not measured", "were not measured"),
            (endedEarly, "had no time to show an effect", "had no time to show an effect"),
        ].filter { $0.0 > 0 }
        let all = others.reduce(shown) { $0 + $1.0 }
        if others.isEmpty {
            return switch all {
            case 0: "there was no fault"
            case 1: "the fault took effect"
            case 2: "both faults took effect"
            default: "all \(all) faults took effect"
            }
        }
        return
            (["\(shown) of \(all) fault\(all == 1 ? "" : "s") took effect"]
            + others.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }).joined(separator: ", ")
    }

    private mutating func findNeverHappened(_ expectation: RunExpectation, _ log: FaultLog) {
        let happened = Set(log.faults.compactMap(\.id))
        for fault in expectation.faults where !happened.contains(Int64(fault.id)) {
            if let start = fault.start {
                guard start < expectation.duration - Self.margin else { continue }
                findings.append(
                    TameFinding(
                        name: "never happened",
                        sentence:
                            "Fault \(fault.id) (\(fault.summary)) was planned for \(FindingTime.seconds(start)) and "
                            + "never happened"))
            } else if !expectation.isEndedEarly {
                findings.append(
                    TameFinding(
                        name: "never happened",
                        sentence: "Fault \(fault.id) (\(fault.summary)) never happened, because what should have "
                            + "triggered it never came"))
            }
        }
    }

    /// Nothing can be shown on nodes that another fault holds down.
    private static func isExcused(_ fault: RecordedFault, by away: [RecordedFault]) -> Bool {
        guard let began = fault.began, !fault.targets.isEmpty else { return false }
        let held = away.filter { $0.id != fault.id && $0.isInForce(from: began, to: fault.ended ?? .max) }
        return Set(fault.targets).isSubset(of: held.flatMap(\.targets))
    }
}
