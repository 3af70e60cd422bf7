/// What the command line changes in a workload file. Every change is made in the YAML tree before it is read, so that
/// it is looked at as closely as the file itself; mistakes name the option.
public struct WorkloadOverrides: Hashable, Sendable {
    public var seed: UInt64?
    /// As in the file: `60s`.
    public var time: String?
    /// As in the file: `500/s`, `unlimited`.
    public var rate: String?
    public var nodes: Int?
    /// Number of clients.
    public var clients: Int?
    /// Leaves all faults out.
    public var noFaults: Bool
    /// `key.path=value`, with a value in YAML: `clients.timeout=2s`, `faults[1].kill=all`.
    public var replacements: [String]

    public init(
        seed: UInt64? = nil, time: String? = nil, rate: String? = nil, nodes: Int? = nil, clients: Int? = nil,
        noFaults: Bool = false, replacements: [String] = []
    ) {
        self.seed = seed
        self.time = time
        self.rate = rate
        self.nodes = nodes
        self.clients = clients
        self.noFaults = noFaults
        self.replacements = replacements
    }

    /// Changes a file's tree.
    /// - Throws: `WorkloadFileErrors` that name the options that cannot be followed.
    func apply(to root: inout YAMLNode) throws(WorkloadFileErrors) {
        var mistakes: [WorkloadFileError] = []
        func change(_ option: String, _ path: String, _ value: String) {
            do throws(WorkloadFileError) { try TreeChange(option, path, value).apply(to: &root) } catch {
                mistakes.append(error)
            }
        }
        if noFaults, case .mapping(let entries) = root.content {
            root.content = .mapping(entries.filter { !["faults", "schedule"].contains($0.key) })
        }
        for replacement in replacements {
            let option = "--set \(replacement)"
            guard let equals = replacement.firstIndex(of: "="), equals > replacement.startIndex else {
                mistakes.append(
                    WorkloadFileError(
                        SourceMark(source: option), "expected a key and its value, such as clients.timeout=2s"))
                continue
            }
            if replacement[..<equals] == "endpoints" { EndpointReading.settle(&root) }
            change(option, String(replacement[..<equals]), String(replacement[replacement.index(after: equals)...]))
        }
        if let seed { change("--seed \(seed)", "seed", "\(seed)") }
        if let time { change("--time \(time)", "time", time) }
        if let rate { change("--rate \(rate)", "clients.rate", rate) }
        if let nodes { change("--nodes \(nodes)", "nodes", "\(nodes)") }
        if let clients { change("--clients \(clients)", "clients.count", "\(clients)") }
        if !mistakes.isEmpty { throw WorkloadFileErrors(mistakes) }
    }
}

/// One option's change of the tree.
private struct TreeChange {
    private enum Step {
        case key(String)
        case element(Int)
    }

    private let mark: SourceMark
    private let path: String
    private let steps: [Step]
    private let value: YAMLNode

    init(_ option: String, _ path: String, _ value: String) throws(WorkloadFileError) {
        mark = SourceMark(source: option)
        self.path = path
        steps = try Self.steps(of: path, mark)
        do throws(WorkloadFileError) {
            let empty = YAMLNode(.scalar("", isPlain: true), mark: mark)
            let isEmpty = value.allSatisfy { $0 == " " }
            self.value = isEmpty ? empty : Self.moved(try YAMLParser.parse(Array(value.utf8), source: option), to: mark)
        } catch {
            throw WorkloadFileError(mark, keyPath: path, "`\(value)` is no value: \(error.message)")
        }
    }

    /// `faults[1].kill` is the key `faults`, its element 1, and the key `kill`.
    private static func steps(of path: String, _ mark: SourceMark) throws(WorkloadFileError) -> [Step] {
        var steps: [Step] = []
        for part in path.split(separator: ".", omittingEmptySubsequences: false) {
            let key = part.prefix { $0 != "[" }
            if key.isEmpty {
                throw WorkloadFileError(mark, "`\(path)` is no key; expected one such as clients.timeout")
            }
            steps.append(.key(String(key)))
            var rest = part[key.endIndex...]
            while !rest.isEmpty {
                guard rest.first == "[", let close = rest.firstIndex(of: "]"),
                    let index = Int(rest[rest.index(after: rest.startIndex)..<close]), index >= 0
                else {
                    throw WorkloadFileError(mark, "`\(path)` is no key; expected one such as faults[0].kill")
                }
                steps.append(.element(index))
                rest = rest[rest.index(after: close)...]
            }
        }
        return steps
    }

    /// The same value, written elsewhere.
    private static func moved(_ node: YAMLNode, to mark: SourceMark) -> YAMLNode {
        let content: YAMLNode.Content =
            switch node.content {
            case .scalar: node.content
            case .sequence(let elements): .sequence(elements.map { moved($0, to: mark) })
            case .mapping(let entries):
                .mapping(
                    entries.map { YAMLNode.Entry(key: $0.key, keyMark: mark, value: moved($0.value, to: mark)) })
            }
        return YAMLNode(content, mark: mark)
    }

    func apply(to root: inout YAMLNode) throws(WorkloadFileError) {
        try set(&root, steps[...], reached: "the file")
    }

    /// Goes down to the place of the value, making the mappings that are missing.
    private func set(_ node: inout YAMLNode, _ steps: ArraySlice<Step>, reached: String) throws(WorkloadFileError) {
        guard let step = steps.first else {
            node = value
            return
        }
        switch (step, node.content) {
        case (.key(let key), .mapping(var entries)):
            let position: Int
            if let found = entries.firstIndex(where: { $0.key == key }) {
                position = found
            } else {
                position = entries.count
                let empty = YAMLNode(.mapping([]), mark: mark)
                entries.append(YAMLNode.Entry(key: key, keyMark: mark, value: empty))
            }
            try set(&entries[position].value, steps.dropFirst(), reached: "`\(key)`")
            node.content = .mapping(entries)
        case (.element(let index), .sequence(var elements)):
            guard index < elements.count else {
                throw WorkloadFileError(
                    mark, keyPath: path, "\(reached) has \(elements.count) elements, counted from 0")
            }
            try set(&elements[index], steps.dropFirst(), reached: "[\(index)]")
            node.content = .sequence(elements)
        case (.key(let key), _):
            throw WorkloadFileError(mark, keyPath: path, "\(reached) is no mapping, so it has no key `\(key)`")
        case (.element(let index), _):
            throw WorkloadFileError(mark, keyPath: path, "\(reached) is no list, so it has no element [\(index)]")
        }
    }
}
