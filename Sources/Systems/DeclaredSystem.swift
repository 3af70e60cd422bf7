import PolygraphClients
import PolygraphCluster

/// A system in the words of a workload file: `system: {start: …, ready: …, primary: …}`.
public struct DeclaredSystem: System, Hashable {
    public var name: String
    /// The program and its arguments.
    public var start: [Template]
    public var environment: [String: Template]
    /// Whether a node serves requests; nil where nobody says how to ask, and every node counts as ready.
    public var ready: HTTPProbe?
    /// Nanoseconds after the start within which every node must be ready.
    public var readyWithin: Int64
    /// Whether a node believes that it is the primary.
    public var primary: HTTPProbe?
    /// How members come and go.
    public var members: DeclaredMembership?
    /// What `{{polygraph}}` stands for: the path of this program.
    public var program: String
    /// How nodes let a question in.
    public var access: HTTPAccess = .open {
        didSet { members?.access = access }
    }

    /// Nanoseconds that a node gets to answer a probe.
    static let probeTimeout: Int64 = 500_000_000

    public init(
        name: String, start: [Template], environment: [String: Template] = [:], ready: HTTPProbe?,
        readyWithin: Int64 = 10_000_000_000, primary: HTTPProbe? = nil, members: DeclaredMembership? = nil,
        program: String
    ) {
        self.name = name
        self.start = start
        self.environment = environment
        self.ready = ready
        self.readyWithin = readyWithin
        self.primary = primary
        self.members = members
        self.program = program
    }

    public var knowsReadiness: Bool { ready != nil }

    /// A handshake of TLS takes a while on a busy machine.
    private var probeTimeout: Int64 { access == .open ? Self.probeTimeout : 4 * Self.probeTimeout }

    public var membership: (any Membership)? { members }

    public func launch(_ node: Node, nodes: [Node]) -> Launch {
        let all = nodes.map(TemplateNode.init)
        func text(_ template: Template) -> String {
            template.text(for: TemplateNode(node), among: all, program: program)
        }
        return Launch(command: start.map(text), environment: environment.mapValues(text))
    }

    public func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer {
        ready?.ask(node, nodes: nodes, timeout: probeTimeout, access: access) ?? .yes
    }

    public func isPrimary(_ node: Node, nodes: [Node]) -> Bool {
        primary?.ask(node, nodes: nodes, timeout: probeTimeout, access: access) == .yes
    }
}
