/// What the controller asks of a node's agent about processes and their limits.
enum ProcessRequest {
    /// A signal to the main process; `ends` where it is meant to end the node's program.
    case signal(Int32, ends: Bool)
    case start(Launch, folder: String, killedAfter: Int64)
    case execute(Launch, folder: String, timeout: Int64)
    case endCause
    /// The control groups that exist for the node.
    case limits(ResourceLimits, groups: ControlGroups.Places)
    case use
    case readClock
    /// What of the node's time no change of its clock reaches; with the node's name.
    case clockWarnings(String)

    var words: [String] {
        func word(_ number: Int64?) -> String { number.map { String($0) } ?? "" }
        return switch self {
        case .signal(let number, let ends): ["signal", String(number), ends ? "ends" : ""]
        case .start(let launch, let folder, let delay):
            ["start", String(delay)] + NodeRequest.start(launch, folder: folder).words
        case .execute(let launch, let folder, let timeout):
            ["execute", String(timeout)] + NodeRequest.start(launch, folder: folder).words
        case .endCause: ["cause"]
        case .limits(let limits, let groups):
            [
                "limits", word(limits.processorShare), word(limits.memory), word(limits.fileDescriptors),
                word(limits.slowdown?.running), word(limits.slowdown?.stopped),
            ] + groups.words
        case .use: ["use"]
        case .readClock: ["clock"]
        case .clockWarnings(let name): ["clock-warnings", name]
        }
    }

    init?(words: [String]) {
        switch words.first {
        case "signal":
            guard words.count == 3, let number = Int32(words[1]) else { return nil }
            self = .signal(number, ends: words[2] == "ends")
        case "start":
            guard words.count > 2, let delay = Int64(words[1]),
                case .start(let launch, let folder)? = NodeRequest(words: Array(words.dropFirst(2)))
            else { return nil }
            self = .start(launch, folder: folder, killedAfter: delay)
        case "execute":
            guard words.count > 2, let timeout = Int64(words[1]),
                case .start(let launch, let folder)? = NodeRequest(words: Array(words.dropFirst(2)))
            else { return nil }
            self = .execute(launch, folder: folder, timeout: timeout)
        case "cause": self = .endCause
        case "limits":
            guard words.count > 5, let groups = ControlGroups.Places(words: Array(words.dropFirst(6))) else {
                return nil
            }
            var limits = ResourceLimits(
                processorShare: Int64(words[1]), memory: Int64(words[2]), fileDescriptors: Int64(words[3]))
            if let running = Int64(words[4]), let stopped = Int64(words[5]) {
                limits.slowdown = Slowdown(running: running, stopped: stopped)
            }
            self = .limits(limits, groups: groups)
        case "use": self = .use
        case "clock": self = .readClock
        case "clock-warnings" where words.count == 2: self = .clockWarnings(words[1])
        default: return nil
        }
    }
}

/// What a node's agent answers to a `ProcessRequest`.
enum ProcessAnswer {
    case interrupted(InterruptedStart)
    case executed(CommandOutcome)
    case endCause(EndCause?)
    case limits(LimitProof)
    case use(ResourceUse)
    case words([String])

    var words: [String] {
        switch self {
        case .interrupted(let start): ["interrupted", String(start.elapsed), String(start.processes)]
        case .executed(let outcome): ["executed", outcome.status.map { String($0) } ?? "", outcome.output]
        case .endCause(let cause): ["cause", cause?.rawValue ?? ""]
        case .words(let words): ["words"] + words
        case .limits(let proof):
            ["limits", String(proof.processes), String(proof.elapsed), String(proof.mechanisms.count)]
                + proof.mechanisms.flatMap { [$0.key, $0.value] }
                + proof.inForce.flatMap { [$0.key, String($0.value)] }
        case .use(let use):
            ["use"]
                + [
                    Int64(use.processes), use.processorTime, use.memory, use.fileDescriptors, use.fileDescriptorLimit,
                    use.stops, use.stoppedTime, use.outOfMemoryKills,
                ].map { String($0) }
        }
    }

    init?(words: [String]) {
        let numbers = words.dropFirst().map { Int64($0) ?? 0 }
        switch words.first {
        case "interrupted" where numbers.count == 2:
            self = .interrupted(InterruptedStart(elapsed: numbers[0], processes: Int(numbers[1])))
        case "executed" where words.count == 3:
            self = .executed(CommandOutcome(status: Int32(words[1]), output: words[2]))
        case "words": self = .words(Array(words.dropFirst()))
        case "cause" where words.count == 2: self = .endCause(EndCause(rawValue: words[1]))
        case "limits" where words.count >= 4:
            guard let mechanisms = Int(words[3]), words.count >= 4 + 2 * mechanisms, words.count % 2 == 0 else {
                return nil
            }
            var proof = LimitProof(
                processes: Int(numbers[0]), elapsed: numbers[1], mechanisms: [:], inForce: [:])
            for index in stride(from: 4, to: words.count, by: 2) {
                if index < 4 + 2 * mechanisms {
                    proof.mechanisms[words[index]] = words[index + 1]
                } else {
                    proof.inForce[words[index]] = Int64(words[index + 1])
                }
            }
            self = .limits(proof)
        case "use" where numbers.count == 8:
            self = .use(
                ResourceUse(
                    processes: Int(numbers[0]), processorTime: numbers[1], memory: numbers[2],
                    fileDescriptors: numbers[3], fileDescriptorLimit: numbers[4], stops: numbers[5],
                    stoppedTime: numbers[6], outOfMemoryKills: numbers[7]))
        default: return nil
        }
    }
}
