import PolygraphCluster

/// What a kind of fault is, for those who choose one: the workload file's reader, `polygraph list faults` and the
/// table of `Documentation/faults.md` know faults from here only.
public struct FaultDescription: Sendable {
    /// What is attacked.
    public enum Group: String, CaseIterable, Sendable {
        case network, processes, resources, clocks, disks, membership
    }

    /// The word of a workload file.
    public var name: String
    public var group: Group
    /// One line: what it does.
    public var summary: String
    public var parameters: [FaultParameter]
    /// The parameter that is meant where the file gives a bare word or list instead of a mapping.
    public var shorthand: String?
    /// What the nodes' machines and the system must offer, in words.
    public var needs: String
    /// What is measured after the injection.
    public var proof: String
    /// What ends it.
    public var undo: String
    /// Whether its targets cannot serve while it is in force; `keep` and `break` count such nodes.
    public var takesNodesAway: Bool
    /// Which kinds of cluster it can be done to.
    public var reach: Set<TransportKind>
    /// Why it cannot be done to nodes on hosts, where it cannot.
    public var confinement: String?

    public init(
        name: String, group: Group, summary: String, parameters: [FaultParameter], shorthand: String? = nil,
        needs: String = "nothing else", proof: String, undo: String, takesNodesAway: Bool = false,
        reach: Set<TransportKind> = [.local, .hosts], confinement: String? = nil
    ) {
        self.name = name
        self.group = group
        self.summary = summary
        self.parameters = parameters
        self.shorthand = shorthand
        self.needs = needs
        self.proof = proof
        self.undo = undo
        self.takesNodesAway = takesNodesAway
        self.reach = reach
        self.confinement = confinement
    }

    /// The kinds of cluster it can be done to, in words: `local, hosts`.
    public var reachWords: String {
        TransportKind.allCases.filter(reach.contains).map(\.rawValue).joined(separator: ", ")
    }

    /// Why it cannot be done to a kind of cluster, as a sentence; nil where it can.
    public func refusal(in kind: TransportKind) -> String? {
        if reach.contains(kind) { return nil }
        let places = TransportKind.allCases.filter(reach.contains).map { kind -> String in
            switch kind {
            case .local: "on this machine (`nodes`)"
            case .hosts: "on hosts (`hosts`)"
            case .external: "of an external cluster (`endpoints`)"
            }
        }
        let reason: String? =
            switch kind {
            case .local: nil
            case .hosts: confinement
            case .external: "of an external cluster only the addresses are known"
            }
        return "`\(name)` needs nodes " + places.joined(separator: " or ") + (reason.map { "; \($0)" } ?? "")
    }

    public func parameter(_ name: String) -> FaultParameter? { parameters.first { $0.name == name } }

    /// Whether it has targets that a workload file may choose.
    public var hasTarget: Bool { parameters.contains { if case .target = $0.form { true } else { false } } }
}
