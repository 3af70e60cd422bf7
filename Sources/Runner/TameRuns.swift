import PolygraphChecking
import PolygraphHistory
import PolygraphNemesis

extension Plan {
    /// The checker that looks whether a run of this plan was hard enough on the system.
    /// - Parameters:
    ///   - history: of the run.
    ///   - isCutShort: whether the load was ended before its time.
    public func tameRunCheck(_ history: History, isCutShort: Bool) -> TameRunCheck {
        var lines: Set<Int> = []
        let faults = schedule.faults.filter { fault in
            // A trigger fires so many times at most; that it fires once can be expected.
            fault.trigger == nil || lines.insert(fault.line).inserted
        }.map { fault in
            RunExpectation.Fault(
                id: fault.id, function: fault.function, summary: fault.summary,
                start: fault.trigger == nil ? fault.start : nil,
                takesNodesAway: FaultCatalog.kind(named: fault.function)?.description.takesNodesAway ?? false)
        }
        let expectation = RunExpectation(
            faults: faults, nodes: (0..<nodes).map { "n\($0 + 1)" }, readOnly: readOnly,
            duration: isCutShort ? min(duration, Self.lastInvocation(history)) : duration, plannedDuration: duration)
        return TameRunCheck(expectation, isAccepted: acceptsTameRuns)
    }

    /// When the load ended; 0 where it never began.
    private static func lastInvocation(_ history: History) -> Int64 {
        let columns = history.columns
        let last = (0..<columns.count).last {
            columns.kinds[$0] == .invoke && columns.processes[$0] != EventColumns.nemesis
        }
        return last.map { columns.times[$0] } ?? 0
    }
}
