// Policies of links as words of a request to a host.

extension Endpoint {
    /// `0`, `1`, … for nodes, `c` for the controller.
    var word: String {
        switch self {
        case .node(let index): String(index)
        case .controller: "c"
        }
    }

    init?(word: String) {
        if word == "c" { self = .controller } else if let index = Int(word) { self = .node(index) } else { return nil }
    }
}

extension LinkPolicy {
    /// For every link: its ends, the number of its stages, and the stages.
    static func words(_ policies: [Link: LinkPolicy]) -> [String] {
        policies.flatMap { link, policy in
            [link.from.word, link.to.word, String(policy.stages.count)]
                + policy.stages.flatMap { $0.effect.words + [$0.ports.word] }
        }
    }

    static func policies(words: ArraySlice<String>) -> [Link: LinkPolicy]? {
        var rest = words
        var policies: [Link: LinkPolicy] = [:]
        while !rest.isEmpty {
            guard let from = rest.popFirst().flatMap({ Endpoint(word: $0) }),
                let to = rest.popFirst().flatMap({ Endpoint(word: $0) }),
                let count = rest.popFirst().flatMap({ Int($0) })
            else { return nil }
            var stages: [Stage] = []
            for _ in 0..<count {
                guard let effect = LinkEffect(words: &rest), let ports = rest.popFirst().flatMap({ PortSet(word: $0) })
                else { return nil }
                stages.append(Stage(effect, ports: ports))
            }
            policies[Link(from: from, to: to)] = LinkPolicy(stages)
        }
        return policies
    }
}

extension PortSet {
    /// `all`, or `2379-2380,7000-7000`.
    var word: String {
        guard let ranges else { return "all" }
        return ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }

    init?(word: String) {
        if word == "all" {
            self = .all
            return
        }
        var ports: [UInt16] = []
        for part in word.split(separator: ",") {
            let ends = part.split(separator: "-").compactMap { UInt16($0) }
            guard ends.count == 2, ends[0] <= ends[1] else { return nil }
            ports += ends[0]...ends[1]
        }
        self.init(ports)
    }
}

extension LinkEffect {
    /// Its name, and five numbers at most; the same count for each, so that a reader knows where it ends.
    var words: [String] {
        func row(_ name: String, _ numbers: String...) -> [String] {
            [name] + numbers + [String](repeating: "", count: LinkEffect.width - numbers.count)
        }
        return switch self {
        case .cut: row("cut")
        case .flap(let period, let up, let phase): row("flap", String(period), String(up), String(phase))
        case .reset(let share): row("reset", String(share))
        case .loss(let share): row("loss", String(share))
        case .burstLoss(let enter, let leave, let within):
            row("burst", String(enter), String(leave), String(within))
        case .corruption(let share, let bits): row("corruption", String(share), String(bits))
        case .duplication(let share): row("duplication", String(share))
        case .rate(let bytes, let queue): row("rate", String(bytes), String(queue))
        case .delay(let distribution, let correlation, let keepsOrder):
            row(
                "delay", distribution.name, distribution.first, distribution.second, String(correlation),
                "\(keepsOrder)")
        case .reordering(let share, let heldBack): row("reordering", String(share), String(heldBack))
        }
    }

    private static let width = 5

    init?(words: inout ArraySlice<String>) {
        guard words.count > LinkEffect.width, let name = words.popFirst() else { return nil }
        let fields = Array(words.prefix(LinkEffect.width))
        words = words.dropFirst(LinkEffect.width)
        func share(_ place: Int) -> Double { Double(fields[place]) ?? 0 }
        func whole(_ place: Int) -> Int64 { Int64(fields[place]) ?? 0 }
        switch name {
        case "cut": self = .cut
        case "flap": self = .flap(period: whole(0), up: share(1), phase: whole(2))
        case "reset": self = .reset(share: share(0))
        case "loss": self = .loss(share: share(0))
        case "burst": self = .burstLoss(enter: share(0), leave: share(1), within: share(2))
        case "corruption": self = .corruption(share: share(0), bits: Int(whole(1)))
        case "duplication": self = .duplication(share: share(0))
        case "rate": self = .rate(bytesPerSecond: whole(0), queueBytes: whole(1))
        case "delay":
            guard let distribution = DelayDistribution(name: fields[0], fields[1], fields[2]) else { return nil }
            self = .delay(distribution, correlation: share(3), keepsOrder: fields[4] == "true")
        case "reordering": self = .reordering(share: share(0), heldBack: whole(1))
        default: return nil
        }
    }
}

extension DelayDistribution {
    fileprivate var name: String {
        switch self {
        case .constant: "constant"
        case .uniform: "uniform"
        case .normal: "normal"
        case .exponential: "exponential"
        case .pareto: "pareto"
        }
    }

    fileprivate var first: String {
        switch self {
        case .constant(let delay): String(delay)
        case .uniform(let range): String(range.lowerBound)
        case .normal(let mean, _): String(mean)
        case .exponential(let mean): String(mean)
        case .pareto(let minimum, _): String(minimum)
        }
    }

    fileprivate var second: String {
        switch self {
        case .constant, .exponential: ""
        case .uniform(let range): String(range.upperBound)
        case .normal(_, let deviation): String(deviation)
        case .pareto(_, let shape): String(shape)
        }
    }

    fileprivate init?(name: String, _ first: String, _ second: String) {
        guard let amount = Int64(first) else { return nil }
        switch name {
        case "constant": self = .constant(amount)
        case "uniform":
            guard let end = Int64(second), end >= amount else { return nil }
            self = .uniform(amount...end)
        case "normal":
            guard let deviation = Int64(second) else { return nil }
            self = .normal(mean: amount, deviation: deviation)
        case "exponential": self = .exponential(mean: amount)
        case "pareto":
            guard let shape = Double(second) else { return nil }
            self = .pareto(minimum: amount, shape: shape)
        default: return nil
        }
    }
}

extension LinkCounters {
    /// The ends, and all counts.
    var words: [String] {
        [link.from.word, link.to.word]
            + [
                forwardedFrames, forwardedBytes, cutFrames, lostFrames, queueDrops, duplicatedFrames, corruptedFrames,
                reorderedFrames, delayedFrames, delay, resets,
            ].map { String($0) }
    }

    static let wordCount = 13

    init?(words: ArraySlice<String>) {
        let words = Array(words)
        let counts = words.dropFirst(2).compactMap { UInt64($0) }
        guard words.count == LinkCounters.wordCount, counts.count == 11, let from = Endpoint(word: words[0]),
            let to = Endpoint(word: words[1])
        else { return nil }
        self.init(
            link: Link(from: from, to: to), forwardedFrames: counts[0], forwardedBytes: counts[1], cutFrames: counts[2])
        lostFrames = counts[3]
        queueDrops = counts[4]
        duplicatedFrames = counts[5]
        corruptedFrames = counts[6]
        reorderedFrames = counts[7]
        delayedFrames = counts[8]
        delay = counts[9]
        resets = counts[10]
    }
}
