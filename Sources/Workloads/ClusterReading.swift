import PolygraphCluster

/// Reads where the nodes of a workload are, and looks that the file says nothing that goes with another kind of cluster.
struct ClusterReading {
    /// The keys of which a file has one at most, with the kind of cluster that each stands for.
    static let ways: [(key: String, kind: TransportKind)] = [
        ("nodes", .local), ("hosts", .hosts), ("endpoints", .external),
    ]
    /// What goes with some kinds only: the key, or the key of `system`.
    private static let belongings: [(section: String?, key: String, kinds: Set<TransportKind>)] = [
        (nil, "access", [.hosts]), ("system", "install", [.hosts]), ("system", "logs", [.hosts]),
        ("system", "log-limit", [.hosts]), ("system", "start", [.local, .hosts]),
        ("system", "environment", [.local, .hosts]), (nil, "packets", [.local]), (nil, "dns", [.local]),
    ]

    /// What was found; nil where there was a mistake.
    struct Place {
        var kind: TransportKind
        var nodes: Int?
        var cluster: ClusterSpec?
    }

    /// Whether files of this machine that the hosts need must be there.
    let checksFiles: Bool

    func place(_ fields: MappingReader) -> Place {
        let given = Self.ways.filter { fields[$0.key] != nil }
        let kind = given.last?.kind ?? .local
        if given.count > 1, let last = given.last {
            fields[last.key]?.fail(
                "the nodes are in one place: the file has \(given.map { "`\($0.key)`" }.joined(separator: " and "))")
        }
        refuseBelongings(of: kind, fields)
        switch kind {
        case .hosts:
            guard let field = fields["hosts"] else { return Place(kind: kind) }
            let hosts = HostsReading(checksFiles: checksFiles).configuration(field, fields)
            // A list with a mistake in it is as long as it is.
            return Place(
                kind: kind, nodes: max(1, min(64, field.oneOrMore.count)), cluster: hosts.map(ClusterSpec.hosts))
        case .external:
            guard let field = fields["endpoints"] else { return Place(kind: kind) }
            let endpoints = EndpointReading().configuration(field)
            return Place(
                kind: kind, nodes: max(1, min(64, field.oneOrMore.count)),
                cluster: endpoints.map(ClusterSpec.external))
        case .local:
            let nodes = fields["nodes"].map { $0.integer(1...64, "a number of nodes") } ?? 5
            return Place(kind: kind, nodes: nodes, cluster: .local)
        }
    }

    private func refuseBelongings(of kind: TransportKind, _ fields: MappingReader) {
        for (section, key, owners) in Self.belongings where !owners.contains(kind) {
            let field = section.map { fields[$0]?.child(key) } ?? fields[key]
            guard let field, field.node.content != .scalar("false", isPlain: true) else { continue }
            let ways = Self.ways.filter { owners.contains($0.kind) }.map { "`\($0.key)`" }
            switch key {
            case "start": field.fail("is how a node is started; those of `endpoints` are started by whoever runs them")
            case "environment": field.fail("is for nodes that are started; those of `endpoints` are started by others")
            case "packets": field.fail("packets are recorded by the network of nodes on this machine (`nodes`) only")
            case "dns": field.fail("nodes ask a name server of the run on this machine (`nodes`) only")
            default: field.fail("goes with \(ways.joined(separator: " or ")) only")
            }
        }
    }

    /// Where the key says where the nodes are, and the file has them elsewhere: takes that away, and what goes with it.
    static func settle(on key: String, _ root: inout YAMLNode) {
        guard let kind = ways.first(where: { $0.key == key })?.kind,
            ways.contains(where: { $0.key != key && root[$0.key] != nil })
        else { return }
        remove(ways.map(\.key).filter { $0 != key }, from: &root)
        // The keys of hosts mean nothing elsewhere. `packets` and `dns` ask for something: that is not dropped silently.
        let foreign = belongings.filter { !$0.kinds.contains(kind) && $0.kinds != [.local] }
        remove(foreign.filter { $0.section == nil }.map(\.key), from: &root)
        guard case .mapping(var entries) = root.content else { return }
        for position in entries.indices {
            remove(foreign.filter { $0.section == entries[position].key }.map(\.key), from: &entries[position].value)
        }
        root.content = .mapping(entries)
    }

    private static func remove(_ keys: [String], from node: inout YAMLNode) {
        guard case .mapping(let entries) = node.content else { return }
        node.content = .mapping(entries.filter { !keys.contains($0.key) })
    }
}

extension NodeReader {
    /// The value of a key of a mapping that is looked through elsewhere.
    func child(_ key: String) -> NodeReader? {
        node[key].map { NodeReader(node: $0, path: "\(path).\(key)", mistakes: mistakes) }
    }
}
