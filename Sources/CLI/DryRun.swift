import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphRunner
import PolygraphSystems
import PolygraphWorkloads

/// What a run would do and to whom, in words: one section for each thing that somebody else may care about. Nobody is
/// asked anything for it, not even a name server.
struct DryRun {
    struct Section {
        var title: String
        var lines: [String]
    }

    private(set) var sections: [Section] = []

    /// - Throws: `CommandFailure` where the SSH configuration of the user is wrong.
    init(_ file: WorkloadFile, _ plan: Plan) throws {
        if case .hosts = file.cluster {
            add("the cluster", try PlannedClusterLines(file.cluster).lines.dropFirst(2).map { String($0.dropFirst(2)) })
        }
        add("the cluster", cluster(file))
        add("requests", requests(file))
        add("keys", keys(file))
        add("how much", amount(file, plan))
        add("faults", PlannedFaultLines(file, plan).lines)
        add("commands on this machine", commands(file, plan))
        add("files and environment variables that are read", sources(file))
        add("mind", file.cautions)
        add("what is not undone", notUndone(file, plan))
    }

    var text: String {
        sections.map { section in
            ([section.title] + section.lines.map { "  " + $0 }).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    private mutating func add(_ title: String, _ lines: [String]) {
        if !lines.isEmpty { sections.append(Section(title: title, lines: lines)) }
    }

    // MARK: - Sections

    private func cluster(_ file: WorkloadFile) -> [String] {
        switch file.cluster {
        case .local: ["\(file.nodes) nodes on this machine, in namespaces of their own, which end with the run"]
        case .hosts: []
        case .external(let configuration):
            zip(configuration.nodes, configuration.places).map { "\($0.name): \($1), run by somebody else" }
        }
    }

    private func nodes(_ file: WorkloadFile) -> [Node] {
        if case .external(let configuration) = file.cluster { return configuration.nodes }
        return (0..<file.nodes).map { index in
            Node(index: index, name: "n\(index + 1)", address: "n\(index + 1)", dataDirectory: "")
        }
    }

    private func requests(_ file: WorkloadFile) -> [String] {
        let nodes = nodes(file)
        let targets = nodes.map(TemplateNode.init)
        guard let first = targets.first else { return [] }
        let prefix = file.keyPrefix.map { $0 + "RUN-" } ?? ""
        var lines = (file.client.functions + [file.client.delete].compactMap { $0 }).map { function in
            let value: Value = function.name == "cas" ? [1, 2] : function.name == "write" ? 1 : .null
            let request = Request(
                function: function.name, key: .string(prefix + "k0"), value: value, process: 0, operation: 0,
                deadline: 0)
            return "\(function.name): \(function.request.words(request, for: first, among: targets))"
        }
        if let ready = file.system.ready {
            lines.append("ready? GET \(ready.address(of: nodes[0], nodes: nodes)), before the load")
        }
        if let primary = file.system.primary {
            lines.append("primary? GET \(primary.address(of: nodes[0], nodes: nodes)), twice a second and node")
        }
        if nodes.count > 1 { lines.append("and so at \(nodes.dropFirst().map(\.name).joined(separator: ", "))") }
        return lines
    }

    private func keys(_ file: WorkloadFile) -> [String] {
        guard case .register(let spec) = file.workload else { return [] }
        guard let prefix = file.keyPrefix else { return ["k0 … k\(spec.keys - 1), as they are"] }
        let lines = ["\(prefix)RUN-k0 … \(prefix)RUN-k\(spec.keys - 1); RUN is different in every run"]
        return lines + [file.client.delete == nil ? "none is removed" : "all of them are removed at the end"]
    }

    private func amount(_ file: WorkloadFile, _ plan: Plan) -> [String] {
        let duration = Quantity.describe(duration: plan.duration)
        let rates = [file.clients.rate, file.limits.rate].compactMap { $0 }
        var lines: [String] = []
        if let rate = rates.min() {
            let most = Int64(rate * Double(plan.duration) / 1e9)
            lines.append("\(plan.workers) clients, \(rate) operations a second, about \(most) in \(duration)")
        } else {
            lines.append("\(plan.workers) clients, as many operations as the cluster answers, for \(duration)")
        }
        if let operations = file.limits.operations { lines.append("\(operations) operations at most") }
        if let bytes = file.limits.bytes {
            lines.append("\(Quantity.describe(bytes: bytes)) in both directions at most")
        }
        return lines
    }

    private func commands(_ file: WorkloadFile, _ plan: Plan) -> [String] {
        var lines: [String] = []
        var seen: Set<FaultSettings> = []
        for fault in plan.schedule.faults where fault.function == HookFault.description.name {
            guard seen.insert(fault.settings).inserted else { continue }
            let name = fault.settings.text("name") ?? ""
            for command in HookFault.commandsBefore(fault.settings) {
                lines.append("\(name), before the load: \(Self.words(command))")
            }
            for node in nodes(file) {
                if case .named(let names)? = fault.settings.target, !names.contains(node.name) { continue }
                for step in ["fault", "proof", "undo"] where fault.settings[step] != nil {
                    lines.append(
                        "\(name), \(step) for \(node.name): "
                            + Self.words(HookFault.command(step, of: fault.settings, for: node)))
                }
            }
        }
        return lines
    }

    private static func words(_ command: ControllerCommand) -> String {
        command.words.map(ShellWord.quoted).joined(separator: " ")
    }

    private func sources(_ file: WorkloadFile) -> [String] {
        file.access.secrets.map { "\($0.source.description): \($0.purpose)" }
            + (file.access.tls?.files ?? []).map { "file \($0): TLS" }
    }

    private func notUndone(_ file: WorkloadFile, _ plan: Plan) -> [String] {
        var lines = [file.leftovers].compactMap { $0 }
        if plan.schedule.faults.contains(where: { $0.function == HookFault.description.name }) {
            lines.append(
                "what a hook did, where this program is ended by SIGKILL or its machine fails: run `undo` by hand")
        }
        return lines
    }
}
