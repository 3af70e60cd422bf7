import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphRunner
import PolygraphSystems

/// Reads the top level of a workload file, and looks whether its parts fit together.
struct WorkloadReading {
    static let keys = [
        "name", "description", "nodes", "hosts", "access", "system", "client", "workload", "clients", "faults",
        "schedule", "time",
        "every", "quiet", "seed", "packets", "dns", "check",
        "check-limits", "tame", "endpoints", "keys-prefix", "limits",
    ]

    let root: YAMLNode
    let path: String
    let text: String
    /// What `{{polygraph}}` stands for.
    let program: String
    /// Where the nodes were in a recorded run, which goes before what the file says; nil for a new run.
    let recorded: ClusterSpec?

    func read() throws(WorkloadFileErrors) -> WorkloadFile {
        let mistakes = MistakeList()
        let file = read(NodeReader(node: root, path: "", mistakes: mistakes))
        if !mistakes.mistakes.isEmpty { throw WorkloadFileErrors(mistakes.mistakes) }
        guard let file else { preconditionFailure("a workload file was refused without a reason") }
        return file
    }

    private func read(_ reader: NodeReader) -> WorkloadFile? {
        guard let fields = reader.mapping("a workload", known: Self.keys) else { return nil }
        let name = fields["name"].map { $0.name() } ?? Self.stem(of: path)
        let description = fields["description"].map { $0.string() } ?? ""
        let place = ClusterReading(checksFiles: recorded == nil).place(fields)
        let isStarted = place.kind != .external
        let whatSystem = "how a node is started, and asked whether it is ready"
        let system: DeclaredSystem? =
            if isStarted || fields["system"] != nil {
                fields.required("system", whatSystem)?
                    .system(name: name ?? "", program: program, isStarted: isStarted)
            } else {
                DeclaredSystem(name: name ?? "", start: [], ready: nil, program: program)
            }
        if let cluster = place.cluster { EndpointReading().checkPorts(of: cluster, reader, fields["endpoints"]) }
        let client = fields.required("client", "the requests that clients make")?.client()
        let workload = fields.required("workload", "what clients do, such as {register: {keys: 20, cas: true}}")?
            .workload()
        let clients = fields["clients"].map { $0.clients() } ?? ClientsSpec()
        let time = fields["time"].map { $0.duration() } ?? 60_000_000_000
        let every = fields["every"].map { $0.duration(atLeast: FaultReading.shortestInterval) } ?? 10_000_000_000
        let quiet = fields["quiet"].map { $0.duration(atLeast: 0) } ?? 5_000_000_000
        let seed = fields["seed"].map { $0.seed() }
        let packets = fields["packets"].map { $0.bool() } ?? false
        let check = check(fields)
        let tame = fields["tame"].map { $0.choice(TameRunRule.allCases.map { ($0.rawValue, $0) }, "rule") } ?? .unknown

        let standard = LoadLimits(rate: isStarted ? nil : WorkloadFile.standardRate)
        let limits = fields["limits"].map { $0.loadLimits(standard: standard) } ?? standard
        let keyPrefix = fields["keys-prefix"].flatMap { $0.keyPrefix() } ?? (isStarted ? nil : "polygraph-")

        let faults = fields["faults"].map {
            // A mistake in one of these is noted already; with a guess in its place the faults can be read all the same.
            FaultReading(
                shape: ClusterShape(
                    nodes: place.nodes ?? 64, hasPrimary: fields["system"].map { $0.node["primary"] != nil } ?? true,
                    hasMembership: fields["system"].map { $0.node["membership"] != nil } ?? true,
                    transport: place.kind),
                every: every ?? 10_000_000_000, time: time ?? .max
            ).entries($0)
        }
        let needsNames = faults?.contains { $0.function == "dns" } ?? false
        let dns = fields["dns"].map { $0.bool() } ?? needsNames
        if dns == false, needsNames {
            fields["dns"]?.fail("is `false`, and there is a fault `dns`, which needs nodes that ask a name server")
        }
        let rules = fields["schedule"].flatMap {
            ScheduleReading(lines: (faults ?? []).map(\.name), every: every ?? 10_000_000_000).rules($0)
        }
        if let clients, let time, clients.timeout > time {
            (fields["clients"]?.child("timeout") ?? reader).fail(
                "an operation may take longer (\(Quantity.describe(duration: clients.timeout))) than the whole run "
                    + "(`time`: \(Quantity.describe(duration: time)))")
        }
        if let workload, let client, let section = fields["client"] { match(workload, client.requests, section) }
        guard let name, let description, let nodes = place.nodes, let cluster = place.cluster, let system, let client,
            let workload, let clients, let time, let every, let quiet, let packets, let dns, let check, let tame,
            let limits
        else { return nil }
        return WorkloadFile(
            path: path, text: text, name: name, description: description, nodes: nodes, cluster: recorded ?? cluster,
            system: system, client: client.requests, access: client.access, keyPrefix: keyPrefix, limits: limits,
            workload: workload, clients: clients, faults: faults ?? [],
            scheduleRules: rules ?? ScheduleRules(every: every), time: time, every: every, quiet: quiet,
            seed: seed ?? nil, packets: packets, dns: dns, check: check,
            tame: tame)
    }

