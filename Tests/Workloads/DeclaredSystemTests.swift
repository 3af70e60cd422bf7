import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphSystems
import Synchronization
import Testing

/// Probes and readiness, on real sockets.
@Suite struct DeclaredSystemTests {
    /// The node's index serves as the port, for want of addresses.
    private func system(ready path: String = "/health", primary: HTTPProbe? = nil) throws -> DeclaredSystem {
        DeclaredSystem(
            name: "s", start: [], ready: HTTPProbe(url: try url(path)), primary: primary, program: "polygraph")
    }

    private func url(_ path: String) throws -> URLTemplate {
        try URLTemplate("http://{{node.address}}:{{node.index}}\(path)", .probe)
    }

    private func node(_ name: String, port: UInt16) -> Node {
        Node(index: Int(port) - 1, name: name, address: "127.0.0.1", dataDirectory: "")
    }

    @Test(
        arguments: [
            (nil, nil, 200, "", true), (nil, nil, 204, "", true), (nil, nil, 503, "", false),
            (nil, nil, 302, "", false),
            (nil, "leader", 200, "leader", true), (nil, "leader", 200, " leader\n", true),
            (nil, "leader", 200, "\"leader\"", true),
            (nil, "leader", 200, "follower", false), (nil, "leader", 503, "leader", false),
            (nil, "leader", 200, "", false),
            ("$.role", "leader", 200, #"{"role":"leader"}"#, true),
            ("$.role", "leader", 200, #"{"role":"follower"}"#, false),
            ("$.role", "leader", 200, "leader", false), ("$.ok", nil, 200, #"{"ok":true}"#, true),
            ("$.ok", nil, 200, #"{"ok":1}"#, false), ("$.ok", nil, 200, "{}", false),
        ] as [(String?, String?, Int, String, Bool)])
    func `a probe says yes or no`(path: String?, equals: String?, status: Int, body: String, expected: Bool) throws {
        let server = ScriptedServer { _, peer in if peer.request() != nil { peer.answer(status, body) } }
        defer { server.stop() }
        let probe = HTTPProbe(
            url: try url("/role"), value: try path.map { try JSONPath($0) }, equals: equals.map { .string($0) })
        let node = node("n1", port: server.port)
        let answer = probe.ask(node, nodes: [node], timeout: 20_000_000_000)
        #expect((answer == .yes) == expected, "\(answer)")
        if case .no(let words) = answer { #expect(words.contains("HTTP \(status)")) }
    }

    @Test func `the primaries are those that say so, asked together`() throws {
        let servers = ["leader", "follower", "leader"].map { role in
            ScriptedServer { _, peer in if peer.request() != nil { peer.answer(200, role) } }
        }
        let system = try system(primary: HTTPProbe(url: try url("/role"), equals: "leader"))
        var nodes = servers.enumerated().map { node("n\($0.offset + 1)", port: $0.element.port) }
        #expect(system.primaries(nodes) == [nodes[0].index, nodes[2].index])
        servers[0].stop()
        nodes[0] = node("n1", port: 1)
        #expect(system.primaries(nodes) == [nodes[2].index])
        #expect(try self.system().primaries(nodes).isEmpty)
        for server in servers.dropFirst() { server.stop() }
    }

    @Test func `ready is when all are ready`() throws {
        let slow = ScriptedServer { number, peer in if peer.request() != nil { peer.answer(number < 3 ? 503 : 200) } }
        let quick = ScriptedServer { _, peer in if peer.request() != nil { peer.answer(200) } }
        let nodes = [node("n1", port: quick.port), node("n2", port: slow.port)]
        try system().waitUntilReady(nodes, within: 60_000_000_000) { _ in nil }
        #expect(slow.connections == 4)
        #expect(quick.connections == 1)
        slow.stop()
        quick.stop()
    }

    @Test func `who is not ready is named, with the question and the last answer`() throws {
        let good = ScriptedServer { _, peer in if peer.request() != nil { peer.answer(200) } }
        let bad = ScriptedServer { _, peer in if peer.request() != nil { peer.answer(503, "no leader") } }
        let nodes = [node("n1", port: good.port), node("n2", port: bad.port)]
        let system = try system()
        do throws(ClusterError) {
            try system.waitUntilReady(nodes, within: 50_000_000) { _ in nil }
            Issue.record("ready")
        } catch {
            #expect(error.node == "n2")
            #expect(error.description.contains("`http://127.0.0.1:\(bad.port)/health`"))
            #expect(error.description.contains("HTTP 503: no leader"))
        }
        good.stop()
        bad.stop()
    }

    @Test func `a process that has ended is not waited for`() throws {
        let nodes = [node("n1", port: 1)]
        #expect(throws: ClusterError("start", node: "n1", "its process ended with status 3")) {
            try system().waitUntilReady(nodes, within: 600_000_000_000) { _ in "its process ended with status 3" }
        }
    }
}
