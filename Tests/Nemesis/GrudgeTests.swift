import PolygraphNemesis
import Testing

@Suite struct GrudgeTests {
    /// Which nodes hear `node` and are heard by it, itself included.
    private func mutualNeighbours(of node: Int, _ grudge: Grudge, count: Int) -> Set<Int> {
        Set(
            (0..<count).filter { other in
                other == node
                    || !grudge.cut.contains(.init(node, other)) && !grudge.cut.contains(.init(other, node))
            })
    }

    @Test(arguments: PartitionKind.allCases, Array(1...9))
    func `a cut names existing pairs of different nodes`(kind: PartitionKind, count: Int) {
        let grudge = Grudge(kind, order: Array((0..<count).reversed()))
        for pair in grudge.cut {
            #expect(pair.from != pair.to)
            #expect((0..<count).contains(pair.from) && (0..<count).contains(pair.to))
        }
        if count >= kind.leastNodes { #expect(!grudge.cut.isEmpty) }
    }

    @Test(arguments: PartitionKind.allCases.filter { $0 != .oneWay && $0 != .random }, Array(1...9))
    func `every shape but one-way and random is symmetric`(kind: PartitionKind, count: Int) {
        let grudge = Grudge(kind, order: Array(0..<count))
        for pair in grudge.cut { #expect(grudge.cut.contains(.init(pair.to, pair.from))) }
    }

    @Test(arguments: Array(2...9)) func `halves leave exactly one majority`(count: Int) {
        let grudge = Grudge(.halves, order: Array(0..<count))
        let sizes = (0..<count).map { mutualNeighbours(of: $0, grudge, count: count).count }
        #expect(
            sizes.sorted()
                == (Array(repeating: count / 2, count: count / 2)
                + Array(repeating: count - count / 2, count: count - count / 2)).sorted())
    }

    @Test(arguments: Array(3...9)) func `on a majority ring everybody sees a majority, nobody the same one`(count: Int)
    {
        let grudge = Grudge(.majorityRing, order: Array(0..<count))
        let views = (0..<count).map { mutualNeighbours(of: $0, grudge, count: count) }
        for view in views { #expect(view.count >= count / 2 + 1) }
        #expect(Set(views).count == count)
    }

    @Test(arguments: Array(3...9)) func `the bridge sees both sides, which do not see each other`(count: Int) {
        let order = Array((0..<count).reversed())
        let grudge = Grudge(.bridge, order: order)
        #expect(mutualNeighbours(of: order[0], grudge, count: count).count == count)
        for node in order.dropFirst() {
            let view = mutualNeighbours(of: node, grudge, count: count)
            #expect(view.contains(order[0]) && view.count < count)
        }
    }

    @Test(arguments: Array(2...9)) func `one-way leaves the way back open`(count: Int) {
        let grudge = Grudge(.oneWay, order: Array(0..<count))
        #expect(!grudge.cut.isEmpty)
        for pair in grudge.cut { #expect(!grudge.cut.contains(.init(pair.to, pair.from))) }
    }

    @Test(arguments: [PartitionKind.one, .isolatePrimary], Array(2...9))
    func `one node is alone`(kind: PartitionKind, count: Int) {
        let order = Array((0..<count).reversed())
        let grudge = Grudge(kind, order: order)
        #expect(mutualNeighbours(of: order[0], grudge, count: count) == [order[0]])
        for node in order.dropFirst() {
            #expect(mutualNeighbours(of: node, grudge, count: count).count == count - 1)
        }
    }

    @Test(arguments: Array(4...13)) func `a minority of a third leaves more than two thirds`(count: Int) {
        let grudge = Grudge(.minorityThird, order: Array(0..<count))
        let sizes = (0..<count).map { mutualNeighbours(of: $0, grudge, count: count).count }
        #expect(3 * sizes.max()! > 2 * count && 3 * sizes.min()! < count && sizes.min()! + sizes.max()! == count)
    }

    @Test func `coins decide each direction, the same coins alike`() {
        let grudges = (0..<200).map { Grudge(.random, order: Array(0..<5), coins: $0) }
        #expect(Set(grudges.map(\.cut)).count > 190)
        #expect(grudges[7] == Grudge(.random, order: Array(0..<5), coins: 7))
        // 20 directed links, 200 times.
        let share = Double(grudges.map(\.cut.count).reduce(0, +)) / 4000
        #expect(abs(share - 0.5) < 0.05)
    }
}
