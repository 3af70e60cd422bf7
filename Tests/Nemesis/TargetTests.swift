import PolygraphGenerators
import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct TargetTests {
    private static let everyTarget: [Target] = [
        .one, .count(2), .minority, .majority, .minorityThird, .all, .primary, .nonPrimary, .primaryWithMinority,
        .named(["n2", "n3"]), .weighted(["n1": 1, "n4": 3]),
    ]

    @Test(arguments: everyTarget) func `a target survives being written down`(target: Target) {
        #expect(Target(target.value) == target)
    }

    @Test(arguments: everyTarget, 1...9) func `targets are nodes of the cluster, each once`(target: Target, count: Int)
    {
        guard target.problem(in: ClusterShape(nodes: count, hasPrimary: true)) == nil else { return }
        for seed in UInt64(0)..<20 {
            var random = RandomSource(seed: seed)
            let order = target.order(count, &random)
            #expect(order.sorted() == Array(0..<count))
            for size in 1...max(1, (count - 1) / 2) {
                let nodes = target.nodes(
                    order: order, minoritySize: size, names: ClusterShape(nodes: count, hasPrimary: true).names)
                #expect(Set(nodes).count == nodes.count)
                #expect(nodes.allSatisfy { (0..<count).contains($0) })
                switch target {
                case .minority, .primaryWithMinority: #expect(2 * nodes.count < count)
                case .majority: #expect(2 * nodes.count > count)
                case .minorityThird: #expect(3 * nodes.count < count)
                case .nonPrimary: #expect(nodes.count == 1 && nodes != [order[0]])
                default: break
                }
            }
        }
    }

    @Test func `odds are kept`() {
        var hits: [Int: Int] = [:]
        var random = RandomSource(seed: 1)
        for _ in 0..<4_000 {
            hits[Target.weighted(["n1": 1, "n4": 3]).order(5, &random)[0], default: 0] += 1
        }
        #expect(Set(hits.keys) == [0, 3])
        #expect((800...1_200).contains(hits[0]!))
    }

    /// Every set of targets, every set of nodes that are away already, up to six nodes.
    @Test(arguments: 1...6) func `keep leaves a majority wherever one was left, and break leaves none`(count: Int) {
        let order = Array((0..<count).reversed())
        for targetBits in 0..<(1 << count) {
            for awayBits in 0..<(1 << count) {
                let targets = (0..<count).filter { targetBits >> $0 & 1 == 1 }
                let away = Set((0..<count).filter { awayBits >> $0 & 1 == 1 })
                let kept = QuorumRule.keep.apply(to: targets, order: order, away: away)
                let leftBefore = count - away.count
                let leftAfter = count - away.union(kept).count
                #expect(kept.allSatisfy(targets.contains))
                #expect(2 * leftAfter > count || leftAfter == leftBefore)
                // No target is spared without need.
                if kept.count < targets.count { #expect(2 * (leftAfter - 1) <= count) }
                let broken = QuorumRule.break.apply(to: targets, order: order, away: away)
                #expect(Set(targets).isSubset(of: broken))
                #expect(2 * (count - away.union(broken).count) <= count)
            }
        }
    }
}
