import PolygraphClients
import PolygraphHistory
import PolygraphSystems

extension NodeReader {
    /// `system: {start, ready, primary, environment, membership, …}`
    /// - Parameters:
    ///   - name: of the workload, which the system takes over.
    ///   - program: what `{{polygraph}}` stands for.
    ///   - isStarted: whether a run starts the nodes; otherwise nothing is needed.
    func system(name: String, program: String, isStarted: Bool = true) -> DeclaredSystem? {
        // What hosts get and give is read with the hosts.
        let known = ["start", "ready", "primary", "environment", "membership", "install", "logs", "log-limit"]
        guard let fields = mapping("the system", known: known) else { return nil }
        func needed(_ key: String, _ what: String) -> NodeReader? {
            isStarted ? fields.required(key, what) : fields[key]
        }
        // What starts a node is refused elsewhere where nobody is to start it.
        let start = isStarted ? needed("start", "the program and its arguments, as a list")?.command() : []
        let question = needed(
            "ready", "how to ask a node whether it serves requests, as {http: \"http://{{node.address}}:7000/health\"}")
        let ready = question.map { $0.probe(extra: ["within"]) }
        let within = fields["ready"].flatMap { $0.node["within"] }.map {
            NodeReader(node: $0, path: "\(path).ready.within", mistakes: mistakes).duration()
        }
        let primary = fields["primary"].map { $0.probe(extra: []) }
        var environment: [String: Template] = [:]
        for (entry, reader) in fields["environment"]?.entries("the environment: a mapping of names to texts") ?? [] {
            environment[entry.key] = reader.template(.command)
        }
        let members = fields["membership"].map {
            $0.membership(usual: start ?? [], environment: environment, program: program)
        }
        guard let start, isStarted ? ready != nil : true else { return nil }
        if let ready, ready == nil { return nil }
        return DeclaredSystem(
            name: name, start: start, environment: environment, ready: ready ?? nil,
            readyWithin: (within ?? nil) ?? 10_000_000_000, primary: primary ?? nil,
            members: members ?? nil, program: program)
    }

    /// A program and its arguments.
    func command(_ scope: PlaceholderScope = .command) -> [Template]? {
        let form = "the program and its arguments as a list, such as [\"./my-kv\", \"--id\", \"{{node.index}}\"]"
        guard let words = list(form) else { return nil }
        if words.isEmpty {
            expected(form)
            return nil
        }
        let templates = words.compactMap { $0.template(scope) }
        if words[0].word == "" { words[0].fail("the program's name is empty") }
        return templates.count == words.count ? templates : nil
    }

    /// `{http, value, equals}`
    private func probe(extra: [String]) -> HTTPProbe? {
        guard let fields = mapping("a question over HTTP", known: ["http", "value", "equals"] + extra) else {
            return nil
        }
        let url = fields.required("http", "the URL to ask, such as `http://{{node.address}}:7000/health`")?.url(.probe)
        let value = fields["value"].map { $0.jsonPath() }
        var equals: Value?
        if let reader = fields["equals"] {
            switch reader.value {
            case .list, .object: reader.expected("a text, a number, true or false")
            default: equals = reader.value
            }
        }
        guard let url else { return nil }
        return HTTPProbe(url: url, value: value ?? nil, equals: equals)
    }
}
