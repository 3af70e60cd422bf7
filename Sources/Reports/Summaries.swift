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

extension CheckResult.Fact {
    /// Whether the value is a text of many words, which needs a line of its own.
    var isSentence: Bool { (value.stringValue ?? "").split(separator: " ").count > 4 }

    /// As `shown`, and a duration with two digits that matter where it has a fraction: `2.87 µs` as `2.9 µs`.
    var rounded: String {
        let words = shown.split(separator: " ").map(String.init)
        guard words.count == 2, ["µs", "ms", "s"].contains(words[1]), words[0].contains("."),
            let number = Double(words[0])
        else { return shown }
        return Units.fixed(number, number.magnitude < 9.95 ? 1 : 0) + " " + words[1]
    }

    /// The same fact, with a duration that is a text as `rounded` says it.
    var withRoundedDuration: Self { value.stringValue == nil ? self : Self(name, .string(rounded)) }
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
        let unproved = history.unprovedUndos
        for fault in log.faults {
            let name = fault.label
            if let failure = fault.failure { all.append("\(name) could not be injected: \(failure)") }
            if let failure = fault.undoFailure { all.append("\(name) could not be undone: \(failure)") }
            if fault.isSkipped { continue }
            if let refusal = fault.refusal {
                all.append("\(name) was refused: \(refusal)")
                continue
            }
            if fault.began != nil, fault.proved == false, !fault.tookEffect {
                all.append("\(name) had no effect that could be measured.")
            }
            if fault.began != nil, fault.undoIsMeasured, let id = fault.id, unproved.contains(id) {
                all.append("\(name) was undone, but no measurement proves that it is gone.")
            }
        }
        var seen: Set<String> = []
        return all.filter { seen.insert($0).inserted }.map(NodeNames.inRanges)
    }
}

extension History {
    /// Numbers of the faults whose undo was carried out and then not proved by what was measured.
    fileprivate var unprovedUndos: Set<Int64> {
        var numbers: Set<Int64> = []
        for event in operations where event.process == .nemesis {
            guard event.value["action"]?.stringValue == "undo", event.value["stage"]?.stringValue == "effect",
                event.value["proved"]?.boolValue == false, let number = event.value["fault"]?.integerValue
            else { continue }
            numbers.insert(number)
        }
        return numbers
    }
}

extension RecordedFault {
    /// Whether the measurement at its end is one of the undo. Of what bends links, names and calls, it says how often
    /// that struck; of a rolling restart, whether it came to every node.
    fileprivate var undoIsMeasured: Bool {
        switch FaultFamily(function: function) {
        case .process: function != "rolling-restart"
        case .resource, .membership: true
        // A clock that nobody runs by cannot be read.
        case .clock: undoProof.values.contains { $0.fields != nil }
        case .disk: function == "power-failure"
        case .network, .name, .other: false
        }
    }
}
