import Glibc

/// The packet filter by `nft`: one table of our own, of which every change is one transaction.
struct NetfilterTables: FrameFilter {
    private let ends: HostEnds
    private let links: [FilteredLink]
    private let programs: HostPrograms
    private let table: String
    private let copyTables: [String]
    private var exists = false
    private var hasCopyTables = false
    private var rules = FilterRules()

    init(ends: HostEnds, programs: HostPrograms) {
        self.ends = ends
        self.programs = programs
        links = FilteredLink.all(ends)
        table = NetfilterTables.tables(ends.id)[0]
        copyTables = Array(NetfilterTables.tables(ends.id)[1...])
    }

    /// Frames are copied in the tables of one family only: the kernel knows no other place.
    private static func tables(_ id: String) -> [String] {
        ["inet", "ip", "ip6"].map { "\($0) polygraph_\(HostEnds.sanitized(id))" }
    }

    mutating func apply(_ new: FilterRules) throws(ClusterError) {
        // What an earlier process may have left under the same name goes in the same moment.
        var lines = exists ? [] : try NetfilterTables.removal(ends.id, programs) + creation()
        for link in links where !exists || isChanged(link.link, new) {
            lines.append("flush chain \(table) link_\(link.number)")
            if link.isJudged, new.beginsReset(link.link, after: rules) {
                lines += ["flush set \(table) known4_\(link.number)", "flush set \(table) known6_\(link.number)"]
            }
            lines += content(of: link, new).map { "add rule \(table) link_\(link.number) \($0)" }
        }
        let copies = new.copies != rules.copies
        if copies { lines += copying(new) }
        if !lines.isEmpty { try NetfilterTables.run(lines, programs, "change the packet filter") }
        rules = new
        exists = true
        hasCopyTables = hasCopyTables || copies
    }

    private func isChanged(_ link: Link, _ new: FilterRules) -> Bool {
        rules.stages[link] != new.stages[link] || rules.queues[link] != new.queues[link]
    }

    private func creation() -> [String] {
        var lines = ["add table \(table)"]
        for link in links {
            let number = link.number
            for counter in ["passed", "cut", "lost", "reset", "queued", "corrupted", "reordered"] {
                lines.append("add counter \(table) \(counter)_\(number)")
            }
            if link.isJudged {
                for (family, type) in [("4", "ipv4_addr"), ("6", "ipv6_addr")] {
                    lines.append(
                        "add set \(table) known\(family)_\(number) { type \(type) . \(type) . inet_service . "
                            + "inet_service; size 65535; flags dynamic; }")
                }
            }
            lines.append("add chain \(table) link_\(number)")
        }
        for (hook, side, port) in [("input", "saddr", "dport"), ("output", "daddr", "sport")] {
            lines.append("add chain \(table) \(hook) { type filter hook \(hook) priority 100; policy accept; }")
            // Without neighbours there would be errors, and not silence.
            lines.append(
                "add rule \(table) \(hook) icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, "
                    + "nd-neighbor-advert, nd-redirect } accept")
            for exemption in ends.exempt {
                let family = HostEnds.family(of: exemption.peer) == AF_INET ? "ip" : "ip6"
                lines.append(
                    "add rule \(table) \(hook) \(family) \(side) \(exemption.peer) tcp \(port) \(exemption.port) accept"
                )
            }
            for link in links where link.isInward == (hook == "input") {
                for (family, addresses) in [("ip", link.peer.version4), ("ip6", link.peer.version6)]
                where !addresses.isEmpty {
                    lines.append(
                        "add rule \(table) \(hook) \(family) \(side) { \(addresses.joined(separator: ", ")) } "
                            + "jump link_\(link.number)")
                }
            }
        }
        return lines
    }

    /// The rules of one link's chain.
    private func content(of link: FilteredLink, _ rules: FilterRules) -> [String] {
        var lines: [String] = []
        for stage in rules.stages[link.link] ?? [] where link.isJudged {
            switch stage.action {
            case .cut:
                lines += matches(stage.ports).map { "\($0)counter name cut_\(link.number) drop" }
            case .loss(let share):
                lines += matches(stage.ports).map {
                    "\($0)\(NetfilterTables.chance(share))counter name lost_\(link.number) drop"
                }
            case .reset(let share):
                lines += resets(link.number, stage.ports, share)
            case .copy: break
            }
        }
        if link.isJudged { lines.append("counter name passed_\(link.number)") }
        for queue in rules.queues[link.link] ?? [] where !link.isInward {
            let classID = HostTrafficControl.classID(queue.number)
            let chance = queue.share < 1 ? NetfilterTables.chance(queue.share) : ""
            let counters = (["queued"] + queue.strikes.map(\.rawValue).sorted())
                .map { "counter name \($0)_\(link.number) " }.joined()
            lines += matches(queue.ports).map { "\($0)\(chance) meta priority set \(classID) \(counters)accept" }
        }
        return lines
    }

