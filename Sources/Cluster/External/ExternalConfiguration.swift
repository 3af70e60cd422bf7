/// A cluster that somebody else runs, of which only the addresses are known.
public struct ExternalConfiguration: Hashable, Sendable {
    /// Host names or addresses, with a port where nodes differ in it: n1, n2, … in this order.
    public var endpoints: [String]

    public init(endpoints: [String]) { self.endpoints = endpoints }

    /// The endpoints taken apart; one that cannot be stands as it is.
    public var places: [ExternalEndpoint] { endpoints.map { ExternalEndpoint($0) ?? ExternalEndpoint(address: $0) } }
}

/// Where one node of such a cluster is found.
public struct ExternalEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// A host name or an address, IPv6 without brackets.
    public var address: String
    /// What `{{node.port}}` stands for.
    public var port: UInt16?

    public init(address: String, port: UInt16? = nil) {
        self.address = address
        self.port = port
    }

    /// Reads `db1.example`, `10.0.0.7`, `10.0.0.7:7001`, `::1` or `[::1]:7001`; nil for anything else.
    public init?(_ text: String) {
        var host = text[...]
        var digits: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            if !rest.isEmpty {
                guard rest.first == ":" else { return nil }
                digits = rest.dropFirst()
            }
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            host = text[..<colon]
            digits = text[text.index(after: colon)...]
        }
        let isHost = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || ".-_:%".utf8.contains(byte)
        }
        guard !host.isEmpty, isHost else { return nil }
        address = String(host)
        if let digits {
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits), number > 0 else {
                return nil
            }
            port = number
        }
    }

    /// As it is written in a workload file.
    public var description: String {
        guard let port else { return address }
        return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
