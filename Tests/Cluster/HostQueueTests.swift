import Testing

@testable import PolygraphCluster

/// Delays and their like, as words for `tc`: kernels without netem cannot show more.
@Suite struct HostQueueTests {
    private let here = Endpoint.node(0)
    private let there = Endpoint.node(1)

    private func ends() throws -> HostEnds {
        try HostEnds(
            own: here, ends: [(here, ["10.0.0.1"]), (there, ["10.0.0.2"]), (.controller, ["10.0.0.9"])], id: "run")
    }

    @Test func `effects become queues, one behind the other`() {
        let effects: [LinkEffect] = [
            .burstLoss(enter: 0.01, leave: 0.5, within: 1), .corruption(share: 0.1),
            .rate(bytesPerSecond: 1_000_000, queueBytes: 50_000), .delay(.constant(20_000_000)),
            .delay(.constant(1_500)), .reordering(share: 0.25, heldBack: 5_000_000),
        ]
        #expect(
            QueueChain(effects).queues == [
                "netem limit 200000 loss gemodel 1.000000000% 50.000000000% 100.000000000% 0% corrupt 10.000000000%",
                "tbf rate 1000000bps burst 4000 limit 50000",
                "netem limit 200000 delay 20000.000000000us",
                "netem limit 200000 delay 1.500000000us",
                "netem limit 200000 delay 5000.000000000us reorder 75.000000000%",
            ])
    }

    @Test(arguments: [
        (DelayDistribution.normal(mean: 50_000_000, deviation: 10_000_000), 50_000_000.0),
        (.exponential(mean: 20_000_000), 20_000_000), (.uniform(10_000_000...30_000_000), 20_000_000),
        (.pareto(minimum: 10_000_000, shape: 3), 15_000_000),
    ])
    func `a table of delays has the mean of its distribution`(_ distribution: DelayDistribution, mean: Double) throws {
        let table = try #require(DelayTable(distribution))
        let delays = table.numbers.map { Double(table.middle) + Double($0) / 8192 * Double(table.deviation) }
        let measured = delays.reduce(0, +) / Double(delays.count)
        #expect(abs(measured - mean) < mean * 0.02, "\(measured)")
        #expect(delays.allSatisfy { $0 > -Double(table.deviation) / 4096 })
        #expect(table.deviation < 1 << 31)
        #expect(delays == delays.sorted())
    }

    @Test func `wild distributions end where netem does`() throws {
        let table = try #require(DelayTable(.pareto(minimum: 100_000_000, shape: 0.1)))
        #expect(table.deviation < 1 << 31)
        #expect(table.numbers.last == 32_767)
        #expect(DelayTable(.constant(5)) == nil)
    }

    @Test func `frames are judged where they arrive and delayed where they leave`() throws {
        let spoiled = LinkPolicy(.loss(share: 0.1), .delay(.constant(1000)), .duplication(share: 0.2))
        let plan = try HostLinkPlan(
            [
                Link(from: here, to: there): spoiled, Link(from: there, to: here): spoiled,
                Link(from: here, to: .controller): .cut, Link(from: there, to: .controller): .cut,
            ], ends: ends())
        #expect(Set(plan.filters.keys) == [Link(from: there, to: here), Link(from: here, to: .controller)])
        #expect(Set(plan.queues.keys) == [Link(from: here, to: there)])
        #expect(Set(plan.copies.keys) == [Link(from: here, to: there)])
    }

    @Test func `what the controller sends late comes back late`() throws {
        let plan = try HostLinkPlan(
            [Link(from: .controller, to: here): LinkPolicy(.delay(.constant(1000)))], ends: ends())
        #expect(Set(plan.queues.keys) == [Link(from: here, to: .controller)])
        let rate = LinkPolicy(.rate(bytesPerSecond: 1000, queueBytes: 1000))
        #expect(HostNetwork.problem(with: rate, on: Link(from: .controller, to: here)) != nil)
        #expect(HostNetwork.problem(with: rate, on: Link(from: here, to: .controller)) == nil)
        let flapping = LinkPolicy(.flap(period: 1000, up: 0.5))
        #expect(HostNetwork.problem(with: flapping, on: Link(from: here, to: there)) != nil)
    }

    @Test func `frames of some ports get what is for them and what is for all`() throws {
        let policy = LinkPolicy([
            LinkPolicy.Stage(.delay(.constant(1000))), LinkPolicy.Stage(.delay(.constant(5000)), ports: PortSet([80])),
        ])
        let link = Link(from: here, to: there)
        let stages = try #require(try HostLinkPlan([link: policy], ends: ends()).queues[link])
        #expect(stages.map { $0.ports } == [PortSet([80]), .all])
        #expect(stages.map { $0.effects.count } == [2, 1])
        let overlapping = LinkPolicy([
            LinkPolicy.Stage(.delay(.constant(1)), ports: PortSet(1...80)),
            LinkPolicy.Stage(.delay(.constant(2)), ports: PortSet([80, 90])),
        ])
        #expect(throws: ClusterError.self) { try HostLinkPlan([link: overlapping], ends: ends()) }
    }

    @Test func `what strikes single frames is drawn by the packet filter`() throws {
        let link = Link(from: here, to: there)
        func stages(_ effects: LinkEffect..., ports: PortSet = .all) throws -> [HostLinkPlan.QueueStage] {
            let policy = LinkPolicy(effects.map { LinkPolicy.Stage($0, ports: ports) })
            return try #require(try HostLinkPlan([link: policy], ends: ends()).queues[link])
        }
        typealias Stage = HostLinkPlan.QueueStage
        let corrupted = LinkEffect.corruption(share: 1, bits: 3)
        let late = LinkEffect.delay(.constant(1000))
        let held = LinkEffect.reordering(share: 1, heldBack: 5)
        #expect(
            try stages(.corruption(share: 0.1, bits: 3)) == [
                Stage(effects: [corrupted], ports: .all, share: 0.1, strikes: [.corrupted])
            ])
        #expect(
            try stages(.corruption(share: 0.5, bits: 3), late, .reordering(share: 0.5, heldBack: 5)) == [
                Stage(effects: [corrupted, late, held], ports: .all, share: 0.25, strikes: [.corrupted, .reordered]),
                Stage(effects: [late, held], ports: .all, share: 0.25 / 0.75, strikes: [.reordered]),
                Stage(effects: [corrupted, late], ports: .all, share: 0.5, strikes: [.corrupted]),
                Stage(effects: [late], ports: .all),
            ])
        #expect(try stages(.reordering(share: 1, heldBack: 5)).map { $0.share } == [1])
        #expect(
            try stages(.reordering(share: 0.1, heldBack: 5), ports: PortSet([80])).map { $0.effects } == [[held], []])
        let rate = LinkEffect.rate(bytesPerSecond: 1000, queueBytes: 1000)
        #expect(try stages(.corruption(share: 0.1), rate).map { $0.strikes } == [[]])
    }

    @Test func `drops are read by the numbers of the queues`() {
        let text = """
            class htb 7077:1 root leaf 7078: prio 0 rate 30Gbit ceil 30Gbit burst 4Mb cburst 4Mb
             Sent 1420 bytes 11 pkt (dropped 3, overlimits 0 requeues 0)
             backlog 0b 0p requeues 0
            class htb 7077:1a root leaf 7079: prio 0 rate 30Gbit
             Sent 0 bytes 0 pkt (dropped 17, overlimits 0 requeues 0)
            class tbf 7078:1 parent 7078:

            """
        #expect(HostTrafficControl.drops(text) == [1: 3, 26: 17])
    }

    @Test func `what the hosts have seen is put together, with their clocks`() {
        let arrivals: [[HostProbe.Arrival]?] = [
            [
                HostProbe.Arrival(from: 1, sentAt: 1_000_100, receivedAt: 400),
                HostProbe.Arrival(from: 1, sentAt: 1_000_000, receivedAt: 500),
            ],
            [], nil,
        ]
        let seen = Reachability(
            ends: [.node(0), .node(1), .controller], arrivals: arrivals, clocks: [0, 1_000_000, 0])
        #expect(seen.delays == [Link(from: .node(1), to: .node(0)): 300])
        #expect(seen.silent == [Link(from: .node(0), to: .node(1))])
    }
}
