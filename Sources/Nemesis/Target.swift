import PolygraphGenerators
import PolygraphHistory

/// Which nodes a fault is for.
public enum Target: Hashable, Sendable {
    case one, minority, majority, minorityThird, all, primary, nonPrimary, primaryWithMinority
    /// That many, drawn each time.
    case count(Int)
    case named([String])
    /// One, drawn each time with these odds by node name; nodes that are not named are spared.
    case weighted([String: Int64])

    private static let groups: [(word: String, target: Target)] = [
        ("one", .one), ("minority", .minority), ("majority", .majority), ("minority-third", .minorityThird),
        ("all", .all), ("primary", .primary), ("non-primary", .nonPrimary),
        ("primary-with-minority", .primaryWithMinority),
    ]

    /// The words of a workload file, without node names.
    public static let words = groups.map(\.word)

    /// - Parameter value: a word, a number of nodes, a list of node names, or odds by node name.
    public init?(_ value: Value) {
        switch value {
        case .string(let word):
            self = Self.groups.first { $0.word == word }?.target ?? .named([word])
        case .integer(let count): self = .count(Int(count))
        case .list(let names): self = .named(names.compactMap(\.stringValue))
        case .object(let odds): self = .weighted(odds.compactMapValues(\.integerValue))
        default: return nil
        }
    }

    /// What `init` reads.
    public var value: Value {
        switch self {
        case .count(let count): .integer(Int64(count))
        case .named(let names): .list(names.map(Value.string))
        case .weighted(let odds): .object(odds.mapValues(Value.integer))
        default: .string(description)
        }
    }

    /// Whether it is only known in the run who is meant.
    public var needsPrimary: Bool {
        switch self {
        case .primary, .nonPrimary, .primaryWithMinority: true
        default: false
        }
    }

    /// Why a cluster cannot have such targets; nil where it can.
    public func problem(in shape: ClusterShape) -> String? {
        let isOrAre = shape.nodes == 1 ? "is 1" : "are \(shape.nodes)"
        if needsPrimary, !shape.hasPrimary {
            return "`\(self)` needs `system.primary`, which says how to ask a node whether it leads"
        }
        let least =
            switch self {
            case .minority: 3
            case .majority, .nonPrimary: 2
            case .minorityThird: 4
            case .primaryWithMinority: 5
            case .count(let count): count
            default: 1
            }
        if case .count(let count) = self, count < 1 { return "\(count) nodes: at least 1" }
        return shape.nodes < least ? "`\(self)` needs at least \(least) nodes; there \(isOrAre)" : nil
    }

    /// The indices of the nodes that are meant.
    /// - Parameters:
    ///   - order: all nodes, shuffled; the primary stands first where one is known and meant.
    ///   - minoritySize: how many `minority` takes this time.
    public func nodes(order: [Int], minoritySize: Int, names: [String]) -> [Int] {
        let count = order.count
        return switch self {
        case .one, .primary, .weighted: Array(order.prefix(1))
        case .count(let wanted): order.prefix(wanted).sorted()
        case .minority: order.prefix(minoritySize).sorted()
        case .majority: order.prefix(count / 2 + 1).sorted()
        case .minorityThird: order.prefix(max(1, (count - 1) / 3)).sorted()
        case .all: order.sorted()
        case .nonPrimary: Array(order.dropFirst().prefix(1))
        // With one more than the primary at least, or it would be the primary alone.
        case .primaryWithMinority: order.prefix(min(max(2, minoritySize), max(1, (count - 1) / 2))).sorted()
        case .named(let wanted): names.indices.filter { wanted.contains(names[$0]) }
        }
    }

    /// A shuffle in which the first places go by the odds, where there are any.
    func order(_ nodes: Int, _ random: inout RandomSource) -> [Int] {
        let order = random.shuffled(Array(0..<nodes))
        guard case .weighted(let odds) = self else { return order }
        var rest = order
        var result: [Int] = []
        while !rest.isEmpty {
            let weights = rest.map { UInt64(max(0, odds["n\($0 + 1)"] ?? 0)) }
            let total = weights.reduce(0, +)
            guard total > 0 else { return result + rest }
            var draw = random.next(below: total)
            let place = weights.firstIndex { weight in
                if draw < weight { return true }
                draw -= weight
                return false
            }!
            result.append(rest.remove(at: place))
        }
        return result
    }
}

extension Target: CustomStringConvertible {
    public var description: String {
        switch self {
        case .count(let count): count == 1 ? "1 node" : "\(count) nodes"
        case .named(let names): names.joined(separator: " ")
        case .weighted: "weighted"
        default: Self.groups.first { $0.target == self }?.word ?? ""
        }
    }
}

/// What a fault must leave of the cluster's majority, whatever else is in force.
public enum QuorumRule: String, CaseIterable, Sendable {
    /// Fewer targets, or none, so that a majority stays untouched.
    case keep
    /// More targets, until no majority is left.
    case `break`

    /// The targets that obey the rule.
    /// - Parameters:
    ///   - targets: what the fault would take.
    ///   - order: all nodes; more targets are taken from its front.
    ///   - away: nodes that other faults have taken away.
    func apply(to targets: [Int], order: [Int], away: Set<Int>) -> [Int] {
        let count = order.count
        switch self {
        case .keep:
            let room = (count - 1) / 2 - away.count
            let fresh = order.filter { targets.contains($0) && !away.contains($0) }
            let old = targets.filter(away.contains)
            return (old + fresh.prefix(max(0, room))).sorted()
        case .break:
            var result = Set(targets)
            for node in order where result.union(away).count < count - count / 2 { result.insert(node) }
            return result.sorted()
        }
    }
}
