import Glibc

/// The packet filter by `iptables` and `ip6tables`: chains of our own, and one jump into them. The rules of each family
/// change in one transaction.
struct FilterChains: FrameFilter {
    /// IPv4 or IPv6, and its tools.
    private struct Family: Hashable {
        var number: Int32
        var tool: String

        func addresses(_ end: HostEnds.End) -> [String] { number == AF_INET ? end.version4 : end.version6 }
    }

    /// What a rule counts, in the order of the rules of its chain; nil: nothing.
    private typealias Counter = WritableKeyPath<FilterCounts, UInt64>

    /// A chain, its rules without its name, and what they count.
    private struct Chain {
        var name: String
        var link: Link?
        var rules: [(text: String, counter: Counter?)] = []
    }

    private static let families = [
        Family(number: AF_INET, tool: "iptables"), Family(number: AF_INET6, tool: "ip6tables"),
    ]

    private let ends: HostEnds
    private let links: [FilteredLink]
    private let programs: HostPrograms
    private let families: [Family]
    private var exists = false
    private var rules = FilterRules()
    /// What the rules before the present ones have counted.
    private var earlier: [Link: FilterCounts] = [:]

    init(ends: HostEnds, programs: HostPrograms) {
        self.ends = ends
        self.programs = programs
        links = FilteredLink.all(ends)
        families = FilterChains.families.filter { family in
            family.number == AF_INET || ends.others.contains { !$0.version6.isEmpty }
        }
    }

