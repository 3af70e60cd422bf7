/// What the controller asks of a host's helper.
enum HostRequest {
    /// For the node's agent.
    case agent([String])
    /// The node's name, and whose frames are whose: what the packet filter needs to know.
    case setup(Setup)
    /// Replaces the policies of all links that touch the host.
    case links([Link: LinkPolicy])
    case counters
    /// Opens a socket for probes on the host's address.
    case openProbe(port: UInt16?)
    /// Exchanges probes with the others for `patience` nanoseconds.
    case runProbe(number: UInt64, own: Int, targets: [HostProbe.Target], patience: Int64)
    /// Bends the host's own clock, or takes everything back.
    case setSystemClock(ClockSkew)
    case readSystemClock
    /// The true time in nanoseconds since 1970, for a clock that was bent before the host was started again.
    case trueTime(Int64)
    /// The host's clocks, and which boot of which kernel this is.
    case time
    /// The node's control groups.
    case groups
    /// The last lines of the node's outputs.
    case tail(lines: Int, from: [Int])
    /// How long the outputs are.
    case outputLengths
    /// Packs files, given by patterns, for the way to the controller: at most so many bytes of each, the last ones.
    case collect(patterns: [String], limit: Int64)
    /// Nothing but a sign of life.
    case ping
    /// Ends the node and undoes everything; the helper ends when it has answered.
    case end

    /// Whether the answer may come late although nothing is wrong.
    var takesTime: Bool {
        switch self {
        case .agent(let words): words.first != "state"
        case .collect, .end, .runProbe, .setSystemClock, .trueTime: true
        case .setup, .links, .counters, .openProbe, .readSystemClock, .time, .groups, .tail, .outputLengths, .ping:
            false
        }
    }

    struct Setup {
        var node: String
        var own: Endpoint
        var ends: [(endpoint: Endpoint, addresses: [String])]
        var exempt: [HostEnds.Exemption]
        /// Tells this run's rules from those of others.
        var id: String
        /// What probes are sent from.
        var address: String
    }

    var words: [String] {
        switch self {
        case .agent(let words): ["agent"] + words
        case .setup(let setup): ["setup"] + setup.words
        case .links(let policies): ["links"] + LinkPolicy.words(policies)
        case .counters: ["counters"]
        case .openProbe(let port): ["open-probe", port.map { String($0) } ?? ""]
        case .runProbe(let number, let own, let targets, let patience):
            ["run-probe", String(number), String(own), String(patience)]
                + targets.flatMap { [String($0.index), $0.address, String($0.port)] }
        case .setSystemClock(let skew): ["clock"] + skew.requestWords
        case .readSystemClock: ["read-clock"]
        case .trueTime(let time): ["true-time", String(time)]
        case .time: ["time"]
        case .groups: ["groups"]
        case .tail(let lines, let from): ["tail", String(lines)] + from.map { String($0) }
        case .outputLengths: ["output-lengths"]
        case .collect(let patterns, let limit): ["collect", String(limit)] + patterns
        case .ping: ["ping"]
        case .end: ["end"]
        }
    }

    init?(words: [String]) {
        let rest = words.dropFirst()
        switch words.first {
        case "agent": self = .agent(Array(rest))
        case "setup":
            guard let setup = Setup(words: rest) else { return nil }
            self = .setup(setup)
        case "links":
            guard let policies = LinkPolicy.policies(words: rest) else { return nil }
            self = .links(policies)
        case "counters": self = .counters
        case "open-probe": self = .openProbe(port: rest.first.flatMap { UInt16($0) })
        case "run-probe":
            guard words.count >= 4, words.count % 3 == 1, let number = UInt64(words[1]), let own = Int(words[2]),
                let patience = Int64(words[3])
            else { return nil }
            let targets = stride(from: 4, to: words.count, by: 3).compactMap { place -> HostProbe.Target? in
                guard let index = Int(words[place]), let port = UInt16(words[place + 2]) else { return nil }
                return HostProbe.Target(index: index, address: words[place + 1], port: port)
            }
            self = .runProbe(number: number, own: own, targets: targets, patience: patience)
        case "clock":
            guard let skew = ClockSkew(requestWords: rest) else { return nil }
            self = .setSystemClock(skew)
        case "read-clock": self = .readSystemClock
        case "true-time":
            guard let time = rest.first.flatMap({ Int64($0) }) else { return nil }
            self = .trueTime(time)
        case "time": self = .time
        case "groups": self = .groups
        case "tail":
            guard let lines = rest.first.flatMap({ Int($0) }) else { return nil }
            self = .tail(lines: lines, from: rest.dropFirst().compactMap { Int($0) })
        case "output-lengths": self = .outputLengths
        case "collect":
            guard let limit = rest.first.flatMap({ Int64($0) }) else { return nil }
            self = .collect(patterns: Array(rest.dropFirst()), limit: limit)
        case "ping": self = .ping
        case "end": self = .end
        default: return nil
        }
    }
}

extension HostRequest.Setup {
    /// Lists have their lengths before them.
    var words: [String] {
        [node, own.word, id, address, String(exempt.count)]
            + exempt.flatMap { [$0.peer, String($0.port)] }
            + ends.flatMap { [$0.endpoint.word, String($0.addresses.count)] + $0.addresses }
    }

    init?(words: ArraySlice<String>) {
        var rest = words
        guard let node = rest.popFirst(), let own = rest.popFirst().flatMap({ Endpoint(word: $0) }),
            let id = rest.popFirst(), let address = rest.popFirst(), let count = rest.popFirst().flatMap({ Int($0) })
        else { return nil }
        var exempt: [HostEnds.Exemption] = []
        for _ in 0..<count {
            guard let peer = rest.popFirst(), let port = rest.popFirst().flatMap({ UInt16($0) }) else { return nil }
            exempt.append(HostEnds.Exemption(peer: peer, port: port))
        }
        var ends: [(endpoint: Endpoint, addresses: [String])] = []
        while let word = rest.popFirst() {
            guard let endpoint = Endpoint(word: word), let count = rest.popFirst().flatMap({ Int($0) }),
                rest.count >= count
            else { return nil }
            ends.append((endpoint, Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
        self.init(node: node, own: own, ends: ends, exempt: exempt, id: id, address: address)
    }
}
