import PolygraphClients
import PolygraphHistory
import PolygraphNemesis

/// Reads `schedule:`: how the lines of `faults:` share the run.
struct ScheduleReading {
    /// Names of the lines.
    let lines: [String]
    /// Nanoseconds; what the file says for all faults.
    let every: Int64

    func rules(_ reader: NodeReader) -> ScheduleRules? {
        let form = "how faults share the run, such as {exclusive: true, swarm: true}"
        guard let fields = reader.mapping(form, known: ["exclusive", "swarm", "phases", "repeat"]) else { return nil }
        let isExclusive = fields["exclusive"].map { $0.bool() } ?? false
        let isSwarm = fields["swarm"].map { $0.bool() } ?? false
        let repeats = fields["repeat"].map { $0.bool() } ?? false
        if let field = fields["repeat"], fields["phases"] == nil { field.fail("goes with `phases` only") }
        let phases = fields["phases"].map { self.phases($0) } ?? []
        guard let isExclusive, let isSwarm, let repeats, let phases else { return nil }
        return ScheduleRules(
            isExclusive: isExclusive, every: every, isSwarm: isSwarm, phases: phases, repeatsPhases: repeats)
    }

    private func phases(_ reader: NodeReader) -> [ScheduleRules.Phase]? {
        guard let phases = reader.list("a list of phases, such as `- {for: 20s, faults: [kill]}`") else { return nil }
        if phases.isEmpty { reader.fail("there is no phase: nothing would ever happen") }
        let read = phases.compactMap(phase)
        return read.count == phases.count ? read : nil
    }

    /// `{for: 20s, faults: [partition, kill]}`
    private func phase(_ reader: NodeReader) -> ScheduleRules.Phase? {
        guard let fields = reader.mapping("a phase", known: ["for", "faults"]) else { return nil }
        let least = FaultReading.shortestInterval
        let duration = fields.required("for", "how long the phase lasts, such as 20s")?.duration(atLeast: least)
        var names: Set<String>?
        if let field = fields["faults"], field.word != "all" {
            names = []
            for name in field.isNone ? [] : field.oneOrMore {
                guard let line: String = name.choice(lines.map { ($0, $0) }, "line of `faults`") else { continue }
                names?.insert(line)
            }
        }
        return duration.map { ScheduleRules.Phase(duration: $0, lines: names) }
    }
}

extension NodeReader {
    /// `none`, or an empty list.
    fileprivate var isNone: Bool { word == "none" || node.content == .sequence([]) }
}
