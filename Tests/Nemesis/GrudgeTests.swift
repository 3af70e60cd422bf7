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
        if count >= 3 { #expect(!grudge.cut.isEmpty) }
    }

    @Test(arguments: PartitionKind.allCases.filter { $0 != .oneWay }, Array(1...9))
    func `every shape but one-way is symmetric`(kind: PartitionKind, count: Int) {
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
}
