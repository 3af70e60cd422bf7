import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis

/// Reads `when:` of a fault: what it waits for.
struct TriggerReading {
    let shape: ClusterShape

    private static let signals = ["log", "operations", "completion", "begin-of", "end-of", "primary"]
    private static let keys = signals + ["node", "of", "delay", "times"]

    func trigger(_ reader: NodeReader) -> FaultTrigger? {
        let form = "what the fault waits for, such as {log: \"became leader\"} or {completion: ok, of: write}"
        guard let fields = reader.mapping(form, known: Self.keys) else { return nil }
        let given = Self.signals.filter { fields[$0] != nil }
        guard given.count == 1, let field = fields[given[0]] else {
            reader.fail(
                given.isEmpty
                    ? "says nothing to wait for (known: \(Self.signals.joined(separator: ", ")))"
                    : "has \(given.map { "`\($0)`" }.joined(separator: " and ")): a fault waits for one thing")
            return nil
        }
        if let node = fields["node"], given[0] != "log" { node.fail("goes with `log` only") }
        if let of = fields["of"], !["operations", "completion"].contains(given[0]) {
            of.fail("goes with `operations` and `completion` only")
        }
        let function = fields["of"].map { $0.string("the name of an operation, such as write") }
        let delay = fields["delay"].map { $0.duration(atLeast: 0) } ?? 0
        let times = fields["times"].map { $0.integer(1...10_000, "how often") } ?? 1
        guard let signal = signal(given[0], field, fields, function ?? nil), let delay, let times else { return nil }
        return FaultTrigger(signal, delay: delay, times: times)
    }

    private func signal(
        _ name: String, _ field: NodeReader, _ fields: MappingReader, _ function: String?
    ) -> FaultTrigger.Signal? {
        switch name {
        case "log":
            if shape.transport != .local {
                field.fail(
                    "what a node writes can be followed on this machine (`nodes`) only; wait for `operations`, a "
                        + "`completion`, another fault or the `primary` instead")
            }
            let node = fields["node"].flatMap { $0.choice(shape.names.map { ($0, $0) }, "node") }
            guard let text = field.string("a text that stands in the line") else { return nil }
            if text.isEmpty { field.fail("is empty: every line would match") }
            return .log(text, node: node)
        case "operations":
            return field.integer(1...1_000_000_000, "a number of operations").map { .operations($0, of: function) }
        case "completion":
            let kinds: [(String, Operation.Kind?)] = [
                ("ok", .ok), ("fail", .fail), ("info", .info), ("any", nil),
            ]
            return field.choice(kinds, "completion").map { .completion(of: function, kind: $0) }
        case "begin-of", "end-of":
            return field.choice(FaultCatalog.names.map { ($0, $0) }, "fault").map {
                .fault($0, begins: name == "begin-of")
            }
        default:
            if !shape.hasPrimary {
                field.fail("needs `system.primary`, which says how to ask a node whether it leads")
            }
            return field.choice([("changes", FaultTrigger.Signal.primaryChange)], "event")
        }
    }
}
