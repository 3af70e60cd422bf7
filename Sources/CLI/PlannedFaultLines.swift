import PolygraphHistory
import PolygraphNemesis
import PolygraphRunner
import PolygraphWorkloads

/// The faults of a plan in words: those that come by the clock, then those that wait for something, each of these once,
/// then what the file has and this plan has not.
struct PlannedFaultLines {
    private(set) var lines: [String] = []

    init(_ file: WorkloadFile, _ plan: Plan) {
        for fault in plan.schedule.faults where fault.trigger == nil {
            let end = fault.end >= plan.duration ? "the end" : Quantity.describe(duration: fault.end)
            lines.append("\(Quantity.describe(duration: fault.start)) to \(end): \(fault.effect)")
        }
        let waiting = Dictionary(grouping: plan.schedule.faults.filter { $0.trigger != nil }, by: \.line)
        for (_, faults) in waiting.sorted(by: { $0.key < $1.key }) { lines.append(Self.waiting(faults)) }
        if lines.isEmpty { lines.append("none") }
        lines += Self.leftOut(file, plan)
    }

    /// All faults of one line that waits for something.
    private static func waiting(_ faults: [PlannedFault]) -> String {
        guard let first = faults.first, let trigger = first.trigger else { return "" }
        var often = trigger.times == 1 ? "once at most" : "\(trigger.times) times at most"
        if trigger.times > 1, first.gap > first.end - first.start {
            often += ", \(Quantity.describe(duration: first.gap)) apart or more"
        }
        if first.start > 0 { often += ", not before \(Quantity.describe(duration: first.start))" }
        // Each of them draws its own targets.
        var effects: [String] = []
        for fault in faults where !effects.contains(fault.effect) { effects.append(fault.effect) }
        let what = effects.prefix(3).joined(separator: "; then ") + (effects.count > 3 ? "; and so on" : "")
        return "\(trigger.words) (\(often)), for \(Quantity.describe(duration: first.end - first.start)): \(what)"
    }

    /// Lines of `faults:`, counted from 0, that a swarm leaves out under a seed.
    static func leftOutBySwarm(_ file: WorkloadFile, seed: UInt64) -> [Int] {
        guard file.scheduleRules.isSwarm else { return [] }
        let kept = Schedule.swarm(of: file.faults, seed: seed)
        return file.faults.indices.filter { !kept.contains($0) }
    }

    private static func leftOut(_ file: WorkloadFile, _ plan: Plan) -> [String] {
        var kept = Array(file.faults.indices)
        var lines: [String] = []
        if file.scheduleRules.isSwarm, !file.faults.isEmpty {
            let without = leftOutBySwarm(file, seed: plan.seed)
            kept.removeAll { without.contains($0) }
            lines.append("swarm: this seed leaves out " + (without.isEmpty ? "nothing" : names(without, file)))
        }
        let used = Set(plan.schedule.faults.map(\.line))
        let idle = kept.filter { !used.contains($0) }
        if !idle.isEmpty { lines.append("does not come in this run: \(names(idle, file))") }
        return lines
    }

    /// The names of lines of `faults:`, with the number of the line where several go by one name.
    private static func names(_ lines: [Int], _ file: WorkloadFile) -> String {
        lines.map { line in
            let name = file.faults[line].name
            return file.faults.count { $0.name == name } > 1 ? "\(name) (faults[\(line)])" : name
        }.joined(separator: ", ")
    }
}