    /// Chains have at most 28 characters.
    private static func prefix(_ id: String) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in HostEnds.sanitized(id).utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return "polygraph-\(String(hash, radix: 36))-"
    }

    mutating func apply(_ new: FilterRules) throws(ClusterError) {
        if !new.copies.isEmpty {
            throw ClusterError(
                "duplicate frames", "iptables cannot; install nft, for instance with: apt-get install nftables")
        }
        if exists {
            earlier = try counts()
        } else {
            try FilterChains.remove(id: ends.id, programs)
        }
        for family in families {
            var text = "*filter\n" + restore(filterChains(family, new))
            if !exists {
                text += "-I INPUT 1 -j \(FilterChains.prefix(ends.id))in\n"
                text += "-I OUTPUT 1 -j \(FilterChains.prefix(ends.id))out\n"
            }
            text += "COMMIT\n"
            // The table is left alone until there are queues.
            if !new.queues.isEmpty || !rules.queues.isEmpty {
                text += "*mangle\n" + restore(queueChains(family, new))
                if rules.queues.isEmpty { text += "-I POSTROUTING 1 -j \(FilterChains.prefix(ends.id))queues\n" }
                if new.queues.isEmpty { text += "-D POSTROUTING -j \(FilterChains.prefix(ends.id))queues\n" }
                text += "COMMIT\n"
            }
            try FilterChains.restore(text, family, programs, "change the packet filter")
        }
        exists = true
        for link in links where link.isJudged && new.beginsReset(link.link, after: rules) {
            for stage in new.resets(link.link) {
                let ended = try SocketEnding(programs: programs, exempt: ends.exempt).end(link.peer, stage.ports)
                earlier[link.link, default: FilterCounts()].resets += UInt64(ended)
            }
        }
        rules = new
    }

    private func restore(_ chains: [Chain]) -> String {
        chains.map { ":\($0.name) - [0:0]\n" }.joined()
            + chains.flatMap { chain in chain.rules.map { "-A \(chain.name) \($0.text)\n" } }.joined()
    }

    /// The same for the rules of a moment, whenever it is asked.
    private func filterChains(_ family: Family, _ rules: FilterRules) -> [Chain] {
        let prefix = FilterChains.prefix(ends.id)
        var chains: [Chain] = []
        for (name, side, port) in [("in", "-s", "--dport"), ("out", "-d", "--sport")] {
            var base = Chain(name: prefix + name)
            if family.number == AF_INET6 {
                for type in 133...137 { base.rules.append(("-p ipv6-icmp --icmpv6-type \(type) -j RETURN", nil)) }
            }
            for exemption in ends.exempt where HostEnds.family(of: exemption.peer) == family.number {
                base.rules.append(("\(side) \(exemption.peer) -p tcp -m tcp \(port) \(exemption.port) -j RETURN", nil))
            }
            for link in links where link.isInward == (name == "in") && link.isJudged {
                for address in family.addresses(link.peer) {
                    base.rules.append(("\(side) \(address) -j \(prefix)\(link.number)", nil))
                }
            }
            chains.append(base)
        }
        return links.filter(\.isJudged).map { chain(of: $0, rules, prefix) } + chains
    }

    private func chain(of link: FilteredLink, _ rules: FilterRules, _ prefix: String) -> Chain {
        var chain = Chain(name: "\(prefix)\(link.number)", link: link.link)
        for stage in rules.stages[link.link] ?? [] {
            switch stage.action {
            case .cut:
                chain.rules += matches(stage.ports).map { ("\($0)-j DROP", \.cut) }
            case .loss(let share):
                chain.rules += matches(stage.ports).map { ("\($0)\(chance(share)) -j DROP", \.lost) }
            case .reset(let share) where share > 0:
                chain.rules += matches(stage.ports, ["tcp"]).map {
                    ("\($0)\(chance(share)) -j REJECT --reject-with tcp-reset", \.resets)
                }
            case .reset, .copy: break
            }
        }
        chain.rules.append(("", \.passedFrames))
        return chain
    }

    private func queueChains(_ family: Family, _ rules: FilterRules) -> [Chain] {
        let prefix = FilterChains.prefix(ends.id)
        var base = Chain(name: prefix + "queues")
        var chains: [Chain] = []
        for exemption in ends.exempt where HostEnds.family(of: exemption.peer) == family.number {
            base.rules.append(("-d \(exemption.peer) -p tcp -m tcp --sport \(exemption.port) -j RETURN", nil))
        }
        for link in links where !link.isInward {
            var chain = Chain(name: "\(prefix)queue\(link.number)", link: link.link)
            for queue in rules.queues[link.link] ?? [] {
                // Gone to, and not called: what it classifies comes back to none of the rules below.
                var target = Chain(name: "\(prefix)to\(queue.number)", link: link.link)
                target.rules.append(("-j CLASSIFY --set-class \(HostTrafficControl.classID(queue.number))", \.queued))
                if queue.strikes.contains(.corrupted) { target.rules.append(("", \.corrupted)) }
                if queue.strikes.contains(.reordered) { target.rules.append(("", \.reordered)) }
                let chance = queue.share < 1 ? chance(queue.share) + " " : ""
                chain.rules += matches(queue.ports).map { ("\($0)\(chance)-g \(target.name)", nil) }
                chains.append(target)
            }
            for address in family.addresses(link.peer) {
                base.rules.append(("-d \(address) -j \(chain.name)", nil))
            }
            chains.append(chain)
        }
        return chains + [base]
    }

    /// Conditions without a common frame that together mean frames of these ports.
    private func matches(_ ports: PortSet, _ protocols: [String] = ["tcp", "udp"]) -> [String] {
        guard let ranges = ports.ranges else { return [protocols == ["tcp"] ? "-p tcp " : ""] }
        // One rule knows fifteen ports, and a range counts twice.
        var lists: [[String]] = []
        var room = 0
        for range in ranges {
            let size = range.count == 1 ? 1 : 2
            if room < size {
                lists.append([])
                room = 15
            }
            room -= size
            lists[lists.count - 1].append(
                size == 1 ? "\(range.lowerBound)" : "\(range.lowerBound):\(range.upperBound)")
        }
        return protocols.flatMap { name in
            lists.map { "-p \(name) -m multiport --ports \($0.joined(separator: ",")) " }
        }
    }

    private func chance(_ share: Double) -> String {
        "-m statistic --mode random --probability \(max(0.000_000_1, min(1, share)).plainDecimal)"
    }

    func counts() throws(ClusterError) -> [Link: FilterCounts] {
        var result = earlier
        guard exists else { return result }
        for family in families {
            let tables = [("filter", filterChains(family, rules)), ("mangle", queueChains(family, rules))]
            for (table, chains) in tables where table == "filter" || !rules.queues.isEmpty {
                let outcome = try programs.run(["\(family.tool)-save", "-c", "-t", table])
                guard outcome.isSuccess else {
                    throw ClusterError("read the counters of the packet filter", outcome.complaint)
                }
                var seen = FilterChains.counted(outcome.output)
                for chain in chains {
                    guard let link = chain.link else { continue }
                    let values = seen.removeValue(forKey: chain.name) ?? []
                    for (rule, value) in zip(chain.rules, values) {
                        guard let counter = rule.counter else { continue }
                        result[link, default: FilterCounts()][keyPath: counter] &+= value.frames
                        if counter == \.passedFrames {
                            result[link, default: FilterCounts()].passedBytes &+= value.bytes
                        }
                    }
                }
            }
        }
        return result
    }

    /// Frames and bytes of the rules of every chain: `[12:3400] -A chain …`.
    private static func counted(_ text: String) -> [String: [(frames: UInt64, bytes: UInt64)]] {
        var result: [String: [(frames: UInt64, bytes: UInt64)]] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("[") {
            let words = line.split(separator: " ", maxSplits: 3)
            let numbers = words[0].dropFirst().dropLast().split(separator: ":").compactMap { UInt64($0) }
            guard words.count >= 3, words[1] == "-A", numbers.count == 2 else { continue }
            result[String(words[2]), default: []].append((numbers[0], numbers[1]))
        }
        return result
    }

    mutating func remove() throws(ClusterError) {
        if exists { earlier = try counts() }
        try FilterChains.remove(id: ends.id, programs)
        exists = false
        rules = FilterRules()
    }

    /// Removes the chains of a run, whoever has made them; harmless where there are none.
    /// - Parameter isSure: whether tables that cannot be read may hold some.
    static func remove(id: String, _ programs: HostPrograms, isSure: Bool = true) throws(ClusterError) {
        let prefix = prefix(id)
        for family in families where programs.find("\(family.tool)-save") != nil {
            let outcome = try programs.run(["\(family.tool)-save"])
            guard outcome.isSuccess else {
                // Tables that were made by nft may be unreadable for iptables.
                if !isSure { continue }
                throw ClusterError("restore the packet filter", HostFirewall.explain(outcome, tool: family.tool))
            }
            var text = ""
            for section in outcome.output.split(separator: "*").dropFirst() {
                let lines = section.split(separator: "\n")
                let chains = lines.filter { $0.hasPrefix(":\(prefix)") }.map { $0.dropFirst().prefix { $0 != " " } }
                guard let table = lines.first, !chains.isEmpty else { continue }
                let jumps = lines.filter { $0.contains("-j \(prefix)") && !$0.hasPrefix("-A \(prefix)") }
                text += "*\(table)\n" + jumps.map { "-D\($0.dropFirst(2))\n" }.joined()
                text += chains.map { "-F \($0)\n" }.joined() + chains.map { "-X \($0)\n" }.joined() + "COMMIT\n"
            }
            if !text.isEmpty { try restore(text, family, programs, "restore the packet filter") }
        }
    }

    private static func restore(
        _ text: String, _ family: Family, _ programs: HostPrograms, _ step: String
    ) throws(ClusterError) {
        let outcome = try programs.run(["\(family.tool)-restore", "--noflush", "-w", "5"], input: text)
        guard !outcome.isSuccess else { return }
        throw ClusterError(step, HostFirewall.explain(outcome, tool: family.tool))
    }
}

extension Double {
    /// Without an exponent, to nine places.
    var plainDecimal: String {
        let parts = (self * 1_000_000_000).rounded()
        guard parts < 9e18, parts >= 0 else { return "\(self)" }
        let whole = UInt64(parts) / 1_000_000_000
        let digits = String(UInt64(parts) % 1_000_000_000)
        return "\(whole)." + String(repeating: "0", count: 9 - digits.count) + digits
    }
}
