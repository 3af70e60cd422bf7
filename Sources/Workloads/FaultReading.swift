import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis

/// Reads `faults:`; knows what the cluster offers. What a kind of fault takes comes from its `FaultDescription`.
struct FaultReading {
    let shape: ClusterShape
    /// Nanoseconds; what the file says for all faults.
    let every: Int64
    /// Nanoseconds of the run.
    let time: Int64

    private static let kinds = FaultCatalog.names
    /// What every line may say beside its fault.
    private static let common = ["every", "for", "after", "keep", "break", "name", "weight", "when"]
    /// Nanoseconds; a fault takes about a millisecond to be made and proved.
    static let shortestInterval: Int64 = 10_000_000
    /// Of one line; the whole schedule is drawn before the run.
    private static let occurrenceLimit: Int64 = 100_000

    func entries(_ reader: NodeReader) -> [FaultEntry] {
        if reader.node.content == .sequence([]) || reader.word == nil && reader.value == .null { return [] }
        guard let lines = reader.list("a list of faults, such as `- partition: majority-ring`") else { return [] }
        return lines.compactMap(entry)
    }

    private func entry(_ reader: NodeReader) -> FaultEntry? {
        guard let fields = reader.mapping("a fault", known: Self.kinds + Self.common) else { return nil }
        let given = Self.kinds.filter { fields[$0] != nil }
        guard given.count == 1 else {
            if given.count > 1 {
                reader.fail(
                    "has \(given.map { "`\($0)`" }.joined(separator: " and ")): begin a new list item (`- `) for each")
            } else if unknownKeys(reader).isEmpty {
                reader.fail("says no fault (known: \(Self.kinds.joined(separator: ", ")))")
            }
            return nil
        }
        let kind = FaultCatalog.kind(named: given[0])!
        if let refusal = kind.description.refusal(in: shape.transport) {
            fields[given[0]]?.fail(refusal)
            return nil
        }
        let settings = fields[given[0]].flatMap { FaultSettingsReading(kind: kind, shape: shape).settings($0) }
        // A trigger comes when it comes; faults of one line still do not overlap.
        let usual = fields["when"] == nil ? self.every : min(self.every, 2 * Self.shortestInterval)
        let every = fields["every"].map { $0.duration(atLeast: Self.shortestInterval) } ?? usual
        let duration =
            fields["for"].map { $0.duration() }
            ?? (fields["when"] != nil && fields["every"] == nil ? self.every / 2 : every.map { $0 / 2 })
        let first = fields["after"].map { $0.duration(atLeast: 0) }
        if fields["when"] == nil, let every, let duration, duration > every {
            (fields["for"] ?? reader).fail(
                "lasts longer (\(Quantity.describe(duration: duration))) than from one beginning to the next "
                    + "(`every`: \(Quantity.describe(duration: every)))")
        }
        if let first = first ?? nil, first >= time {
            fields["after"]?.fail(
                "never happens: it would begin after \(Quantity.describe(duration: first)), and the run ends after "
                    + "\(Quantity.describe(duration: time)) (`time`)")
        }
        if let every, time != .max, time / every > Self.occurrenceLimit {
            reader.fail("would happen \(time / every) times; at most \(Self.occurrenceLimit) can be planned")
        }
        let quorum = quorum(fields, kind.description)
        let trigger = fields["when"].map { TriggerReading(shape: shape).trigger($0) }
        let name = fields["name"].map { $0.string("a name for the line") }
        let weight = fields["weight"].map { $0.integer(1...1_000, "a weight") } ?? 1
        guard let settings, let every, let duration, let weight else { return nil }
        if trigger != nil, trigger! == nil { return nil }
        return FaultEntry(
            given[0], settings, name: name ?? nil, every: every, duration: duration, first: first ?? nil,
            quorum: quorum, weight: weight, trigger: trigger ?? nil)
    }

    /// `keep: majority` or `break: majority`
    private func quorum(_ fields: MappingReader, _ description: FaultDescription) -> QuorumRule? {
        let rules = QuorumRule.allCases.filter { fields[$0.rawValue] != nil }
        guard let rule = rules.first, let field = fields[rule.rawValue] else { return nil }
        if rules.count > 1 { field.fail("`keep` and `break` exclude each other") }
        if !description.takesNodesAway {
            field.fail("is for faults that take nodes away, such as kill and pause; `\(description.name)` does not")
        }
        return field.choice([("majority", rule)], "rule")
    }

    private func unknownKeys(_ reader: NodeReader) -> [String] {
        guard case .mapping(let entries) = reader.node.content else { return [] }
        return entries.map(\.key).filter { !(Self.kinds + Self.common).contains($0) }
    }
}
