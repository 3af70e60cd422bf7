import PolygraphClients
import PolygraphCluster
import PolygraphHistory

/// Membership in the words of a workload file: `membership: {join: …, leave: …, view: …}`.
public struct DeclaredMembership: Membership, Hashable {
    /// How the cluster is told.
    public enum Call: Hashable, Sendable {
        case http(HTTPRequestTemplate)
        /// A program and its arguments, run beside the node that joins or leaves.
        case command([Template])
    }

    /// How a node is asked for the members.
    public struct View: Hashable, Sendable {
        public var url: URLTemplate
        /// Where in the answer the list of members is.
        public var value: JSONPath
        /// Where it says whether no change is under way.
        public var settled: JSONPath?

        public init(url: URLTemplate, value: JSONPath, settled: JSONPath? = nil) {
            self.url = url
            self.value = value
            self.settled = settled
        }
    }

    public var join: Call
    public var leave: Call
    public var view: View?
    /// How a node that joins is started; nil: as always, and before the cluster is told.
    public var start: [Template]?
    /// How nodes are started otherwise; gives the environment.
    public var usual: [Template]
    public var environment: [String: Template]
    public var needsEmptyData: Bool
    /// Nanoseconds that a change may take.
    public var timeout: Int64
    /// What `{{polygraph}}` stands for.
    public var program: String
    /// How nodes let a request in.
    public var access: HTTPAccess = .open

    public init(
        join: Call, leave: Call, view: View? = nil, start: [Template]? = nil, usual: [Template],
        environment: [String: Template] = [:], needsEmptyData: Bool = false, timeout: Int64 = 10_000_000_000,
        program: String
    ) {
        self.join = join
        self.leave = leave
        self.view = view
        self.start = start
        self.usual = usual
        self.environment = environment
        self.needsEmptyData = needsEmptyData
        self.timeout = timeout
        self.program = program
    }

    public var startsAfterJoining: Bool { start != nil }

    public func launch(_ node: Node, nodes: [Node]) -> Launch {
        let all = nodes.map(TemplateNode.init)
        func text(_ template: Template) -> String {
            template.text(for: TemplateNode(node), among: all, program: program)
        }
        return Launch(command: (start ?? usual).map(text), environment: environment.mapValues(text))
    }

    public func change(
        _ change: MemberChange, of node: Node, asking member: Node, nodes: [Node], transport: any Transport
    ) -> ProbeAnswer {
        let all = nodes.map(TemplateNode.init)
        switch change == .join ? join : leave {
        case .http(let template):
            do throws(ClientError) {
                let request = try template.bound(
                    to: TemplateNode(node), among: all, program: program, member: TemplateNode(member),
                    access: access)
                let response = try exchange(request, timeout: timeout)
                let said = "HTTP \(response.status)" + (response.body.isEmpty ? "" : ": \(response.excerpt)")
                return (200..<300).contains(response.status) ? .yes : .no(said)
            } catch {
                return .no(error.description)
            }
        case .command(let words):
            let command = words.map {
                $0.text(for: TemplateNode(node), among: all, program: program, member: TemplateNode(member))
            }
            do throws(ClusterError) {
                let outcome = try transport.execute(node, Launch(command: command), timeout: timeout)
                return outcome.status == 0 ? .yes : .no(outcome.words)
            } catch {
                return .no(error.description)
            }
        }
    }

    public func view(of node: Node, nodes: [Node]) -> MemberView? {
        guard let view else { return nil }
        do throws(ClientError) {
            let request = try HTTPRequestTemplate(.get, view.url).bound(
                to: TemplateNode(node), among: nodes.map(TemplateNode.init), access: access)
            let response = try exchange(request, timeout: DeclaredSystem.probeTimeout)
            guard (200..<300).contains(response.status), let document = try? JSONParser.parse(response.body),
                let list = view.value.value(in: document)?.elements
            else { return nil }
            let members = nodes.indices.filter { index in list.contains { Self.names($0, nodes[index]) } }
            let isSettled = view.settled.map { $0.value(in: document) == .bool(true) } ?? true
            return MemberView(members: Set(members), isSettled: isSettled)
        } catch {
            return nil
        }
    }

    /// Whether a member of the list is this node: by index (from 1), name, address or URL, or, of an object, by any of
    /// its fields that is a text or a list of texts.
    static func names(_ member: Value, _ node: Node) -> Bool {
        switch member {
        case .integer(let number): return number == Int64(node.index + 1)
        case .string(let text):
            let host = text.split(separator: "/", omittingEmptySubsequences: true).last { $0.contains(node.address) }
            return text == node.name || text == node.address || text == String(node.index + 1)
                || host.map { $0 == node.address || $0.hasPrefix(node.address + ":") } ?? false
        case .object(let fields):
            return fields.values.contains { field in
                switch field {
                case .string(let text): text == node.name || Self.isAddress(text, node)
                case .list(let texts): texts.contains { Self.isAddress($0.stringValue ?? "", node) }
                default: false
                }
            }
        default: return false
        }
    }

    private static func isAddress(_ text: String, _ node: Node) -> Bool {
        text.contains(node.address) && names(.string(text), node)
    }

    private func exchange(_ request: BoundHTTPRequest, timeout: Int64) throws(ClientError) -> HTTPResponse {
        var bytes: [UInt8] = []
        var scratch: [UInt8] = []
        let nobody = Request(function: "", key: nil, value: .null, process: 0, operation: 0, deadline: 0)
        request.render(nobody, into: &bytes, scratch: &scratch)
        return try HTTPConnection(
            host: request.host, port: request.port, isSecure: request.isSecure, access: access
        )
        .exchange(
            bytes, changesNothing: request.method == .get, expectsNoBody: request.method == .head,
            deadline: .after(nanoseconds: timeout))
    }
}
