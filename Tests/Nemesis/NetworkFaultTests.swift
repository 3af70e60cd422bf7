import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphSystems
import Synchronization
import Testing

@testable import PolygraphNemesis

/// What network faults demand of the links, and that it ends. What links then do is tested in the lab.
@Suite struct NetworkFaultTests {
    /// Links whose every policy strikes at once.
    private final class PaperTransport: Transport {
        let name = "paper"
        let nodes: [Node]
        private struct State {
            var policies: [Link: LinkPolicy] = [:]
            var names: [NameFault] = []
            var ticks: UInt64 = 0
        }
        private let state = Mutex(State())

        init(_ count: Int) {
            nodes = (0..<count).map {
                Node(index: $0, name: "n\($0 + 1)", address: "10.0.0.\($0 + 1)", dataDirectory: "/")
            }
        }

        var policies: [Link: LinkPolicy] { state.withLock { $0.policies.filter { !$0.value.isWhole } } }
        var names: [NameFault] { state.withLock { $0.names } }

        func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64 {
            state.withLock { $0.policies = policies }
            return 1
        }
        func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 {
            try setLinks(Dictionary(uniqueKeysWithValues: cuts.map { ($0, .cut) }))
        }
        func setNames(_ faults: [NameFault]) throws(ClusterError) { state.withLock { $0.names = faults } }
        func nameCounters() -> [NameCounters] {
            state.withLock { state in
                state.ticks += 1
                return nodes.map { node in
                    var counters = NameCounters()
                    counters.questions = state.ticks
                    if state.names.contains(where: { $0.asker == node.index }) { counters.wrongAnswers = state.ticks }
                    return counters
                }
            }
        }
        func linkCounters() -> [LinkCounters] {
            state.withLock { state in
                state.ticks += 1
                return ends.flatMap { from in
                    ends.filter { $0 != from }.map { to in
                        let link = Link(from: from, to: to)
                        let ticks = state.policies[link].map { $0.isWhole ? 0 : state.ticks } ?? 0
                        var counters = LinkCounters(
                            link: link, forwardedFrames: state.ticks, forwardedBytes: state.ticks, cutFrames: ticks)
                        counters.lostFrames = ticks
                        counters.duplicatedFrames = ticks
                        counters.corruptedFrames = ticks
                        counters.reorderedFrames = ticks
                        counters.delayedFrames = ticks
                        counters.resets = ticks
                        return counters
                    }
                }
            }
        }
        private var ends: [Endpoint] { nodes.map { .node($0.index) } + [.controller] }

