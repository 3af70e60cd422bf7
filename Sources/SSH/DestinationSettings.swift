/// What the configuration files say about one host: for every setting the first value that holds.
struct DestinationSettings {
    static let known: Set<String> = [
        "hostname", "user", "port", "identityfile", "identitiesonly", "identityagent", "proxyjump",
        "userknownhostsfile", "globalknownhostsfile", "stricthostkeychecking", "hostkeyalias", "connecttimeout",
        "serveraliveinterval", "serveralivecountmax",
    ]

    /// As the user named it.
    let original: String
    private(set) var first: [String: ConfigurationParser.Directive] = [:]
    /// `IdentityFile` may be given several times; all of them hold.
    private(set) var identityFiles: [String] = []

    init(original: String) { self.original = original }

    /// Takes the settings of a file that hold for the host.
    mutating func take(_ items: [ConfigurationParser.Item]) {
        var holds = true
        take(items, &holds)
    }

    private mutating func take(_ items: [ConfigurationParser.Item], _ holds: inout Bool) {
        for item in items {
            switch item {
            case .host(let patterns): holds = HostPattern.matches(original, list: patterns)
            case .match(let condition): holds = isTrue(condition)
            case .include(let files):
                guard holds else { continue }
                for file in files {
                    var holdsInside = true
                    take(file, &holdsInside)
                }
            case .setting(let directive):
                guard holds else { continue }
                if directive.key == "identityfile" {
                    identityFiles.append(directive.arguments[0])
                } else if first[directive.key] == nil {
                    first[directive.key] = directive
                }
            }
        }
    }

    private func isTrue(_ condition: ConfigurationParser.Condition) -> Bool {
        switch condition {
        case .all: return true
        case .unknown: return false
        case .names(let host, let given):
            let name = first["hostname"]?.arguments[0] ?? original
            return (host.map { HostPattern.matches(name, list: $0) } ?? true)
                && (given.map { HostPattern.matches(original, list: $0) } ?? true)
        }
    }

    func text(_ key: String) -> String? { first[key]?.arguments[0] }

    func list(_ key: String) -> [String]? { first[key]?.arguments }

    /// A whole number within `range`.
    func number(_ key: String, _ range: ClosedRange<Int>, _ parser: ConfigurationParser) throws(SSHError) -> Int? {
        guard let directive = first[key] else { return nil }
        guard let number = Int(directive.arguments[0]), range.contains(number) else {
            throw parser.mistake(
                directive.file, directive.line,
                "\(directive.key) is \"\(directive.arguments[0])\", not a number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
        return number
    }

    func isOn(_ key: String, _ parser: ConfigurationParser) throws(SSHError) -> Bool? {
        guard let directive = first[key] else { return nil }
        switch directive.arguments[0].lowercased() {
        case "yes", "true": return true
        case "no", "false": return false
        default:
            throw parser.mistake(
                directive.file, directive.line,
                "\(directive.key) is \"\(directive.arguments[0])\", neither yes nor no")
        }
    }
}
