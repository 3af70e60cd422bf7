import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphSystems
import Synchronization
import Testing

@testable import PolygraphNemesis

/// The board of members on a cluster that exists in words only, and that checks every change that it is asked for.
@Suite struct MembershipBoardTests {
    /// Nodes, members, and a change that takes some looks until it shows.
    private final class Cluster: Transport, Membership {
        struct State {
            var members: Set<Int>
            var down: Set<Int> = []
            var pending: (change: MemberChange, node: Int, looks: Int)?
            var refuses = false
            /// What nodes show that have not heard of the latest changes.
            var outdated: [Int: Set<Int>] = [:]
            /// What should not have been asked for.
            var complaints: [String] = []
            var changes = 0
            /// Whom changes were asked of.
            var asked: [Int] = []
        }

        let name = "words"
        let nodes: [Node]
        let state: Mutex<State>
        let looksUntilDone: Int
        let canBeAsked: Bool
        let needsEmptyData = false
        let startsAfterJoining = false

        init(_ count: Int, looksUntilDone: Int, canBeAsked: Bool = true) {
            nodes = (0..<count).map {
                Node(index: $0, name: "n\($0 + 1)", address: "10.0.0.\($0 + 1)", dataDirectory: "")
            }
            state = Mutex(State(members: Set(0..<count)))
            self.looksUntilDone = looksUntilDone
            self.canBeAsked = canBeAsked
        }

        func launch(_ node: Node, nodes: [Node]) -> Launch { Launch(command: []) }

        func change(
            _ change: MemberChange, of node: Node, asking member: Node, nodes: [Node], transport: any Transport
        ) -> ProbeAnswer {
            state.withLock { state in
                state.asked.append(member.index)
                if state.down.contains(member.index) { return .no("connection refused") }
                if state.pending != nil { state.complaints.append("a second change while one is pending") }
                let rest = change == .leave ? state.members.subtracting([node.index]) : state.members
                if rest.count < nodes.count / 2 + 1 { state.complaints.append("\(rest.count) members left") }
                if rest.subtracting(state.down).count < rest.count / 2 + 1 {
                    state.complaints.append("no majority runs")
                }
                if state.members.contains(node.index) == (change == .join) { state.complaints.append("nothing to do") }
                if state.refuses { return .no("not now") }
                state.changes += 1
                state.pending = (change, node.index, looksUntilDone)
                if looksUntilDone == 0 { Cluster.complete(&state) }
                return .yes
            }
        }

        private static func complete(_ state: inout State) {
            guard let pending = state.pending else { return }
            if pending.change == .join {
                state.members.insert(pending.node)
            } else {
                state.members.remove(pending.node)
            }
            state.pending = nil
        }

        func view(of node: Node, nodes: [Node]) -> MemberView? {
            state.withLock { state in
                guard canBeAsked, !state.down.contains(node.index) else { return nil }
                if let members = state.outdated[node.index] { return MemberView(members: members, isSettled: true) }
                if let pending = state.pending {
                    state.pending?.looks -= 1
                    if pending.looks <= 1 { Cluster.complete(&state) }
                }
                return MemberView(members: state.members, isSettled: state.pending == nil)
            }
        }

        func state(of node: Node) -> NodeState {
            state.withLock { $0.down.contains(node.index) } ? .exited(status: nil, signal: 9) : .running(pids: [1])
        }

        func start(_ node: Node, _ launch: Launch) throws(ClusterError) {}
        func kill(_ node: Node) throws(ClusterError) -> Int { 0 }
        func pause(_ node: Node) throws(ClusterError) -> Int { 0 }
        func resume(_ node: Node) throws(ClusterError) -> Int { 0 }
        func lastOutput(of node: Node, lines: Int) -> [String] { [] }
        func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 { 0 }
        func linkCounters() -> [LinkCounters] { [] }
        func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
            ClockProof(processes: 0, elapsed: 0, measuredOffset: 0, method: "words")
        }
        func tearDown() {}

        /// Time passes only while somebody waits.
        func board(primaries: [Int] = []) -> MembershipBoard {
            final class Time: Sendable { let value = Mutex<Int64>(0) }
            let time = Time()
            return MembershipBoard(
                self, self, now: { time.value.withLock { $0 } }, primaries: { primaries },
                pause: { duration in time.value.withLock { $0 += duration } })
        }

