import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphSystems
import Synchronization
import Testing

@testable import PolygraphNemesis

/// Faults on whoever leads, while nobody does.
@Suite struct PrimaryWaitTests {
    /// Nodes that always run, a clock that others move, and whoever is said to lead.
    private final class Stage: Transport, System {
        struct State {
            var now: Int64 = 0
            var primaries: [Int] = []
            var events: [FaultEvent] = []
            var killed: [Int] = []
        }

        let name = "stage"
        let nodes = (0..<5).map { Node(index: $0, name: "n\($0 + 1)", address: "10.0.0.\($0 + 1)", dataDirectory: "/") }
        let state = Mutex(State())

        func start(_ node: Node, _ launch: Launch) throws(ClusterError) {}
        func kill(_ node: Node) throws(ClusterError) -> Int {
            state.withLock { $0.killed.append(node.index) }
            return 1
        }
        func pause(_ node: Node) throws(ClusterError) -> Int { 1 }
        func resume(_ node: Node) throws(ClusterError) -> Int { 1 }
        func state(of node: Node) -> NodeState { .running(pids: [1]) }
        func lastOutput(of node: Node, lines: Int) -> [String] { [] }
        func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 { 0 }
        func linkCounters() -> [LinkCounters] { [] }
        func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
            ClockProof(processes: 0, elapsed: 0, measuredOffset: 0, method: "stage")
        }
        func tearDown() {}
        func launch(_ node: Node, nodes: [Node]) -> Launch { Launch(command: []) }
        func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer { .yes }

        func nemesis() -> Nemesis {
            Nemesis(
                transport: self, system: self, now: { self.state.withLock { $0.now } },
                primaries: { self.state.withLock { $0.primaries } },
                record: { event in self.state.withLock { $0.events.append(event) } })
        }

        func set(_ now: Int64, primaries: [Int] = []) {
            state.withLock { state in
                state.now = now
                state.primaries = primaries
            }
        }

        var events: [FaultEvent] { state.withLock { $0.events } }
        var killed: [Int] { state.withLock { $0.killed } }
    }

    private static let second: Int64 = 1_000_000_000

    private func kill(_ target: String, id: Int) -> PlannedFault {
        PlannedFault(
            id: id, function: "kill", settings: FaultSettings(["target": .string(target)]), start: Self.second,
            end: 2 * Self.second, order: [4, 1, 3, 0, 2], minoritySize: 1)
    }

    @Test func `it is put off without a trace, and others begin on time`() throws {
        let stage = Stage()
        let nemesis = stage.nemesis()
        stage.set(Self.second)
        #expect(!nemesis.inject(kill("primary", id: 0), due: Self.second))
        #expect(stage.events.isEmpty && nemesis.inForce.isEmpty)
        #expect(nemesis.inject(kill("n4", id: 1), due: Self.second))
        #expect(stage.events.last?.proof["begun_late_ns"] == nil)
        stage.set(Self.second + 1_200_000_000, primaries: [2])
        #expect(nemesis.inject(kill("primary", id: 0), due: Self.second))
        #expect(stage.killed == [3, 2])
        let effect = try #require(stage.events.last)
        #expect(effect.targets == ["n3"] && effect.proof["begun_late_ns"] == 1_200_000_000)
        #expect(effect.proof["primary"] == nil)
    }

    @Test func `when nobody has come forward in time it takes whoever was drawn, and says so`() throws {
        let stage = Stage()
        let nemesis = stage.nemesis()
        let limit = Self.second + Nemesis.patience
        stage.set(limit - 1)
        #expect(!nemesis.inject(kill("primary", id: 0), due: Self.second))
        stage.set(limit)
        #expect(nemesis.inject(kill("primary", id: 0), due: Self.second))
        #expect(stage.killed == [4])
        let effect = try #require(stage.events.last)
        #expect(effect.proof["primary"] == "none known; a drawn node instead")
        #expect(effect.proof["begun_late_ns"] == .integer(Nemesis.patience))
    }

    @Test func `an end that comes late says so`() throws {
        let stage = Stage()
        let nemesis = stage.nemesis()
        for (id, delay) in [0, Nemesis.punctuality, Nemesis.punctuality + 1].enumerated() {
            stage.set(Self.second)
            nemesis.inject(kill("n1", id: id), due: Self.second)
            stage.set(2 * Self.second + delay)
            nemesis.undo(id, due: 2 * Self.second)
            let said = try #require(stage.events.last).proof["ended_late_ns"]
            #expect(said == (delay > Nemesis.punctuality ? .integer(delay) : nil))
        }
    }
}
