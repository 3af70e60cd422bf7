import PolygraphCluster
import PolygraphHistory

/// The steps that faults on clocks have in common.
extension NemesisContext {
    /// Bends the clocks of a fault's targets.
    func bendClocks(_ choice: FaultChoice, for fault: Int, _ skew: (_ node: Int) -> ClockSkew) -> FaultProof {
        for node in choice.targets { clocks.bend(node, skew(node), for: fault) }
        return clocks.apply(choice.targets, self)
    }

    /// Lets them show what they would without the fault.
    func releaseClocks(_ choice: FaultChoice, from fault: Int) -> FaultProof {
        for node in choice.targets { clocks.release(node, from: fault) }
        return clocks.apply(choice.targets, self)
    }

    /// What the clocks of running nodes show, and when that was; nanoseconds.
    func clockReadings(_ nodes: [Int]) -> [Int: (offset: Int64, time: Int64)] {
        var readings: [Int: (offset: Int64, time: Int64)] = [:]
        for node in nodes where isUp(node) {
            guard let reading = try? transport.readClock(self.nodes[node]) else { continue }
            readings[node] = (reading.measuredOffset, now())
        }
        return readings
    }
}

extension FaultChoice {
    /// `clock of n1 +3 s, clock of n2 stands still`
    static func clockWords(_ targets: [Int], _ words: (_ node: Int) -> String) -> String {
        targets.map { "clock of n\($0 + 1) \(words($0))" }.joined(separator: ", ")
    }
}