        var complaints: [String] { state.withLock { $0.complaints } }
        var members: Set<Int> { state.withLock { $0.members } }
    }

    @Test(arguments: [(3, 0), (3, 4), (5, 0), (5, 3), (7, 2)])
    func `random changes never endanger the majority and never overlap`(_ count: Int, _ looks: Int) {
        for seed in 0..<200 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            let cluster = Cluster(count, looksUntilDone: looks)
            let board = cluster.board()
            var refused = 0
            for _ in 0..<40 {
                let node = Int(random.next(below: UInt64(count)))
                switch random.next(below: 6) {
                case 0, 1: if (try? board.leave(node)) == nil { refused += 1 }
                case 2, 3: if (try? board.join(node)) == nil { refused += 1 }
                case 4:
                    cluster.state.withLock { state in
                        if state.down.remove(node) == nil { state.down.insert(node) }
                    }
                default: cluster.state.withLock { $0.refuses.toggle() }
                }
            }
            #expect(cluster.complaints == [], "seed \(seed)")
            #expect(refused > 0 || cluster.state.withLock { $0.changes } > 0)
            // With everybody up and willing, everybody can be a member again.
            cluster.state.withLock { state in
                state.down = []
                state.refuses = false
            }
            for node in 0..<count { #expect((try? board.join(node)) != nil, "seed \(seed)") }
            #expect(cluster.members == Set(0..<count))
            #expect(board.members() == Set(0..<count))
        }
    }

    @Test func `a cluster that cannot be asked is believed`() throws {
        let cluster = Cluster(3, looksUntilDone: 0, canBeAsked: false)
        let board = cluster.board()
        #expect(board.members() == [0, 1, 2])
        let facts = try board.leave(1)
        #expect(facts["confirmed"] == "the system cannot be asked")
        #expect(board.members() == [0, 2])
        #expect(board.outsiders() == [1])
        #expect(throws: ClusterError.self) { try board.leave(0) }
        _ = try board.join(1)
        #expect(cluster.members == [0, 1, 2])
        #expect(cluster.complaints == [])
    }

    @Test func `the reason of a refusal is passed on`() {
        let cluster = Cluster(3, looksUntilDone: 0)
        cluster.state.withLock { $0.refuses = true }
        let error = #expect(throws: ClusterError.self) { try cluster.board().leave(2) }
        #expect(error?.description.contains("n1: not now; n2: not now") == true, "\(error as Any)")
        let two = #expect(throws: ClusterError.self) { try Cluster(2, looksUntilDone: 0).board().leave(0) }
        #expect(two?.description.contains("fewer than a majority") == true, "\(two as Any)")
    }

    @Test func `who has said for longest that it leads is asked first`() throws {
        let cluster = Cluster(5, looksUntilDone: 0)
        // The newest claim stands first.
        _ = try cluster.board(primaries: [3, 1]).leave(0)
        #expect(cluster.state.withLock { $0.asked } == [1])
        cluster.state.withLock { state in
            state.refuses = true
            state.asked = []
        }
        #expect(throws: ClusterError.self) { try cluster.board(primaries: [3, 1]).join(0) }
        #expect(cluster.state.withLock { $0.asked } == [1, 3, 2, 4])
    }

    @Test func `a node that has not heard of a change cannot confirm that it was taken back`() {
        let cluster = Cluster(5, looksUntilDone: 0)
        cluster.state.withLock { state in
            state.members = [0, 1, 2, 3]
            state.outdated[3] = [0, 1, 2, 3, 4]
            state.refuses = true
        }
        #expect(throws: ClusterError.self) { try cluster.board().join(4) }
        cluster.state.withLock { $0.refuses = false }
        #expect((try? cluster.board().join(4))?["confirmed_after_ns"] != nil)
        #expect(cluster.complaints == [])
    }

    // MARK: Faults

    private struct Words: System {
        let name = "words"
        let membership: (any Membership)?
        func launch(_ node: Node, nodes: [Node]) -> Launch { Launch(command: []) }
        func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer { .yes }
    }

    private func context(_ cluster: Cluster) -> NemesisContext {
        NemesisContext(transport: cluster, system: Words(membership: cluster), now: { 0 }, primaries: { [] })
    }

    @Test func `a cluster that has shrunk is filled up before a member leaves`() throws {
        let cluster = Cluster(5, looksUntilDone: 0)
        cluster.state.withLock { $0.members = [0, 1, 2] }
        let facts = try context(cluster).leaveCluster(1, stops: false, for: 0)
        #expect(facts["joined_first"] == ["n4"])
        #expect(cluster.members == [0, 2, 3])
        #expect(cluster.complaints == [])
    }

    @Test(arguments: ["leave", "replace", "join"])
    func `a change that the cluster refuses is a step left out`(name: String) throws {
        let cluster = Cluster(3, looksUntilDone: 0)
        cluster.state.withLock { $0.refuses = true }
        let context = context(cluster)
        let planned = PlannedFault(
            id: 0, function: name, settings: FaultSettings(["target": "one", "stop": .bool(false)]), start: 0,
            end: 1, order: [2, 0, 1], minoritySize: 1)
        var fault = try #require(FaultCatalog.kind(named: name)).init(planned)
        let choice = fault.choose(order: planned.order, context: context)
        let proof = try fault.begin(choice, context)
        #expect(proof.facts["refused"]?.stringValue?.isEmpty == false && proof.failures.isEmpty && !proof.isProved)
        // The end brings back what the refusal may have hidden, and is harmless.
        cluster.state.withLock { $0.refuses = false }
        _ = try fault.end(choice, context)
        #expect(cluster.members == [0, 1, 2] && cluster.complaints == [])
    }

    @Test func `members change back when the network is whole again, and again where it failed`() {
        let cluster = Cluster(3, looksUntilDone: 0)
        let events = Mutex<[FaultEvent]>([])
        let nemesis = Nemesis(
            transport: cluster, system: Words(membership: cluster), now: { 0 }, primaries: { [] },
            record: { event in events.withLock { $0.append(event) } })
        func planned(_ id: Int, _ name: String, _ settings: FaultSettings) -> PlannedFault {
            PlannedFault(
                id: id, function: name, settings: settings, start: 0, end: 1, order: [2, 0, 1], minoritySize: 1)
        }
        nemesis.inject(planned(0, "kill", FaultSettings(["target": "one"])))
        nemesis.inject(planned(1, "leave", FaultSettings(["target": "one", "stop": .bool(false)])))
        #expect(cluster.members == [0, 1])
        cluster.state.withLock { $0.refuses = true }
        nemesis.undo(1)
        #expect(cluster.members == [0, 1] && nemesis.inForce.count == 2)
        nemesis.inject(planned(2, "leave", FaultSettings(["target": "one", "stop": .bool(false)])))
        cluster.state.withLock { $0.refuses = false }
        nemesis.healAll()
        #expect(cluster.members == [0, 1, 2] && nemesis.inForce.isEmpty)
        let undone = events.withLock { $0.filter { $0.action == .undo && $0.stage == .intent }.map(\.fault) }
        #expect(undone == [1, 0, 2, 1])
    }
}