    /// Conditions, one after the other without a common frame, that together mean frames of these ports.
    private func matches(_ ports: PortSet, _ protocols: String = "{ tcp, udp }") -> [String] {
        guard let ranges = ports.ranges else { return [protocols == "tcp" ? "meta l4proto tcp " : ""] }
        let list = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ", ")
        // A set may not be empty.
        guard !list.isEmpty else { return [] }
        return [
            "meta l4proto \(protocols) th sport { \(list) } ",
            "meta l4proto \(protocols) th sport != { \(list) } th dport { \(list) } ",
        ]
    }

    /// A connection that is there already is reset by its next frame: it is not known, and does not begin. New ones
    /// become known by the frame that begins them.
    private func resets(_ number: Int, _ ports: PortSet, _ share: Double) -> [String] {
        let matches = matches(ports, "tcp")
        let answer = "counter name reset_\(number) reject with tcp reset"
        var lines: [String] = []
        for (family, suffix) in [("ip", "4"), ("ip6", "6")] {
            let key = "\(family) saddr . \(family) daddr . tcp sport . tcp dport"
            let known = "@known\(suffix)_\(number)"
            for match in matches {
                lines.append("\(match)tcp flags & syn == syn add \(known) { \(key) }")
                lines.append("\(match)tcp flags & rst == 0 \(key) != \(known) add \(known) { \(key) } \(answer)")
            }
        }
        if share > 0 {
            lines += matches.map { "\($0)tcp flags & rst == 0 \(NetfilterTables.chance(share))\(answer)" }
        }
        return lines
    }

    /// Tables for copies, which exist since there have been any. A copy passes the rules again, and is known by its
    /// mark.
    private func copying(_ rules: FilterRules) -> [String] {
        var lines: [String] = []
        let mark = "0x40000000"
        for table in copyTables {
            let family = table.hasPrefix("ip6") ? "ip6" : "ip"
            if !hasCopyTables {
                lines.append("add table \(table)")
                lines += links.map { "add counter \(table) copied_\($0.number)" }
                lines.append("add chain \(table) output { type filter hook output priority 101; policy accept; }")
            }
            lines.append("flush chain \(table) output")
            lines.append("add rule \(table) output meta mark & \(mark) != 0 accept")
            for exemption in ends.exempt where (HostEnds.family(of: exemption.peer) == AF_INET) == (family == "ip") {
                lines.append(
                    "add rule \(table) output \(family) daddr \(exemption.peer) tcp sport \(exemption.port) accept")
            }
            for link in links where !link.isInward {
                for address in family == "ip" ? link.peer.version4 : link.peer.version6 {
                    for stage in rules.copies[link.link] ?? [] {
                        guard case .copy(let share) = stage.action else { continue }
                        lines += matches(stage.ports).map {
                            "add rule \(table) output \(family) daddr \(address) \($0)"
                                + "\(NetfilterTables.chance(share))meta mark set meta mark | \(mark) "
                                + "counter name copied_\(link.number) dup to \(address)"
                        }
                    }
                }
            }
            lines.append("add rule \(table) output meta mark set meta mark & 0xbfffffff")
        }
        return lines
    }

    private static func chance(_ share: Double) -> String {
        // Less than all of the numbers is what can be said.
        share >= 0.999_999_5 ? "" : "numgen random mod 1000000 < \(max(1, Int((share * 1_000_000).rounded()))) "
    }

    func counts() throws(ClusterError) -> [Link: FilterCounts] {
        guard exists else { return [:] }
        var byName: [Substring: (frames: UInt64, bytes: UInt64)] = [:]
        for table in [table] + (hasCopyTables ? copyTables : []) {
            let words = ["nft", "list", "counters", "table"] + table.split(separator: " ").map { String($0) }
            let outcome = try programs.run(words)
            guard outcome.isSuccess else {
                throw ClusterError("read the counters of the packet filter", outcome.complaint)
            }
            var name: Substring = ""
            for line in outcome.output.split(separator: "\n") {
                let words = line.split { $0 == " " || $0 == "\t" }
                if words.count >= 2, words[0] == "counter" { name = words[1] }
                if words.count == 4, words[0] == "packets", let frames = UInt64(words[1]), let bytes = UInt64(words[3])
                {
                    let before = byName[name] ?? (0, 0)
                    byName[name] = (before.frames + frames, before.bytes + bytes)
                }
            }
        }
        var counts: [Link: FilterCounts] = [:]
        for link in links {
            func frames(_ counter: String) -> UInt64 { byName["\(counter)_\(link.number)"]?.frames ?? 0 }
            counts[link.link] = FilterCounts(
                passedFrames: frames("passed"), passedBytes: byName["passed_\(link.number)"]?.bytes ?? 0,
                cut: frames("cut"), lost: frames("lost"), resets: frames("reset"), queued: frames("queued"),
                copies: frames("copied"), corrupted: frames("corrupted"), reordered: frames("reordered"))
        }
        return counts
    }

    mutating func remove() throws(ClusterError) {
        try NetfilterTables.remove(id: ends.id, programs)
        exists = false
        hasCopyTables = false
        rules = FilterRules()
    }

    /// Removes the tables of a run, whoever has made them; harmless where there are none.
    static func remove(id: String, _ programs: HostPrograms) throws(ClusterError) {
        let lines = try removal(id, programs)
        if !lines.isEmpty { try run(lines, programs, "restore the packet filter") }
    }

    private static func removal(_ id: String, _ programs: HostPrograms) throws(ClusterError) -> [String] {
        let outcome = try programs.run(["nft", "list", "tables"])
        guard outcome.isSuccess else {
            throw ClusterError("read the packet filter", HostFirewall.explain(outcome, tool: "nft"))
        }
        let present = Set(outcome.output.split(separator: "\n").map { String($0) })
        return tables(id).filter { present.contains("table \($0)") }.map { "delete table \($0)" }
    }

    private static func run(
        _ lines: [String], _ programs: HostPrograms, _ step: String
    ) throws(ClusterError) {
        let outcome = try programs.run(["nft", "-f", "-"], input: lines.joined(separator: "\n") + "\n")
        guard !outcome.isSuccess else { return }
        throw ClusterError(step, HostFirewall.explain(outcome, tool: "nft"))
    }
}
