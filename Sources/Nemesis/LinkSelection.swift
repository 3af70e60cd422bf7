import PolygraphCluster
import PolygraphHistory

/// Which directed links a network fault is for: those of its targets, by direction and port.
struct LinkSelection {
    /// What cuts, losses and resets need.
    static let filter = "on hosts nftables or iptables"
    /// What frames that come late, twice or changed need.
    static let emulation = "on hosts the kernel's netem"

    /// Parameters that every fault of links has.
    /// - Parameters:
    ///   - target: what is meant where the file says nothing.
    ///   - clients: whether the links to the clients are meant too where the file says nothing.
    static func parameters(target: Value = "all", clients: Bool = false) -> [FaultParameter] {
        [
            .target(target),
            FaultParameter(
                "direction", .word(["both", "from", "to"]), standard: "both",
                "frames from the targets, frames to them, or both"),
            FaultParameter(
                "clients", .flag, standard: .bool(clients), "whether frames between targets and clients are hit too"),
            FaultParameter(
                "ports", .free("2380 or [2379, 2380]"), "only TCP and UDP frames from or to one of these ports"),
        ]
    }

    let targets: Set<Int>
    let direction: String
    let withClients: Bool
    let ports: PortSet

    init(_ settings: FaultSettings, targets: [Int]) {
        self.targets = Set(targets)
        direction = settings.text("direction") ?? "both"
        withClients = settings.flag("clients")
        ports = Self.ports(settings)
    }

    /// The links, in a cluster of this many nodes.
    /// - Parameter betweenNodes: whether those between nodes can be spoilt.
    func links(nodes: Int, betweenNodes: Bool = true) -> [Link] {
        let ends = (betweenNodes ? (0..<nodes).map { Endpoint.node($0) } : []) + (withClients ? [.controller] : [])
        return targets.sorted().flatMap { target in
            ends.filter { $0 != .node(target) }.flatMap { end in
                (direction != "to" ? [Link(from: .node(target), to: end)] : [])
                    + (direction != "from" ? [Link(from: end, to: .node(target))] : [])
            }
        }
    }

    static func problems(_ settings: FaultSettings) -> [FaultProblem] {
        guard let value = settings["ports"] else { return [] }
        let numbers = value.elements ?? [value]
        let isFine = !numbers.isEmpty && numbers.allSatisfy { (1...65_535).contains($0.integerValue ?? 0) }
        return isFine ? [] : [FaultProblem("ports", "expected ports such as 2380 or [2379, 2380], from 1 to 65535")]
    }

    private static func ports(_ settings: FaultSettings) -> PortSet {
        guard let value = settings["ports"] else { return .all }
        return PortSet((value.elements ?? [value]).compactMap { $0.integerValue.flatMap { UInt16(exactly: $0) } })
    }

    /// `n1 n2`, with what narrows it.
    func words(_ context: NemesisContext) -> String {
        let names = targets.count == context.nodes.count ? "all nodes" : context.names(targets.sorted())
        let way = direction == "both" ? "at" : direction
        let clients = context.transport.spoilsNodeLinks ? ", clients included" : ", links to clients only"
        return "\(way) \(names)" + (withClients ? clients : "") + (ports == .all ? "" : ", chosen ports")
    }
}
