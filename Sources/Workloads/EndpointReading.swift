import PolygraphCluster

/// Reads `endpoints:`, and looks that ports are said where they are needed.
struct EndpointReading {
    func configuration(_ reader: NodeReader) -> ExternalConfiguration? {
        guard let readers = reader.list("the addresses of the nodes, such as [db1.example, \"10.0.0.7:7001\"]") else {
            return nil
        }
        if readers.isEmpty || readers.count > 64 {
            reader.fail("names \(readers.count) nodes; there are 1 to 64")
            return nil
        }
        var seen: Set<String> = []
        var endpoints: [String] = []
        for reader in readers {
            guard let word = reader.word, let place = ExternalEndpoint(word) else {
                reader.expected("a host name or an address, with a port or without, such as db1.example:7001")
                continue
            }
            if !seen.insert(place.description).inserted { reader.fail("`\(word)` is named twice") }
            endpoints.append(place.description)
        }
        guard endpoints.count == readers.count else { return nil }
        return ExternalConfiguration(endpoints: endpoints)
    }

    /// Looks at the ports of nodes: `{{node.port}}` needs them, and nodes that differ in nothing else need it.
    func checkPorts(of cluster: ClusterSpec, _ root: NodeReader, _ endpoints: NodeReader?) {
        let uses = Self.uses(of: "node.port", in: root.node)
        guard case .external(let configuration) = cluster else {
            for mark in uses {
                root.fail("`{{node.port}}` needs `endpoints` with ports, such as 10.0.0.7:7001", at: mark)
            }
            return
        }
        let places = configuration.places
        if let bare = places.first(where: { $0.port == nil }) {
            for mark in uses {
                root.fail("`{{node.port}}` needs a port at every endpoint; `\(bare)` has none", at: mark)
            }
        } else if uses.isEmpty, Set(places.map(\.address)).count < places.count {
            endpoints?.fail(
                "several nodes have the same address, and no URL says `{{node.port}}`: requests for one would reach "
                    + "another")
        }
    }

    private static func uses(of placeholder: String, in node: YAMLNode) -> [SourceMark] {
        switch node.content {
        case .scalar(let text, _):
            let isUse = text.split(separator: "{{").dropFirst().contains { part in
                part.prefix { $0 != "}" }.split(separator: " ").first.map(String.init) == placeholder
            }
            return isUse || text.hasPrefix("{{\(placeholder)}}") ? [node.mark] : []
        case .sequence(let elements): return elements.flatMap { uses(of: placeholder, in: $0) }
        case .mapping(let entries): return entries.flatMap { uses(of: placeholder, in: $0.value) }
        }
    }
}
