/// What the controller asks of a node's agent.
enum NodeRequest {
    /// Everything else that `ready` has promised is done: configure the network and the view of the file system.
    case configure(Configuration)
    /// The same on a host, whose network and file system the node shares: the node's name, where its logs and the folder
    /// `data` are, and what relative paths of programs are relative to.
    case configureHost(name: String, folder: String, programs: String)
    case start(Launch, folder: String)
    case kill
    case pause
    case resume
    case state
    case setClock(ClockSkew)
    case process(ProcessRequest)
    /// For the agent's disk supervision; the words are its own.
    case disk([String])
    case files(FileRequest)

    struct Configuration {
        var name: String
        /// In network byte order, as a number.
        var address: UInt32
        var mask: UInt32
        /// The whole of /etc/hosts.
        var hosts: String
        /// The whole of /etc/resolv.conf; empty: the machine's.
        var resolver: String
        /// Where the logs are, and the folder `data`.
        var folder: String
    }

    /// Whether it only looks, and at once: processes that a limit has stopped may stay so meanwhile.
    var isGlance: Bool {
        switch self {
        case .state, .process(.use), .process(.endCause): true
        default: false
        }
    }

    var words: [String] {
        switch self {
        case .configure(let it):
            ["configure", it.name, String(it.address), String(it.mask), it.hosts, it.resolver, it.folder]
        case .configureHost(let name, let folder, let programs): ["configure-host", name, folder, programs]
        case .start(let launch, let folder):
            ["start", folder, String(launch.command.count)] + launch.command
                + launch.environment.map { $0.key + "=" + $0.value }
        case .kill: ["kill"]
        case .pause: ["pause"]
        case .resume: ["resume"]
        case .state: ["state"]
        case .setClock(let skew): ["clock"] + skew.requestWords
        case .process(let request): ["process"] + request.words
        case .disk(let words): ["disk"] + words
        case .files(let request): ["files"] + request.words
        }
    }

    init?(words: [String]) {
        switch words.first {
        case "configure":
            guard words.count == 7, let address = UInt32(words[2]), let mask = UInt32(words[3]) else { return nil }
            self = .configure(
                Configuration(
                    name: words[1], address: address, mask: mask, hosts: words[4], resolver: words[5],
                    folder: words[6]))
        case "configure-host" where words.count == 4:
            self = .configureHost(name: words[1], folder: words[2], programs: words[3])
        case "start":
            guard words.count > 2, let count = Int(words[2]), words.count >= 3 + count else { return nil }
            var environment: [String: String] = [:]
            for word in words[(3 + count)...] {
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                environment[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
            }
            self = .start(Launch(command: Array(words[3..<(3 + count)]), environment: environment), folder: words[1])
        case "kill": self = .kill
        case "pause": self = .pause
        case "resume": self = .resume
        case "state": self = .state
        case "clock":
            guard let skew = ClockSkew(requestWords: words.dropFirst()) else { return nil }
            self = .setClock(skew)
        case "process":
            guard let request = ProcessRequest(words: Array(words.dropFirst())) else { return nil }
            self = .process(request)
        case "disk": self = .disk(Array(words.dropFirst()))
        case "files":
            guard let request = FileRequest(words: Array(words.dropFirst())) else { return nil }
            self = .files(request)
        default: return nil
        }
    }
}

/// What a node's agent answers.
enum NodeAnswer {
    case done
    case count(Int)
    case state(NodeState)
    case clock(ClockProof)
    case process(ProcessAnswer)
    case disk([String])
    case damage([FileDamage])
    case failed(step: String, message: String)
    /// The program has started, and ended within the grace period.
    case endedAtOnce(status: Int32?, signal: Int32?)

    var words: [String] {
        switch self {
        case .done: ["done"]
        case .count(let count): ["count", String(count)]
        case .state(.notStarted): ["state", "none"]
        case .state(.unreachable): ["state", "unreachable"]
        case .state(.running(let pids)): ["state", "running"] + pids.map { String($0) }
        case .state(.paused(let pids)): ["state", "paused"] + pids.map { String($0) }
        case .state(.exited(let status, let signal)): ["state", "exited"] + NodeAnswer.words(status, signal)
        case .clock(let proof):
            [
                "clock", String(proof.processes), String(proof.elapsed), String(proof.measuredOffset), proof.method,
            ]
        case .process(let answer): ["process"] + answer.words
        case .disk(let words): ["disk"] + words
        case .damage(let damage): ["damage"] + damage.flatMap(\.words)
        case .failed(let step, let message): ["failed", step, message]
        case .endedAtOnce(let status, let signal): ["ended"] + NodeAnswer.words(status, signal)
        }
    }

    private static func words(_ status: Int32?, _ signal: Int32?) -> [String] {
        [status.map { String($0) } ?? "", signal.map { String($0) } ?? ""]
    }

    init?(words: [String]) {
        switch words.first {
        case "done": self = .done
        case "count":
            guard words.count == 2, let count = Int(words[1]) else { return nil }
            self = .count(count)
        case "state":
            guard words.count > 1 else { return nil }
            switch words[1] {
            case "none": self = .state(.notStarted)
            case "unreachable": self = .state(.unreachable)
            case "running": self = .state(.running(pids: words[2...].compactMap { Int32($0) }))
            case "paused": self = .state(.paused(pids: words[2...].compactMap { Int32($0) }))
            default:
                guard words.count == 4 else { return nil }
                self = .state(.exited(status: Int32(words[2]), signal: Int32(words[3])))
            }
        case "clock":
            guard words.count == 5, let processes = Int(words[1]), let elapsed = Int64(words[2]),
                let offset = Int64(words[3])
            else { return nil }
            self = .clock(
                ClockProof(processes: processes, elapsed: elapsed, measuredOffset: offset, method: words[4]))
        case "process":
            guard let answer = ProcessAnswer(words: Array(words.dropFirst())) else { return nil }
            self = .process(answer)
        case "disk": self = .disk(Array(words.dropFirst()))
        case "damage":
            let damage = stride(from: 1, to: words.count, by: 4).map {
                FileDamage(words: words[$0..<min(words.count, $0 + 4)])
            }
            guard !damage.contains(nil) else { return nil }
            self = .damage(damage.compactMap { $0 })
        case "failed":
            guard words.count == 3 else { return nil }
            self = .failed(step: words[1], message: words[2])
        case "ended":
            guard words.count == 3 else { return nil }
            self = .endedAtOnce(status: Int32(words[1]), signal: Int32(words[2]))
        default: return nil
        }
    }
}