        func start(_ node: Node, _ launch: Launch) throws(ClusterError) {}
        func kill(_ node: Node) throws(ClusterError) -> Int { 1 }
        func pause(_ node: Node) throws(ClusterError) -> Int { 1 }
        func resume(_ node: Node) throws(ClusterError) -> Int { 1 }
        func state(of node: Node) -> NodeState { .running(pids: [1]) }
        func lastOutput(of node: Node, lines: Int) -> [String] { [] }
        func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
            ClockProof(processes: 1, elapsed: 1, measuredOffset: skew.offset, method: "paper")
        }
        func tearDown() {}
    }

    private struct PaperSystem: System {
        let name = "paper"
        func launch(_ node: Node, nodes: [Node]) -> Launch { Launch(command: ["paper"]) }
        func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer { .yes }
    }

    private let transport = PaperTransport(5)
    private let journal = Journal()

    private final class Journal: Sendable {
        let events = Mutex<[FaultEvent]>([])
    }

    private func nemesis() -> Nemesis {
        let begin = ContinuousClock.now
        return Nemesis(
            transport: transport, system: PaperSystem(),
            now: {
                let passed = (ContinuousClock.now - begin).components
                return passed.seconds * 1_000_000_000 + passed.attoseconds / 1_000_000_000
            }, primaries: { [2] }, record: { [journal] event in journal.events.withLock { $0.append(event) } })
    }

    /// An occurrence with the settings that a file gives and what the kind adds.
    private func planned(_ name: String, _ given: [String: Value], id: Int = 0) -> PlannedFault {
        let kind = FaultCatalog.kind(named: name)!
        var settings = FaultSettings(given)
        for parameter in kind.description.parameters where settings[parameter.name] == nil {
            settings[parameter.name] = parameter.standard
        }
        var random = RandomSource(seed: 1)
        return PlannedFault(
            id: id, line: 0, function: name, settings: kind.draw(settings, nodes: 5, random: &random), start: 0, end: 1,
            order: [4, 1, 3, 0, 2], minoritySize: 1, gap: 0)
    }

    private static let kinds: [(String, [String: Value])] = [
        ("delay", ["time": .integer(30_000_000)]),
        ("delay", ["time": .integer(30_000_000), "jitter": .integer(5_000_000), "correlation": .double(0.5)]),
        ("delay", ["time": .integer(30_000_000), "distribution": "pareto"]),
        ("loss", ["share": .double(0.1)]), ("loss", ["share": .double(0.1), "burst": .integer(5)]),
        ("duplicate", ["share": .double(0.1)]), ("reorder", ["share": .double(0.1)]),
        ("corrupt", ["share": .double(0.1)]), ("rate", ["limit": .integer(1_000_000)]), ("reset", [:]),
        ("flap", ["period": .integer(1_000_000_000)]), ("slow-node", [:]), ("slow-primary", [:]), ("cut-clients", [:]),
        ("wan", ["regions": ["eu": ["n1", "n2"], "us": ["n3"]], "round-trip": ["us-eu": "80ms"]]),
    ]

    @Test(arguments: kinds)
    func `a fault of links strikes, is proved, and leaves whole links`(name: String, given: [String: Value]) {
        let nemesis = nemesis()
        let fault = planned(name, given)
        #expect(
            fault.kind.problems(with: fault.settings, in: ClusterShape(nodes: 5, hasPrimary: true)).isEmpty)
        #expect(!fault.summary.isEmpty)
        nemesis.inject(fault)
        #expect(!transport.policies.isEmpty)
        #expect(!transport.policies.keys.contains { $0.from == $0.to })
        nemesis.undo(0)
        #expect(transport.policies.isEmpty)
        let effects = journal.events.withLock { $0.filter { $0.stage == .effect } }
        #expect(effects.map(\.action) == [.inject, .undo])
        #expect(effects.allSatisfy { $0.proved }, "\(effects)")
    }

    @Test func `direction, clients and ports choose the links`() {
        let nemesis = nemesis()
        nemesis.inject(
            planned("loss", ["share": .double(0.5), "target": ["n2"], "direction": "from", "ports": [2380, 2379]]))
        let others = [0, 2, 3, 4].map { Link(from: .node(1), to: .node($0)) }
        #expect(Set(transport.policies.keys) == Set(others))
        let wanted = LinkPolicy(.loss(share: 0.5), ports: PortSet([2379, 2380]))
        #expect(transport.policies.values.allSatisfy { $0 == wanted })
        nemesis.undo(0)
        nemesis.inject(planned("loss", ["share": .double(0.5), "target": ["n2"], "direction": "to", "clients": true]))
        let ends: [Endpoint] = [.node(0), .node(2), .node(3), .node(4), .controller]
        #expect(Set(transport.policies.keys) == Set(ends.map { Link(from: $0, to: .node(1)) }))
    }

    @Test func `faults on the same links add up, and each takes back its own`() {
        let nemesis = nemesis()
        nemesis.inject(planned("delay", ["time": .integer(1_000_000)], id: 0))
        nemesis.inject(planned("loss", ["share": .double(0.5)], id: 1))
        nemesis.inject(planned("partition", ["kind": "one"], id: 2))
        let alone = Link(from: .node(4), to: .node(0))
        let aside = Link(from: .node(1), to: .node(0))
        #expect(transport.policies[alone]?.isCut == true)
        let loss = LinkEffect.loss(share: 0.5)
        let delay = LinkEffect.delay(.constant(1_000_000))
        #expect(transport.policies[aside]?.stages.map(\.effect) == [loss, delay])
        nemesis.undo(2)
        #expect(transport.policies[alone]?.stages.map(\.effect) == [loss, delay])
        nemesis.undo(0)
        #expect(transport.policies[alone]?.stages.map(\.effect) == [loss])
        nemesis.undo(1)
        #expect(transport.policies.isEmpty)
    }

    @Test func `the primary is slow, to its peers alone`() {
        let nemesis = nemesis()
        nemesis.inject(planned("slow-primary", [:]))
        #expect(transport.policies.count == 8)
        #expect(transport.policies.keys.allSatisfy { $0.from == .node(2) || $0.to == .node(2) })
    }

    @Test func `distance is half a round trip each way, between regions only`() {
        let nemesis = nemesis()
        nemesis.inject(
            planned(
                "wan",
                [
                    "regions": ["eu": ["n1", "n2"], "us": ["n3"], "asia": ["n5"]], "jitter": .double(0),
                    "round-trip": ["us-eu": "80ms", "eu-asia": "180ms"], "clients": "us",
                ]))
        func delay(_ from: Endpoint, _ to: Endpoint) -> LinkEffect? {
            transport.policies[Link(from: from, to: to)]?.stages.first?.effect
        }
        #expect(delay(.node(0), .node(2)) == .delay(.constant(40_000_000)))
        #expect(delay(.node(2), .node(0)) == .delay(.constant(40_000_000)))
        #expect(delay(.node(4), .node(1)) == .delay(.constant(90_000_000)))
        #expect(delay(.node(4), .node(2)) == .delay(.constant(50_000_000)))
        #expect(delay(.node(0), .controller) == .delay(.constant(40_000_000)))
        #expect(delay(.node(0), .node(1)) == nil && delay(.node(2), .controller) == nil)
        #expect(delay(.node(0), .node(3)) == nil)
    }

    @Test(arguments: ["no-such-name", "server-failure", "silence", "other-node"])
    func `names are spoilt for those who ask, and right again`(answer: String) {
        let nemesis = nemesis()
        nemesis.inject(planned("dns", ["answer": .string(answer), "target": ["n1", "n2"], "names": ["n3"]]))
        #expect(transport.names.map(\.asker) == [0, 1])
        #expect(transport.names.allSatisfy { $0.name == 2 })
        nemesis.undo(0)
        #expect(transport.names.isEmpty)
        let effects = journal.events.withLock { $0.filter { $0.stage == .effect } }
        #expect(effects.count == 2 && effects.allSatisfy { $0.proved })
    }

    @Test func `what makes no sense is refused`() {
        let wrong: [(String, [String: Value])] = [
            ("delay", ["time": .integer(1), "distribution": "normal"]),
            ("delay", ["time": .integer(1), "distribution": "exponential", "jitter": .integer(1)]),
            ("delay", ["time": .integer(61_000_000_000)]), ("loss", ["share": .double(0.1), "ports": "http"]),
            ("loss", ["share": .double(0.1), "ports": [0]]), ("loss", ["share": .double(0.95), "burst": .integer(3)]),
            ("wan", ["regions": ["eu": ["n1"]]]), ("wan", ["regions": ["eu": ["n1"], "us": ["n1"]]]),
            ("wan", ["regions": ["eu": ["n1"], "us": ["n9"]]]),
            ("wan", ["regions": ["eu": ["n1"], "us": ["n2"]], "round-trip": ["eu-asia": "1ms"]]),
            ("wan", ["regions": ["eu": ["n1"], "us": ["n2"]], "round-trip": "soon"]),
            ("wan", ["regions": ["eu": ["n1"], "us": ["n2"]], "clients": "moon"]), ("dns", ["names": ["n9"]]),
        ]
        for (name, given) in wrong {
            let fault = planned(name, given)
            let problems = fault.kind.problems(with: fault.settings, in: ClusterShape(nodes: 5, hasPrimary: true))
            #expect(!problems.isEmpty, "\(name) \(given)")
        }
        let primary = planned("slow-primary", [:])
        #expect(!primary.kind.problems(with: primary.settings, in: ClusterShape(nodes: 5, hasPrimary: false)).isEmpty)
    }

    @Test func `the share of losses in bursts is what was asked for`() {
        for share in [0.01, 0.1, 0.5, 0.9] {
            for burst in [2, 10, 100] {
                let effects = LossEffect.effects(
                    FaultSettings(["share": .double(share), "burst": .integer(Int64(burst))]))
                guard case .burstLoss(let enter, let leave, _) = effects[0] else {
                    Issue.record("no burst")
                    return
                }
                #expect(abs(1 / leave - Double(burst)) < 1e-9)
                if enter < 1 { #expect(abs(enter / (enter + leave) - share) < 1e-9) }
            }
        }
    }
}
