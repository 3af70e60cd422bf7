import CLinux
import Glibc
import PolygraphCluster

/// What hosts do to their own networks, with the packet filters that distributions ship.
extension Scenario {
    enum FilterTool: String {
        case nft, iptables, legacy
    }

    /// Only the tools of one packet filter, as a search path.
    private func programs(_ tool: FilterTool) throws -> HostPrograms {
        let path = "\(folder)/\(tool.rawValue)"
        var script = "mkdir -p \(path) && cd \(path)"
        for name in ["ip", "tc", "ss"] + (tool == .nft ? ["nft"] : []) {
            script += " && ln -sf $(command -v \(name)) \(name)"
        }
        if tool != .nft {
            let variant = tool == .legacy ? "legacy" : "nft"
            for family in ["iptables", "ip6tables"] {
                for part in ["", "-save", "-restore"] {
                    script += " && ln -sf $(command -v \(family)-\(variant)\(part)) \(family)\(part)"
                }
            }
        }
        try HostPlaces.run(script)
        return HostPrograms(path: path)
    }

    private func foreignRules(_ tool: FilterTool) -> String {
        switch tool {
        case .nft:
            "nft add table inet foreign && nft 'add chain inet foreign in { type filter hook input priority 0; }' && "
                + "nft add rule inet foreign in tcp dport 9999 drop && nft add table ip polygraph_other"
        case .iptables, .legacy:
            ["iptables", "ip6tables"].flatMap { family in
                ["-A INPUT -p tcp --dport 9999 -j DROP", "-t mangle -A POSTROUTING -p tcp --dport 9999 -j ACCEPT"]
                    .map { "\(folder)/\(tool.rawValue)/\(family) \($0)" }
            }.joined(separator: " && ")
        }
    }

    /// All rules as text, without counters and comments.
    private func ruleset(_ tool: FilterTool) -> String {
        switch tool {
        case .nft: "nft list ruleset"
        case .iptables, .legacy:
            "{ "
                + ["iptables", "ip6tables"].map { "\(folder)/\(tool.rawValue)/\($0)-save" }.joined(separator: " && ")
                + "; } | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'"
        }
    }

