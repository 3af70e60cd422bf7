import PolygraphCluster
import PolygraphHistory
import PolygraphSystems
import Synchronization
import Testing

@testable import PolygraphRunner

/// What is said of nodes that end.
@Suite struct NodeWatchTests {
    /// One node whose states and causes are asked for one after the other; the last ones stay.
    private final class Stage: Transport, System {
        let name = "stage"
        let nodes = [Node(index: 0, name: "n1", address: "10.0.0.1", dataDirectory: "/")]
        private let states: Mutex<[NodeState]>
        private let cause: EndCause?
        let looks = Mutex(0)

        init(_ states: [NodeState], _ cause: EndCause?) {
            self.states = Mutex(states)
            self.cause = cause
        }

        func state(of node: Node) -> NodeState {
            looks.withLock { $0 += 1 }
            return states.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }
        func endCause(of node: Node) -> EndCause? { cause }
        func start(_ node: Node, _ launch: Launch) throws(ClusterError) {}
        func kill(_ node: Node) throws(ClusterError) -> Int { 1 }
        func pause(_ node: Node) throws(ClusterError) -> Int { 1 }
        func resume(_ node: Node) throws(ClusterError) -> Int { 1 }
        func lastOutput(of node: Node, lines: Int) -> [String] { [] }
        func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 { 0 }
        func linkCounters() -> [LinkCounters] { [] }
        func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
            ClockProof(processes: 0, elapsed: 0, measuredOffset: 0, method: "stage")
        }
        func tearDown() {}
        func launch(_ node: Node, nodes: [Node]) -> Launch { Launch(command: []) }
        func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer { .yes }
    }

    private func watch(_ states: [NodeState], _ cause: EndCause?) -> (warnings: [String], crashes: [String]) {
        let stage = Stage(states, cause)
        let crashes = Mutex<[String]>([])
        let watch = NodeWatch(transport: stage, system: stage, origin: 0, interval: 100_000) { event in
            if event.function == "crash" { crashes.withLock { $0.append(event.value["how"]?.stringValue ?? "") } }
        }
        while stage.looks.withLock({ $0 }) < states.count + 20 {}
        watch.stop()
        return (watch.warnings, crashes.withLock { $0 })
    }

    @Test(
        arguments: [
            (.requested, nil, 9, nil, nil),
            (.requested, 0, nil, nil, nil),
            (.crashPoint, nil, 9, nil, nil),
            (.outOfMemory, nil, 9, "want of memory, under a limit", nil),
            (.machineOutOfMemory, nil, 9, "by the kernel", "this machine ran out of memory"),
            (.itself, nil, 9, "by signal 9", "which no fault sent"),
            (.itself, nil, 11, "by signal 11", "ended by itself by signal 11"),
            (.itself, 3, nil, "with status 3", "ended by itself with status 3"),
            (nil, nil, 9, nil, nil),
            (nil, 0, nil, "with status 0", "ended by itself with status 0"),
        ] as [(EndCause?, Int32?, Int32?, String?, String?)])
    func `who ended it is said once`(
        cause: EndCause?, status: Int32?, signal: Int32?, how: String?, warning: String?
    ) {
        let said = watch([.running(pids: [1]), .exited(status: status, signal: signal)], cause)
        #expect(said.crashes.count == (how == nil ? 0 : 1) && said.crashes.allSatisfy { $0.contains(how ?? "") })
        #expect(said.warnings.count == (warning == nil ? 0 : 1))
        #expect(said.warnings.allSatisfy { $0.hasPrefix("n1 ") && $0.contains(warning ?? "") }, "\(said.warnings)")
    }

    @Test func `a node that cannot be reached has not ended`() {
        let stage = Stage([.running(pids: [1]), .unreachable, .unreachable, .running(pids: [1]), .unreachable], nil)
        let events = Mutex<[String]>([])
        let watch = NodeWatch(transport: stage, system: stage, origin: 0, interval: 100_000) { event in
            events.withLock { $0.append(event.function) }
        }
        while stage.looks.withLock({ $0 }) < 25 {}
        watch.stop()
        #expect(events.withLock { $0 } == ["unreachable", "reachable", "unreachable"])
        #expect(watch.warnings.count == 1 && watch.warnings[0].contains("n1 could not be reached from"))
        #expect(watch.warnings[0].hasSuffix("until the end"))
    }

    @Test func `an end that the next start has overtaken is nobody's crash`() {
        // It was asked to end, has ended with status 0, and runs again before its cause is asked for.
        let said = watch([.running(pids: [1]), .exited(status: 0, signal: nil), .running(pids: [2])], nil)
        #expect(said.warnings.isEmpty && said.crashes.isEmpty)
    }
}
