// What only the lab's own switch can do, for the transports that have none.
extension Transport {
    public func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64 {
        for (link, policy) in policies where !policy.isCut && !policy.isWhole {
            throw ClusterError("change the link from \(link.from) to \(link.to)", Self.onlyLocal)
        }
        return try setCuts(Set(policies.filter(\.value.isCut).keys))
    }

    public func prepareLinks(_ node: Node) throws(ClusterError) {}

    public func reachability(port: UInt16?, patience: Int64) throws(ClusterError) -> Reachability {
        throw ClusterError("measure who reaches whom", Self.onlyLocal)
    }

    /// With any port, and the patience for links that are not slow on purpose.
    public func reachability() throws(ClusterError) -> Reachability {
        try reachability(port: nil, patience: 250_000_000)
    }

    public func setNames(_ faults: [NameFault]) throws(ClusterError) {
        if !faults.isEmpty { throw ClusterError("change the answers to questions for names", Self.onlyLocal) }
    }

    public func nameCounters() -> [NameCounters] { [] }

    public func notePackets(_ text: String) {}

    private static var onlyLocal: String { "that is only possible on local nodes" }
}

extension Endpoint: CustomStringConvertible {
    /// `n1`, or `controller`.
    public var description: String {
        switch self {
        case .node(let index): "n\(index + 1)"
        case .controller: "controller"
        }
    }
}