    func hostFilter(_ tool: FilterTool) throws -> [String: String] {
        let places = try HostPlaces(nodes: 3)
        defer { places.end() }
        let programs = try programs(tool)
        let hosts = [0, 1, 2]
        var findings: [String: String] = [:]
        func ends(_ own: Int) throws -> HostEnds {
            try HostEnds(
                own: .node(own),
                ends: places.ends.enumerated().map {
                    ($0.element, [HostPlaces.address($0.offset), HostPlaces.address6($0.offset)])
                }, exempt: [HostEnds.Exemption(peer: HostPlaces.address(3), port: 22)], id: "run-2026")
        }
        let foreign = foreignRules(tool)
        let list = ruleset(tool)
        for host in hosts { try places.inside(host) { try HostPlaces.run(foreign) } }
        func rulesets() throws -> [String] {
            try hosts.map { host in try places.inside(host) { try HostPlaces.run(list) } }
        }
        func queues() throws -> [String] {
            try hosts.map { host in try places.inside(host) { try HostPlaces.run("tc qdisc show") } }
        }
        let rulesBefore = try rulesets()
        let queuesBefore = try queues()
        var networks = try hosts.map { try HostNetwork(ends: ends($0), programs: programs) }
        func set(_ policies: [Link: LinkPolicy]) throws {
            for host in hosts {
                let network = networks[host]
                networks[host] = try places.inside(host) {
                    var network = network
                    _ = try network.setLinks(policies)
                    return network
                }
            }
        }
        func counters() throws -> [Link: LinkCounters] {
            var sums: [Link: LinkCounters] = [:]
            for host in hosts {
                let network = networks[host]
                let counted = try places.inside(host) {
                    var network = network
                    return try network.counters()
                }
                for counters in counted { sums[counters.link] = sums[counters.link]?.adding(counters) ?? counters }
            }
            return sums
        }
        func since(_ before: [Link: LinkCounters], _ link: Link) throws -> LinkCounters {
            try counters()[link]!.since(before[link]!)
        }
        func link(_ from: Int, _ to: Int) -> Link { Link(from: places.ends[from], to: places.ends[to]) }
        /// Whether exactly these links are silent, sooner or later.
        func silent(
            _ links: Set<Link>, _ address: @escaping @Sendable (Int) -> String = HostPlaces.address
        ) throws -> String {
            let limit = lab_monotonic_time() + 30_000_000_000
            var seen: Set<Link> = []
            repeat {
                seen = try places.reachability(address).silent
                if seen == links { return "true" }
                if !links.isSubset(of: seen) { return "leaks" }
            } while lab_monotonic_time() < limit
            return "\(seen)"
        }

        // Who reaches whom.
        findings["whole"] = try silent([])
        try set([link(0, 1): .cut])
        findings["one way"] = try silent([link(0, 1)])
        findings["one way, IPv6"] = try silent([link(0, 1)], HostPlaces.address6)
        let halves = [link(0, 1), link(1, 0), link(0, 2), link(2, 0)]
        let before = try counters()
        try set(Dictionary(uniqueKeysWithValues: halves.map { ($0, .cut) }))
        findings["both ways"] = try silent(Set(halves))
        let after = try counters()
        findings["counted cuts"] =
            "\(after.values.allSatisfy { ($0.since(before[$0.link]!).cutFrames > 0) == halves.contains($0.link) })"

        // The connection by which the host is governed.
        let listeners = try [22, 80].map { try places.listener(0, port: $0) }
        defer { for listener in listeners { close(listener) } }
        try set([link(0, 3): .cut, link(3, 0): .cut])
        findings["clients"] = try silent([link(0, 3), link(3, 0)])
        findings["governed"] = "\(try places.connects(from: 3, to: 0, port: 22, milliseconds: 10_000))"
        findings["not governed"] = "\(try places.connects(from: 3, to: 0, port: 80, milliseconds: 700))"
        try set([link(0, 3): .cut])
        findings["answers cut"] = "\(try places.connects(from: 3, to: 0, port: 80, milliseconds: 700))"

        // Every frame is counted once, however often the rules change.
        try set([link(0, 1): .cut])
        var start = try counters()
        try places.send(100, from: 0, to: 1, port: 7001)
        try set([link(0, 1): .cut, link(1, 2): .cut])
        try places.send(100, from: 0, to: 1, port: 7001)
        findings["cut frames"] = "\(try since(start, link(0, 1)).cutFrames)"
        try set([link(0, 1): LinkPolicy(.cut, ports: PortSet(7001...7003))])
        start = try counters()
        try places.send(100, from: 0, to: 1, port: 7002)
        try places.send(100, from: 0, to: 1, port: 7004)
        var seen = try since(start, link(0, 1))
        findings["ports"] = "\(seen.cutFrames) \(seen.forwardedFrames)"
        // Once at the receiver, once at the sender where the controller receives.
        for (name, target) in [("loss", 1), ("loss to clients", 3)] {
            try set([link(0, target): LinkPolicy(.loss(share: 0.25))])
            start = try counters()
            try places.send(2000, from: 0, to: target, port: 7001)
            seen = try since(start, link(0, target))
            let isPlausible =
                (350...650).contains(seen.lostFrames) && (2000...2020).contains(seen.lostFrames + seen.forwardedFrames)
            findings[name] = isPlausible ? "true" : "\(seen.lostFrames) \(seen.forwardedFrames)"
        }

        // Connections.
        try set([:])
        findings.merge(try connectionBreaks(places, set, { try since($0, link(2, 0)).resets }, counters, link(2, 0))) {
            $1
        }

        // Copies and queues.
        if tool == .nft {
            let sink = try places.inside(1) { () -> Int32 in Sockets.datagrams(port: 7005, blocking: false) }
            defer { close(sink) }
            try set([link(0, 1): LinkPolicy(.duplication(share: 0.5))])
            start = try counters()
            var received = 0
            for _ in 0..<20 {
                try places.send(20, from: 0, to: 1, port: 7005)
                while Sockets.receiveSender(sink) != nil { received += 1 }
            }
            let copies = Int(try since(start, link(0, 1)).duplicatedFrames)
            _ = try? eventually("all copies") { () -> Bool? in
                while Sockets.receiveSender(sink) != nil { received += 1 }
                return received >= 400 + copies ? true : nil
            }
            let isPlausible = (120...280).contains(copies) && received == 400 + copies
            findings["copies"] = isPlausible ? "true" : "\(copies) \(received)"
        }
        try set([link(0, 1): LinkPolicy(.rate(bytesPerSecond: 100_000, queueBytes: 20_000), ports: PortSet([7006]))])
        start = try counters()
        try places.send(100, from: 0, to: 1, port: 7006, size: 1000)
        try places.send(100, from: 0, to: 1, port: 7007, size: 1000)
        seen = try since(start, link(0, 1))
        findings["rate"] = seen.queueDrops > 20 && seen.queueDrops < 100 ? "true" : "\(seen.queueDrops)"
        findings["queued"] = "\(seen.delayedFrames)"
        _ = try eventually("the frames that passed") { () -> Bool? in
            let seen = try since(start, link(0, 1))
            return seen.forwardedFrames + seen.queueDrops == 200 ? true : nil
        }
        try set([:])
        findings["after the rate"] = try silent([])
        try places.inside(2) {
            try HostPlaces.run("tc qdisc add dev eth0 root tbf rate 1gbit burst 100000 limit 100000")
        }
        do {
            try set([link(2, 1): LinkPolicy(.rate(bytesPerSecond: 100_000, queueBytes: 20_000))])
            findings["foreign queue"] = "disturbed"
        } catch { findings["foreign queue"] = "\("\(error)".contains("somebody has arranged its queues"))" }
        try places.inside(2) { try HostPlaces.run("tc qdisc del dev eth0 root") }

        // Nothing is left: in order, and after a crash.
        try set([
            link(0, 1): .cut, link(0, 3): .cut,
            link(0, 2): LinkPolicy(.rate(bytesPerSecond: 100_000, queueBytes: 20_000)),
        ])
        for host in [0, 1] {
            let network = networks[host]
            try places.inside(host) {
                var network = network
                try network.remove()
            }
        }
        try places.inside(2) { try HostNetwork.removeEverything(id: "run-2026", programs: programs) }
        findings["rules restored"] = try rulesets() == rulesBefore ? "true" : "\(try rulesets()) \(rulesBefore)"
        findings["queues restored"] = try queues() == queuesBefore ? "true" : "\(try queues())"
        try places.inside(2) { try HostNetwork.removeEverything(id: "run-2026", programs: programs) }
        networks = try hosts.map { try HostNetwork(ends: ends($0), programs: programs) }
        try set([
            link(0, 1): .cut,
            link(1, 2): LinkPolicy(.loss(share: 0.5), .rate(bytesPerSecond: 100_000, queueBytes: 20_000)),
        ])
        // As if the process had ended here: another one does not know more than the name.
        networks = try hosts.map { try HostNetwork(ends: ends($0), programs: programs) }
        try set([
            link(2, 1): .cut, link(1, 0): LinkPolicy(.rate(bytesPerSecond: 1_000_000, queueBytes: 100_000)),
        ])
        findings["taken over"] = try silent([link(2, 1)])
        for host in hosts {
            try places.inside(host) { try HostNetwork.removeEverything(id: "run-2026", programs: programs) }
        }
        findings["restored by name"] = try rulesets() == rulesBefore && queues() == queuesBefore ? "true" : "false"
        findings["healed"] = try silent([])
        let abilities = try places.inside(0) { HostNetworkProbe.run(programs).filter(\.works).map(\.name) }
        findings["abilities"] = "\(abilities.contains("packet filter") && abilities.contains("queues that limit"))"
        return findings
    }

