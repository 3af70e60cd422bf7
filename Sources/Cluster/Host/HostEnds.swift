import Glibc

/// The ends of a host's links, and what of its traffic is nobody's business.
package struct HostEnds: Hashable, Sendable {
    /// TCP connections of one peer to one port of this host, on which this host is governed.
    package struct Exemption: Hashable, Sendable {
        package var peer: String
        package var port: UInt16

        package init(peer: String, port: UInt16) {
            self.peer = peer
            self.port = port
        }
    }

    /// One end and its addresses, IPv4 and IPv6.
    struct End: Hashable, Sendable {
        var endpoint: Endpoint
        var version4: [String]
        var version6: [String]

        var addresses: [String] { version4 + version6 }
    }

    let own: Endpoint
    /// All but this host.
    let others: [End]
    let exempt: [Exemption]
    /// Letters, digits and underscores that tell one run's doings from another's.
    let id: String

    /// - Parameters:
    ///   - ends: nodes and controller, this host included or not, with the addresses that their frames bear.
    ///   - exempt: connections that nothing is ever done to.
    ///   - id: what tells this run from others.
    package init(
        own: Endpoint, ends: [(endpoint: Endpoint, addresses: [String])], exempt: [Exemption] = [], id: String
    ) throws(ClusterError) {
        self.own = own
        let ownAddresses = Set(ends.filter { $0.endpoint == own }.flatMap { $0.addresses })
        var others: [End] = []
        for (endpoint, addresses) in ends where endpoint != own {
            let distinct = Set(addresses).sorted()
            let version4 = distinct.filter { HostEnds.family(of: $0) == AF_INET }
            let version6 = distinct.filter { HostEnds.family(of: $0) == AF_INET6 }
            guard version4.count + version6.count == distinct.count, !distinct.isEmpty else {
                throw ClusterError(
                    "find the links to \(endpoint)",
                    "\(addresses.joined(separator: ", ")) is not a list of IPv4 and IPv6 addresses")
            }
            if let shared = distinct.first(where: ownAddresses.contains) {
                throw ClusterError(
                    "find the links to \(endpoint)",
                    "\(shared) is also the address of \(own); give every host an address of its own")
            }
            others.append(End(endpoint: endpoint, version4: version4, version6: version6))
        }
        self.others = others
        for exemption in exempt where HostEnds.family(of: exemption.peer) == nil {
            throw ClusterError("exempt a connection", "\(exemption.peer) is not an address")
        }
        self.exempt = exempt
        self.id = HostEnds.sanitized(id)
    }

    /// The family of a numeric address; nil where it is none.
    static func family(of address: String) -> Int32? {
        var room = in6_addr()
        if inet_pton(AF_INET, address, &room) == 1 { return AF_INET }
        return inet_pton(AF_INET6, address, &room) == 1 ? AF_INET6 : nil
    }

    /// A name as packet filters accept it.
    static func sanitized(_ id: String) -> String {
        String(String.UnicodeScalarView(id.unicodeScalars.map { isWordPart($0) ? $0 : "_" }.prefix(60)))
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }
}
