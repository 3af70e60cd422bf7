import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphSystems
import PolygraphWorkloads
import Testing

/// How members come and go: as a file says it, and as servers hear it.
@Suite struct MembershipTests {
    private static let membership = """
          membership:
            join:  {post: "http://{{member.address}}:7000/members", json: {add: "{{node.index}}"}}
            leave: {delete: "http://{{member.address}}:7000/members/{{node.name}}"}
            view:  {get: "http://{{node.address}}:7000/members", value: "$.members", settled: "$.settled"}

        """

    private static func text(_ membership: String, fault: String = "leave: one") -> String {
        exampleText.replacing("client:\n", with: membership + "client:\n").replacing("kill: minority", with: fault)
    }

    @Test func `a file says how members come and go`() throws {
        let file = try load(Self.text(Self.membership, fault: "leave: {target: one, stop: false}"))
        let members = try #require(file.system.members)
        #expect(members.view?.settled != nil)
        #expect(!members.needsEmptyData && !members.startsAfterJoining)
        let node = Node(index: 1, name: "n2", address: "10.0.0.2", dataDirectory: "/data")
        #expect(members.launch(node, nodes: [node]) == file.system.launch(node, nodes: [node]))
        let commands = """
              membership:
                join:  {command: ["ctl", "--to", "{{member.address}}", "add", "{{node.name}}"]}
                leave: {command: ["ctl", "--to", "{{member.address}}", "remove", "{{node.name}}"]}
                start: ["./my-kv", "--join", "{{nodes | addresses(7001)}}"]
                wipe: true
                timeout: 3s

            """
        let other = try #require(try load(Self.text(commands)).system.members)
        #expect(other.needsEmptyData && other.startsAfterJoining && other.view == nil && other.timeout == 3_000_000_000)
        #expect(other.launch(node, nodes: [node]).command == ["./my-kv", "--join", "10.0.0.2:7001"])
    }

    @Test(arguments: [
        ("", "leave: one", "faults[1].leave: needs `system.membership`, which says how nodes join and leave"),
        ("  membership: {join: {command: [a]}}\n", "leave: one", "system.membership: the key `leave` is missing"),
        (
            "  membership: {join: {command: [a], post: \"http://{{member.address}}/\"}, leave: {command: [a]}}\n",
            "join: {}",
            "has `post` and `command`; it takes one"
        ),
        (
            "  membership: {join: {command: [\"{{member.addres}}\"]}, leave: {command: [a]}}\n", "join: {}",
            "there is no `{{member.addres}}` in a change of members; did you mean `member.address`?"
        ),
        (
            "  membership: {join: {}, leave: {command: [a]}}\n", "join: {}",
            "says neither a method with its URL nor a `command`"
        ),
    ])
    func `mistakes are named`(_ membership: String, _ fault: String, _ message: String) {
        let found = mistakes(in: Self.text(membership, fault: fault))
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test func `members are asked over HTTP, and understood`() throws {
        let server = ScriptedServer { _, peer in
            while let request = peer.request() {
                if request.hasPrefix("GET") {
                    peer.answer(200, #"{"members": [1, "n3", {"name": "n4"}], "settled": false}"#)
                } else {
                    peer.answer(request.contains("/refuse") ? 409 : 200, #"{"said": "so"}"#)
                }
            }
        }
        defer { server.stop() }
        // The member's index serves as the port, for want of addresses.
        let url = "http://127.0.0.1:\(server.port)"
        func call(_ path: String) throws -> DeclaredMembership.Call {
            .http(
                HTTPRequestTemplate(
                    .post, try URLTemplate(url + path, .membership),
                    body: try Template(json: ["add": "{{node.index}}", "to": "{{member.name}}"], .membership)))
        }
        let members = DeclaredMembership(
            join: try call("/members"), leave: try call("/refuse"),
            view: .init(
                url: try URLTemplate(url + "/members", .probe), value: try JSONPath("$.members"),
                settled: try JSONPath("$.settled")), usual: [], program: "polygraph")
        let nodes = (0..<4).map { Node(index: $0, name: "n\($0 + 1)", address: "10.0.0.\($0 + 1)", dataDirectory: "") }
        #expect(members.view(of: nodes[0], nodes: nodes) == MemberView(members: [0, 2, 3], isSettled: false))
        let lab = NoTransport()
        #expect(members.change(.join, of: nodes[1], asking: nodes[2], nodes: nodes, transport: lab) == .yes)
        guard
            case .no(let reason) = members.change(.leave, of: nodes[1], asking: nodes[2], nodes: nodes, transport: lab)
        else {
            Issue.record("a refusal was taken for consent")
            return
        }
        #expect(reason.contains("HTTP 409") && reason.contains("so"))
        #expect(server.requests.contains { $0.contains(#""add":2"#) && $0.contains(#""to":"n3""#) })
    }

    private struct NoTransport: Transport {
        let name = "none"
        let nodes: [Node] = []
        func start(_ node: Node, _ launch: Launch) throws(ClusterError) {}
        func kill(_ node: Node) throws(ClusterError) -> Int { 0 }
        func pause(_ node: Node) throws(ClusterError) -> Int { 0 }
        func resume(_ node: Node) throws(ClusterError) -> Int { 0 }
        func state(of node: Node) -> NodeState { .notStarted }
        func lastOutput(of node: Node, lines: Int) -> [String] { [] }
        func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 { 0 }
        func linkCounters() -> [LinkCounters] { [] }
        func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
            ClockProof(processes: 0, elapsed: 0, measuredOffset: 0, method: "none")
        }
        func tearDown() {}
    }
}
