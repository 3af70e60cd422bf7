import Glibc
import PolygraphCluster
import Synchronization

extension Scenario {
    /// Everybody sends to everybody while sets of directed links are cut: who hears whom?
    func matrix() throws -> [String: String] {
        let lab = try lab(4)
        defer { lab.tearDown() }
        let numbers = [1, 2, 3, 4, 254]
        for node in lab.nodes {
            let own = numbers[node.index]
            let others = numbers.filter { $0 != own }.map { String($0) }
            var launch = role("gossip", String(own))
            launch.command += others
            try lab.start(node, launch)
        }
        let controller = Gossip(ownNumber: 254, others: [1, 2, 3, 4])
        var heardHere = [Int](repeating: 0, count: 256)
        func end(_ number: Int) -> Endpoint { number == 254 ? .controller : .node(number - 1) }
        func heard() -> [Link: Int] {
            controller.step(&heardHere)
            var result: [Link: Int] = [:]
            for target in numbers {
                let counts =
                    target == 254
                    ? heardHere : file(lab.nodes[target - 1], "received").split(separator: " ").map { Int($0) ?? 0 }
                for source in numbers where source != target && counts.count == 256 {
                    result[Link(from: end(source), to: end(target))] = counts[source]
                }
            }
            return result
        }
        let links = numbers.flatMap { from in
            numbers.filter { $0 != from }.map { Link(from: end(from), to: end($0)) }
        }
        func waitForAll(_ wanted: [Link], _ before: [Link: Int]) throws -> [Link: Int] {
            try eventually("traffic on \(wanted.count) links") {
                let now = heard()
                return wanted.allSatisfy { now[$0, default: 0] > before[$0, default: 0] + 20 } ? now : nil
            }
        }
        var leaks = 0
        var uncounted = 0
        var generator = SystemRandomNumberGenerator()
        _ = try waitForAll(links, [:])
        for round in 0..<12 {
            let cuts = Set(links.filter { _ in round > 0 && generator.next() % 3 == 0 })
            _ = try lab.setCuts(cuts)
            // What had passed before may still be read and counted now.
            let whole = links.filter { !cuts.contains($0) }
            let settled = try waitForAll(whole, heard())
            let counted = Dictionary(uniqueKeysWithValues: lab.linkCounters().map { ($0.link, $0) })
            let after = try waitForAll(whole, settled)
            leaks += cuts.filter { after[$0] != settled[$0] }.count
            for counters in lab.linkCounters() {
                let before = counted[counters.link]!
                let grew = (
                    counters.forwardedFrames > before.forwardedFrames, counters.forwardedBytes > before.forwardedBytes,
                    counters.cutFrames > before.cutFrames
                )
                let isCut = cuts.contains(counters.link)
                if isCut ? !grew.2 : !(grew.0 && grew.1 && !grew.2) { uncounted += 1 }
            }
        }
        return ["leaks": "\(leaks)", "uncounted": "\(uncounted)"]
    }

    /// A cut in either direction keeps TCP connections from coming about; they do when it is gone.
    func tcp() throws -> [String: String] {
        let lab = try lab(2)
        defer { lab.tearDown() }
        try lab.start(lab.nodes[0], role("server"))
        _ = try awaitFile(lab.nodes[0], "ready")
        let target = Sockets.address(lab.nodes[0].address, Role.serverPort)
        let forth = Link(from: .controller, to: .node(0))
        let back = Link(from: .node(0), to: .controller)
        let aside = Link(from: .node(1), to: .node(0))
        var findings: [String: String] = [:]
        func attempt(_ name: String, _ cuts: Set<Link>, _ milliseconds: Int32) throws {
            _ = try lab.setCuts(cuts)
            findings[name] = "\(Sockets.connects(to: target, milliseconds: milliseconds))"
        }
        try attempt("whole", [], 10_000)
        try attempt("forth", [forth], 700)
        try attempt("back", [back], 700)
        try attempt("aside", [aside], 10_000)
        try attempt("healed", [], 10_000)
        findings["arp"] = "\(Files.read("/proc/net/arp").contains(lab.nodes[0].address))"
        return findings
    }

    /// A link that is cut in two topologies passes nothing while they alternate.
    func swap() throws -> [String: String] {
        let lab = try lab(3)
        defer { lab.tearDown() }
        let both = Link(from: .node(1), to: .node(0))
        let one: Set<Link> = [both, Link(from: .node(0), to: .node(2)), Link(from: .node(2), to: .node(1))]
        let other: Set<Link> = [both, Link(from: .node(0), to: .node(1)), Link(from: .controller, to: .node(0))]
        try lab.start(lab.nodes[0], role("count"))
        try lab.start(lab.nodes[1], role("flood", lab.nodes[0].address))
        _ = try eventually("traffic") { Int(file(lab.nodes[0], "received")).flatMap { $0 > 100 ? $0 : nil } }
        _ = try lab.setCuts(one)
        func swallowed() -> UInt64 { lab.linkCounters().first { $0.link == both }!.cutFrames }
        func passed() -> UInt64 { lab.linkCounters().first { $0.link == both }!.forwardedFrames }
        // ARP passes a cut; it has its answer by now, and may be asked again.
        let before = passed()
        let start = swallowed()
        var heard = ""
        _ = try eventually("silence") {
            let now = file(lab.nodes[0], "received")
            defer { heard = now }
            usleep(100_000)
            return now == heard ? true : nil
        }
        for turn in 0..<1000 { _ = try lab.setCuts(turn % 2 == 0 ? other : one) }
        _ = try eventually("more traffic") { swallowed() > start + 20_000 ? true : nil }
        for turn in 0..<1000 { _ = try lab.setCuts(turn % 2 == 0 ? other : one) }
        usleep(100_000)
        return [
            "leaked": "\(file(lab.nodes[0], "received") != heard)", "passed": "\(passed() - before > 20)",
            "swallowed": "\(swallowed() - start > 20_000)",
        ]
    }
}
