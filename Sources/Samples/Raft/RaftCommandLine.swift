/// The arguments of `polygraph sample raft`.
public enum RaftCommandLine {
    /// One line per argument, for help texts.
    public static let usage = """
        usage: polygraph sample raft --id N --data DIR --peers HOST,… [--members N,…] [--client-port 7000]
                 [--peer-port 7001] [--bug NAME]… [--snapshot-every N] [--election-timeout 150ms]
                 [--request-timeout 2s]
          --peers   every node in order of its id: HOST, or HOST:PEERPORT:CLIENTPORT
          --members the ids of the first members, if not all nodes are; more come and go by POST /members
          --bug     \(RaftBug.allCases.map(\.rawValue).joined(separator: ", "))
        """

    /// Reads the arguments that follow `sample raft`.
    ///
    /// - Throws: a `RaftError` that names the argument and what was expected.
    public static func parse(_ arguments: [String]) throws(RaftError) -> RaftOptions {
        var id: Int?
        var data: String?
        var peers: String?
        var initialMembers: [Int]?
        var clientPort: UInt16 = 7000
        var peerPort: UInt16 = 7001
        var options = RaftOptions(id: 0, members: [], dataDirectory: "")
        var index = arguments.startIndex
        while index < arguments.endIndex {
            let name = arguments[index]
            guard index + 1 < arguments.endIndex else { throw RaftError("\(name) needs a value\n\(usage)") }
            let value = arguments[index + 1]
            index += 2
            switch name {
            case "--id": id = try number(value, of: name)
            case "--data": data = value
            case "--peers": peers = value
            case "--members":
                var ids: [Int] = []
                for part in value.split(separator: ",", omittingEmptySubsequences: false) {
                    ids.append(try number(String(part), of: name))
                }
                initialMembers = ids
            case "--client-port": clientPort = try number(value, of: name)
            case "--peer-port": peerPort = try number(value, of: name)
            case "--snapshot-every": options.snapshotEvery = try number(value, of: name)
            case "--election-timeout": options.electionTimeout = try duration(value, of: name)
            case "--request-timeout": options.requestTimeout = try duration(value, of: name)
            case "--bug":
                guard let bug = RaftBug(rawValue: value) else {
                    let known = RaftBug.allCases.map(\.rawValue).joined(separator: ", ")
                    throw RaftError("--bug \(value): no such bug; there are \(known)")
                }
                options.bugs.insert(bug)
            default: throw RaftError("unknown argument \(name)\n\(usage)")
            }
        }
        guard let id, let data, let peers else { throw RaftError("--id, --data and --peers are needed\n\(usage)") }
        options.id = id
        options.dataDirectory = data
        options.members = try members(peers, peerPort: peerPort, clientPort: clientPort)
        options.initialMembers = initialMembers ?? options.members.map(\.id)
        try options.validate()
        return options
    }

    /// Reads a list of members: `HOST` or `HOST:PEERPORT:CLIENTPORT`, separated by commas, in order of their ids.
    public static func members(
        _ list: String, peerPort: UInt16, clientPort: UInt16
    ) throws(RaftError) -> [RaftOptions.Member] {
        var members: [RaftOptions.Member] = []
        for (position, item) in list.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard let host = parts.first, !host.isEmpty, parts.count == 1 || parts.count == 3 else {
                throw RaftError("--peers: '\(item)' is neither HOST nor HOST:PEERPORT:CLIENTPORT")
            }
            var member = RaftOptions.Member(
                id: position + 1, host: host, peerPort: peerPort, clientPort: clientPort)
            if parts.count == 3 {
                member.peerPort = try number(parts[1], of: "--peers \(item)")
                member.clientPort = try number(parts[2], of: "--peers \(item)")
            }
            members.append(member)
        }
        return members
    }

    /// Reads `150ms`, `2s` or `500us`.
    static func duration(_ text: String, of name: String) throws(RaftError) -> Duration {
        let digits = text.prefix { $0.isNumber }
        guard let count = Int(digits), count <= 1_000_000_000 else {
            throw RaftError("\(name) \(text): expected a duration such as 150ms or 2s")
        }
        switch text.dropFirst(digits.count) {
        case "us": return .microseconds(count)
        case "ms": return .milliseconds(count)
        case "s": return .seconds(count)
        default: throw RaftError("\(name) \(text): expected a duration such as 150ms or 2s")
        }
    }

    private static func number<Number: FixedWidthInteger>(
        _ text: String, of name: String
    ) throws(RaftError) -> Number {
        guard let number = Number(text), number >= 0 else {
            throw RaftError("\(name) \(text): expected a whole number from 0 to \(Number.max)")
        }
        return number
    }
}