    /// A connection that is there breaks, new ones do not, unless a share of their frames is hit.
    private func connectionBreaks(
        _ places: HostPlaces, _ set: ([Link: LinkPolicy]) throws -> Void,
        _ resets: ([Link: LinkCounters]) throws -> UInt64, _ counters: () throws -> [Link: LinkCounters], _ link: Link
    ) throws -> [String: String] {
        func connection() throws -> Int32 {
            try places.inside(2) {
                let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                guard Sockets.with(Sockets.address(HostPlaces.address(0), 80), { connect(socket, $0, $1) }) == 0 else {
                    throw HostPlaces.Failure(description: "connect: \(errno)")
                }
                return socket
            }
        }
        /// Whether something can be sent, and no reset comes.
        func lives(_ socket: Int32) -> Bool {
            _ = Glibc.send(socket, "x", 1, Int32(MSG_NOSIGNAL))
            var polled = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            return poll(&polled, 1, 500) == 0
        }
        var findings: [String: String] = [:]
        let old = try connection()
        defer { close(old) }
        let start = try counters()
        try set([link: LinkPolicy(.reset(share: 0))])
        findings["old connection"] = "\(lives(old))"
        findings["counted resets"] = "\(try resets(start) > 0)"
        let new = try connection()
        defer { close(new) }
        findings["new connection"] = "\(lives(new))"
        try set([link: LinkPolicy(.reset(share: 1))])
        findings["refused"] = "\(!(try places.connects(from: 2, to: 0, port: 80, milliseconds: 10_000)))"
        try set([:])
        let last = try connection()
        defer { close(last) }
        findings["connection in the end"] = "\(lives(last))"
        return findings
    }

    /// How long changes take: for whoever measures, with no claim.
    func hostTimes() throws -> [String: String] {
        let places = try HostPlaces(nodes: 5)
        defer { places.end() }
        var findings: [String: String] = [:]
        for tool in [FilterTool.nft, .iptables, .legacy] {
            let programs = try programs(tool)
            let ends = try HostEnds(
                own: .node(0),
                ends: places.ends.enumerated().map { ($0.element, [HostPlaces.address($0.offset)]) }, id: "times")
            findings[tool.rawValue] = try places.inside(0) {
                var network = try HostNetwork(ends: ends, programs: programs)
                var times: [Int64] = []
                for round in 0..<21 {
                    let cut = Set(
                        (1...4).flatMap { [Link(from: .node(0), to: .node($0)), Link(from: .node($0), to: .node(0))] })
                    let policies = Dictionary(uniqueKeysWithValues: cut.map { ($0, LinkPolicy.cut) })
                    times.append(try network.setLinks(round % 2 == 0 ? policies : [:]))
                }
                let first = times.removeFirst()
                let start = lab_monotonic_time()
                _ = try network.counters()
                let reading = lab_monotonic_time() - start
                let last = lab_monotonic_time()
                try network.remove()
                let removal = lab_monotonic_time() - last
                times.sort()
                return "first \(first / 1000) µs, median \(times[10] / 1000) µs, longest \(times[19] / 1000) µs, "
                    + "counters \(reading / 1000) µs, removal \(removal / 1000) µs"
            }
        }
        return findings
    }
}
