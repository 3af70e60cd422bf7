import PolygraphClients
import PolygraphCluster

/// What the clients of a run get to know once it begins.
public struct ClientSetting: Sendable {
    public var nodes: [Node]
    /// Stands before every key that is sent; histories do without.
    public var keyPrefix: String
    /// Counts what clients send and receive.
    public var meter: TrafficMeter
    /// Who stands between the clients of a node and the node; nil: nobody.
    public var way: @Sendable (_ node: Int) -> ConnectionRoute?

    public init(
        nodes: [Node], keyPrefix: String = "", meter: TrafficMeter = TrafficMeter(),
        way: @escaping @Sendable (_ node: Int) -> ConnectionRoute? = { _ in nil }
    ) {
        self.nodes = nodes
        self.keyPrefix = keyPrefix
        self.meter = meter
        self.way = way
    }

    /// The setting of a run on this transport.
    init(_ transport: any Transport, keyPrefix: String, meter: TrafficMeter) {
        self.init(nodes: transport.nodes, keyPrefix: keyPrefix, meter: meter) { node in
            // The lab's switch spoils links below the sockets.
            if transport.startsNodes { return nil }
            return ConnectionRoute(
                admits: { transport.admitsConnection(to: node, port: $0, by: $1) },
                adopts: { transport.adoptConnection($0, to: node, port: $1) })
        }
    }
}