    /// The client must know the operations that the workload makes.
    private func match(_ workload: WorkloadSpec, _ client: HTTPClientSpec, _ section: NodeReader) {
        guard case .register(let register) = workload else { return }
        for function in ["read", "write"] + (register.cas ? ["cas"] : []) {
            // One that is there but wrong has been noted.
            if section.node["http"]?[function] == nil {
                section.child("http")?.fail(
                    "the request for `\(function)` is missing, which the register workload makes"
                        + (function == "cas" ? " (`cas: true`)" : ""))
            }
        }
    }

    /// `check: linearizable`, `check-limits: {time, memory}`
    private func check(_ fields: MappingReader) -> CheckSpec? {
        let choices = CheckSpec.Promise.allCases.map { ($0.rawValue, $0) }
        let promise = fields["check"].map { $0.choice(choices, "check") } ?? .linearizable
        let limits = fields["check-limits"].flatMap {
            $0.mapping("what checking may cost", known: ["time", "memory"])
        }
        let time = limits?["time"].map { $0.duration() }
        let memory = limits?["memory"].map { $0.size(atLeast: 1_000_000) }
        guard let promise else { return nil }
        return CheckSpec(promise: promise, timeLimit: time ?? nil, memoryLimit: memory ?? nil)
    }

    /// `Workloads/my-kv.yaml` is `my-kv`.
    static func stem(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".yaml", ".yml"] where file.hasSuffix(ending) && file.count > ending.count {
            return String(file.dropLast(ending.count))
        }
        return file
    }
}

extension NodeReader {
    /// A word that can name a folder.
    fileprivate func name() -> String? {
        guard let name = string("a name") else { return nil }
        let isFine = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "-_.".utf8.contains($0)
        }
        if isFine, !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 100 { return name }
        fail("names a folder: letters, digits, `-`, `_` and `.` (not first), at most 100; found `\(name)`")
        return nil
    }

    fileprivate func seed() -> UInt64? {
        if let word, let seed = UInt64(word) { return seed }
        expected("a seed: a whole number from 0 to \(UInt64.max)")
        return nil
    }

    /// `{count, rate, timeout}`
    fileprivate func clients() -> ClientsSpec? {
        guard let fields = mapping("the clients", known: ["count", "rate", "timeout"]) else { return nil }
        let defaults = ClientsSpec()
        let count = fields["count"].map { $0.integer(1...1_000, "a number of clients") } ?? defaults.count
        let rate = fields["rate"].map { $0.rate() } ?? .some(defaults.rate)
        let timeout = fields["timeout"].map { $0.duration() } ?? defaults.timeout
        guard let count, let rate, let timeout else { return nil }
        return ClientsSpec(count: count, rate: rate, timeout: timeout)
    }

    /// Operations a second; nil inside for `unlimited`, nil outside for a mistake.
    private func rate() -> Double?? {
        if word == "unlimited" { return .some(nil) }
        guard let word, let rate = Quantity.parseRate(word) else {
            expected("a rate above 0 such as 500/s, or `unlimited`")
            return nil
        }
        return .some(rate)
    }
}
