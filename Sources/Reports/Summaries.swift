import PolygraphChecking
import PolygraphHistory

// Sentences that more than one report shows.

extension Anomaly {
    /// `Stale read on key 3`
    var heading: String {
        Sentence.capitalised(name) + (key.map { " on key " + Call.short($0) } ?? "")
    }
}

extension CheckResult.Fact {
    /// Name and value for people: times and sizes in units that fit, `deciding seconds 0.0012` as `deciding 1.2 ms`.
    var readable: (name: String, value: String) {
        if name.hasSuffix(" seconds"), let seconds = value.doubleValue, seconds.magnitude < 1e9 {
            return (String(name.dropLast(8)), Units.duration(Int64(seconds * 1e9)))
        }
        if name.hasSuffix(" bytes"), let bytes = value.integerValue {
            return (String(name.dropLast(6)), Quantity.describe(bytes: bytes))
        }
        return (name, shown)
    }

    /// The value without quotes around a text, and with commas between thousands.
    var shown: String {
        switch value {
        case .string(let text): text
        case .integer(let number): Units.count(Int(number))
        case .bool(let flag): flag ? "yes" : "no"
        default: value.description
        }
    }
}

extension RunRecord {
    /// `my-kv · 5 nodes · 10 clients · 6 faults · seed 42 · ran 1 min · started …`
    func subtitle(_ log: FaultLog) -> String {
        var parts = [workload]
        if !nodes.isEmpty { parts.append(Units.plural(nodes.count, "node")) }
        if let workers { parts.append(Units.plural(workers, "client")) }
        parts.append(
            log.faults.isEmpty
                ? (nodes.isEmpty ? "no faults on record" : "no faults") : Units.plural(log.faults.count, "fault"))
        if let seed { parts.append("seed \(seed)") }
        if duration > 0 { parts.append("ran \(Units.duration(duration))") }
        if interrupted { parts.append("interrupted") }
        if !started.isEmpty { parts.append("started \(started)") }
        return parts.joined(separator: " · ")
    }

    /// For a run without faults. Of a history that came from elsewhere nobody knows what was done meanwhile.
    var noFaults: String { nodes.isEmpty ? "None is on record." : "None was injected." }

    /// The record's warnings, the history's, and what the fault log itself shows.
    func allWarnings(_ history: History, _ log: FaultLog) -> [String] {
        var all: [String] = []
        if interrupted { all.append("The run was interrupted; what it shows is what it had seen until then.") }
        all += warnings
        all += history.warnings
        for fault in log.faults {
            let name = fault.label
            if let failure = fault.failure { all.append("\(name) could not be injected: \(failure)") }
            if let failure = fault.undoFailure { all.append("\(name) could not be undone: \(failure)") }
            if fault.began != nil, fault.proved == false, !fault.tookEffect, !fault.isSkipped {
                all.append("\(name) had no effect that could be measured.")
            }
        }
        var seen: Set<String> = []
        return all.filter { seen.insert($0).inserted }.map(NodeNames.inRanges)
    }
}
