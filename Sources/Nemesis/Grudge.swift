import PolygraphGenerators

/// The shape of a partition.
public enum PartitionKind: String, CaseIterable, Sendable {
    /// Two halves, the larger one with the majority.
    case halves
    /// One node alone.
    case one
    /// Every node sees a majority, but no two nodes the same one.
    case majorityRing = "majority-ring"
    /// Two halves joined by one node that sees both.
    case bridge
    /// Packets pass in one direction only.
    case oneWay = "one-way"
    /// The primary alone.
    case isolatePrimary = "isolate-primary"
    /// Fewer than a third of the nodes, cut from the others: what a system must bear that bears liars.
    case minorityThird = "minority-third"
    /// Each directed link is cut or whole by a coin.
    case random

    /// Below this many nodes the shape cannot be laid.
    public var leastNodes: Int {
        switch self {
        case .minorityThird: 4
        case .majorityRing, .bridge: 3
        case .halves, .one, .oneWay, .isolatePrimary, .random: 2
        }
    }
}

/// Which directed pairs of nodes a partition cuts. Jepsen's word; pure, so that every shape can be tested for every
/// cluster size.
public struct Grudge: Hashable, Sendable {
    /// A directed pair of node indices.
    public struct Pair: Hashable, Sendable, Comparable {
        public var from: Int
        public var to: Int

        public init(_ from: Int, _ to: Int) {
            self.from = from
            self.to = to
        }

        public static func < (left: Pair, right: Pair) -> Bool { (left.from, left.to) < (right.from, right.to) }
    }

    /// The pairs that are cut.
    public var cut: Set<Pair>
    /// One sentence about the shape, with node numbers as `n1`.
    public var summary: String

    /// Draws the shape on the nodes in the given order.
    /// - Parameters:
    ///   - order: all nodes (0 ..< n), shuffled; the shape is laid along it. For `isolatePrimary` the first is alone.
    ///   - coins: the seed of what `random` draws.
    public init(_ kind: PartitionKind, order: [Int], coins: UInt64 = 0) {
        let count = order.count
        switch kind {
        case .halves:
            (cut, summary) = Self.separate(Array(order.prefix(count / 2)), from: Array(order.dropFirst(count / 2)))
        case .one, .isolatePrimary:
            (cut, summary) = Self.separate(Array(order.prefix(1)), from: Array(order.dropFirst()))
        case .majorityRing:
            // Each node sees the nearest ones on the ring, as many as make a majority with itself. The reach is the
            // same in both directions, so that the links stay symmetric.
            let reach = (count / 2 + 1) / 2
            var cut: Set<Pair> = []
            for i in 0..<count {
                for j in 0..<count where i != j {
                    let distance = min((i - j + count) % count, (j - i + count) % count)
                    if distance > reach { cut.insert(Pair(order[i], order[j])) }
                }
            }
            if cut.isEmpty, count == 3 {
                // On a ring of three everybody is a neighbour: two of them lose sight of each other.
                cut = [Pair(order[0], order[2]), Pair(order[2], order[0])]
            }
            self.cut = cut
            summary = "ring \(Self.names(order, sorted: false)): each sees only its nearest \(reach) on either side"
        case .bridge:
            let half = (count - 1) / 2
            let left = Array(order.dropFirst().prefix(half))
            let right = Array(order.dropFirst(half + 1))
            (cut, summary) = Self.separate(left, from: right)
            if let bridge = order.first { summary += "; only n\(bridge + 1) sees both" }
        case .oneWay:
            let silent = Array(order.prefix(max(1, count / 2)))
            let others = Array(order.dropFirst(silent.count))
            cut = Set(silent.flatMap { from in others.map { Pair(from, $0) } })
            summary = "nothing from \(Self.names(silent)) reaches \(Self.names(others)); the way back is open"
        case .minorityThird:
            let few = max(1, (count - 1) / 3)
            (cut, summary) = Self.separate(Array(order.prefix(few)), from: Array(order.dropFirst(few)))
        case .random:
            var random = RandomSource(seed: coins)
            let pairs = order.flatMap { from in order.filter { $0 != from }.map { Pair(from, $0) } }
            cut = Set(pairs.filter { _ in random.next(below: 2) == 0 })
            // A partition cuts something, whatever the coins say.
            if cut.isEmpty, let pair = pairs.first { cut = [pair] }
            summary = "cut by coins: " + cut.sorted().map { "n\($0.from + 1)→n\($0.to + 1)" }.joined(separator: " ")
        }
    }

    /// No link between the two groups, in either direction.
    private static func separate(_ left: [Int], from right: [Int]) -> (cut: Set<Pair>, summary: String) {
        (
            Set(left.flatMap { a in right.flatMap { b in [Pair(a, b), Pair(b, a)] } }),
            "\(names(left)) cut from \(names(right))"
        )
    }

    private static func names(_ nodes: [Int], sorted: Bool = true) -> String {
        (sorted ? nodes.sorted() : nodes).map { "n\($0 + 1)" }.joined(separator: " ")
    }
}
