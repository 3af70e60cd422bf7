import PolygraphClients
import PolygraphHistory
import PolygraphNemesis

/// Reads `faults:`; knows what the cluster offers.
struct FaultReading {
    let nodes: Int
    let hasPrimary: Bool
    /// Nanoseconds; what the file says for all faults.
    let every: Int64
    /// Nanoseconds of the run.
    let time: Int64

    private static let kinds = ["partition", "kill", "pause", "clock"]
    private static let times = ["every", "for", "after"]
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
        guard let fields = reader.mapping("a fault", known: Self.kinds + Self.times) else { return nil }
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
        let spec = fields[given[0]].flatMap { kind(given[0], $0) }
        let every = fields["every"].map { $0.duration(atLeast: Self.shortestInterval) } ?? self.every
        let duration = fields["for"].map { $0.duration() } ?? every.map { $0 / 2 }
        let first = fields["after"].map { $0.duration(atLeast: 0) }
        if let every, let duration, duration > every {
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
        guard let spec, let every, let duration else { return nil }
        return FaultEntry(spec: FaultSpec(spec), every: every, duration: duration, first: first ?? nil)
    }

    private func unknownKeys(_ reader: NodeReader) -> [String] {
        guard case .mapping(let entries) = reader.node.content else { return [] }
        return entries.map(\.key).filter { !(Self.kinds + Self.times).contains($0) }
    }

    private func kind(_ name: String, _ reader: NodeReader) -> FaultSpec.Kind? {
        switch name {
        case "partition": return partition(reader)
        case "kill": return target(reader).map { .kill($0) }
        case "pause": return target(reader).map { .pause($0) }
        default: return clock(reader)
        }
    }

    // MARK: - Partitions

    private func partition(_ reader: NodeReader) -> FaultSpec.Kind? {
        let choices = PartitionKind.allCases.map { ($0.rawValue, $0) }
        let readers = reader.oneOrMore
        if readers.isEmpty {
            reader.expected("one or more of \(choices.map(\.0).joined(separator: ", "))")
            return nil
        }
        var kinds: [PartitionKind] = []
        for reader in readers {
            guard let kind: PartitionKind = reader.choice(choices, "partition") else { continue }
            let needed = kind == .majorityRing || kind == .bridge ? 3 : 2
            if nodes < needed {
                reader.fail("`\(kind.rawValue)` needs at least \(needed) nodes; there \(isOrAre)")
            }
            if kind == .isolatePrimary, !hasPrimary { reader.fail(Self.noPrimary(kind.rawValue)) }
            kinds.append(kind)
        }
        return kinds.count == readers.count ? .partition(kinds) : nil
    }

    private var isOrAre: String { nodes == 1 ? "is 1" : "are \(nodes)" }

    private static func noPrimary(_ word: String) -> String {
        "`\(word)` needs `system.primary`, which says how to ask a node whether it leads"
    }

    // MARK: - Targets

    private func target(_ reader: NodeReader) -> Target? {
        let words = Target.words + (nodes == 1 ? ["n1"] : ["n1", "[n1, n2]"])
        let readers = reader.oneOrMore
        guard !readers.isEmpty, readers.allSatisfy({ $0.word != nil }) else {
            reader.expected("a target (\(words.joined(separator: ", ")))")
            return nil
        }
        let given = readers.compactMap(\.word)
        if given.count == 1, let target = group(given[0]) {
            if let problem = problem(with: target) { reader.fail(problem) }
            return target
        }
        let names = (1...nodes).map { "n\($0)" }
        var named: [String] = []
        for (word, reader) in zip(given, readers) {
            if named.contains(word) {
                reader.fail("`\(word)` is named twice")
            } else if names.contains(word) {
                named.append(word)
            } else if Target.words.contains(word) {
                reader.fail("`\(word)` stands alone; a list is for nodes by name")
            } else if word.hasPrefix("n"), word.dropFirst().allSatisfy(\.isNumber), word.count > 1 {
                reader.fail("there is no node `\(word)`; the nodes are \(nodes == 1 ? "n1" : "n1 … n\(nodes)")")
            } else {
                reader.fail(
                    "unknown target `\(word)`\(Spelling.suggestion(for: word, among: Target.words)) "
                        + "(known: \(words.joined(separator: ", ")))")
            }
        }
        return named.count == given.count ? .named(named) : nil
    }

    private func group(_ word: String) -> Target? {
        switch word {
        case "one": .one
        case "minority": .minority
        case "majority": .majority
        case "all": .all
        case "primary": .primary
        default: nil
        }
    }

    private func problem(with target: Target) -> String? {
        switch target {
        case .minority where nodes < 3: "`minority` needs at least 3 nodes; there \(isOrAre)"
        case .majority where nodes < 2: "`majority` needs at least 2 nodes; there is 1"
        case .primary where !hasPrimary: Self.noPrimary("primary")
        default: nil
        }
    }

    // MARK: - Clocks

    private func clock(_ reader: NodeReader) -> FaultSpec.Kind? {
        let form = "what clocks do, such as {bump: 60s, drift: 5%, target: minority}"
        guard let fields = reader.mapping(form, known: ["bump", "drift", "target"]) else { return nil }
        let bump = fields["bump"].map { $0.duration() } ?? 0
        let drift = fields["drift"].map { partsPerMillion($0) } ?? 0
        // Clocks matter most when they differ: a few nodes are wrong and the others right.
        let target = fields["target"].map { self.target($0) } ?? (nodes < 3 ? .one : .minority)
        if fields["bump"] == nil, fields["drift"] == nil {
            reader.fail("says neither `bump` (a jump, such as 60s) nor `drift` (a rate error, such as 5%)")
            return nil
        }
        guard let bump, let drift, let target else { return nil }
        return .clock(ClockChange(bump: bump, drift: drift), target)
    }

    private func partsPerMillion(_ reader: NodeReader) -> Int64? {
        guard let word = reader.word, let share = Quantity.parsePercent(word) else {
            reader.expected("a share such as 5% or 0.1%")
            return nil
        }
        // A clock that stands still or runs backwards is no drift any more.
        guard share > 0, share <= 0.5 else {
            reader.fail("must be more than 0 % and at most 50 %; found `\(word)`")
            return nil
        }
        return Int64((share * 1_000_000).rounded())
    }
}
