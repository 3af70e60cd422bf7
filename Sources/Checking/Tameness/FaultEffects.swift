import PolygraphHistory

/// Faults that never happened, and faults that did nothing.
struct FaultEffects {
    /// A fault that was due less than this (nanoseconds) before the load ended may have come too late.
    private static let margin: Int64 = 1_000_000_000

    let findings: [TameFinding]

    init(_ expectation: RunExpectation, _ log: FaultLog, _ history: History) {
        let happened = Set(log.faults.compactMap(\.id))
        var findings: [TameFinding] = []
        for fault in expectation.faults where !happened.contains(Int64(fault.id)) {
            if let start = fault.start {
                guard start < expectation.duration - Self.margin else { continue }
                findings.append(
                    TameFinding(
                        name: "never happened",
                        sentence:
                            "Fault \(fault.id) (\(fault.summary)) was planned for \(FindingTime.seconds(start)) and "
                            + "never happened"))
            } else if !expectation.isCutShort {
                findings.append(
                    TameFinding(
                        name: "never happened",
                        sentence: "Fault \(fault.id) (\(fault.summary)) never happened, because what should have "
                            + "triggered it never came"))
            }
        }
        let takingAway = expectation.takingAway
        let away = log.faults.filter { takingAway.contains($0.function) && $0.tookEffect }
        for fault in log.faults where fault.id != nil && !fault.isSkipped && !fault.tookEffect {
            if let failure = fault.failure {
                findings.append(
                    TameFinding(name: "no effect", sentence: "\(fault.label) could not be injected: \(failure)"))
            } else if let refusal = fault.refusal {
                // One step of many may be left out.
                if log.faults.contains(where: { $0.function == fault.function && $0.tookEffect }) { continue }
                findings.append(TameFinding(name: "no effect", sentence: "\(fault.label) was refused: \(refusal)"))
            } else if fault.began != nil, fault.proved == false, !Self.isExcused(fault, by: away) {
                findings.append(
                    TameFinding(name: "no effect", sentence: "\(fault.label) had no effect that could be measured"))
            }
        }
        self.findings = findings
    }

    /// Nothing can be shown on nodes that another fault holds down.
    private static func isExcused(_ fault: RecordedFault, by away: [RecordedFault]) -> Bool {
        guard let began = fault.began, !fault.targets.isEmpty else { return false }
        let held = away.filter { $0.id != fault.id && $0.isInForce(from: began, to: fault.ended ?? .max) }
        return Set(fault.targets).isSubset(of: held.flatMap(\.targets))
    }
}
