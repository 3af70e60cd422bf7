import CLinux
import Glibc
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphSystems
import Synchronization

/// A system whose nodes play a role of this program.
struct RoleSystem: System {
    let name = "role"
    var role: [String]

    func launch(_ node: Node, nodes: [Node]) -> Launch {
        Launch(command: [Scenario.program, "role"] + role)
    }

    func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer { .yes }
}

extension Scenario {
    /// Three nodes that play a role, and a fault that begins, holds for a while and ends.
    /// - Parameters:
    ///   - words: the role.
    ///   - during, after: look at the nodes while the fault is in force and when it has ended.
    func fault(
        _ name: String, _ settings: FaultSettings, role words: [String], length: Int64 = 1_000_000_000,
        others: [FaultEntry] = [],
        during: (Lab, [Int]) throws -> [String: String] = { _, _ in [:] },
        after: (Lab, [Int]) throws -> [String: String] = { _, _ in [:] }
    ) throws -> [String: String] {
        let lab = try lab(3)
        defer { lab.tearDown() }
        let system = RoleSystem(role: words)
        let entries = others + [FaultEntry(name, settings, every: 100 * length, duration: length, first: 1)]
        let schedule = Schedule(entries, nodes: 3, duration: 10 * length, seed: 3)
        try schedule.prepare(lab)
        for node in lab.nodes { try lab.start(node, system.launch(node, nodes: lab.nodes)) }
        let origin = lab_monotonic_time()
        let events = EventList()
        let nemesis = Nemesis(
            transport: lab, system: system, now: { lab_monotonic_time() - origin }, primaries: { [] },
            record: { event in events.all.withLock { $0.append(event) } })
        guard let planned = schedule.faults.last(where: { $0.function == name }) else { return ["error": "no fault"] }
        for other in schedule.faults where other.function != name { nemesis.inject(other) }
        nemesis.inject(planned)
        let targets = events.all.withLock { $0.last { $0.function == name }?.targets ?? [] }
        let indices = lab.nodes.filter { targets.contains($0.name) }.map(\.index)
        var findings = try during(lab, indices)
        nemesis.undo(planned.id)
        findings.merge(try after(lab, indices)) { mine, _ in mine }
        nemesis.healAll()
        for event in events.all.withLock({ $0 }) where event.function == name && event.stage != .intent {
            findings["\(event.action)"] = "\(event.stage) \(event.proved)"
            findings["\(event.action) facts"] = Value.object(event.proof).description + (event.error ?? "")
        }
        findings["targets"] = "\(indices.count)"
        return findings
    }

    private final class EventList: Sendable {
        let all = Mutex<[FaultEvent]>([])
    }

    private func isRunning(_ lab: Lab, _ node: Int) -> Bool {
        if case .running = lab.state(of: lab.nodes[node]) { true } else { false }
    }

    private func pids(_ lab: Lab) -> [[Int32]] {
        lab.nodes.map { if case .running(let pids) = lab.state(of: $0) { pids } else { [] } }
    }

    func faultScenario(_ name: String) throws -> [String: String]? {
        switch name {
        case "fault-terminate": try terminateFault()
        case "fault-restart": try restartFault()
        case "fault-rolling": try rollingFault()
        case "fault-loop": try loopFault()
        case "fault-start": try startFault()
        case "fault-cpu":
            try fault("cpu", FaultSettings(["share": .double(0.2), "target": "one"]), role: ["burn", "0"]) {
                lab, nodes in
                // On a busy machine it may be long before the node gets enough to be held up.
                _ = try eventually("the node to be held up") {
                    try lab.resourceUse(of: lab.nodes[nodes[0]]).stops > 0 ? true : nil
                }
                let (use, start) = (try lab.resourceUse(of: lab.nodes[nodes[0]]), lab_monotonic_time())
                usleep(1_000_000)
                let later = try lab.resourceUse(of: lab.nodes[nodes[0]])
                let share = Double(later.processorTime - use.processorTime) / Double(lab_monotonic_time() - start)
                return ["limited": "\(share < 0.4)"]
            }
        case "fault-slow":
            try fault(
                "slow",
                FaultSettings(["share": .double(0.3), "cycle": .integer(10_000_000), "target": "one"]), role: ["tick"])
        case "fault-memory": try memoryFault()
        case "fault-descriptors": try descriptorFault()
        case "fault-strobe":
            try fault(
                "clock-strobe",
                FaultSettings([
                    "period": .integer(100_000_000), "amplitude": .integer(60_000_000_000), "target": "one",
                ]), role: ["clock-loop"], after: clocksAreRight)
        case "fault-freeze":
            try fault(
                "clock-freeze", FaultSettings(["target": "one"]), role: ["clock-loop"],
                during: { lab, nodes in
                    let shown = file(lab.nodes[nodes[0]], "shown")
                    usleep(100_000)
                    return ["stands still": "\(file(lab.nodes[nodes[0]], "shown") == shown)"]
                }, after: clocksAreRight)
        case "fault-slew":
            try fault(
                "clock-slew",
                FaultSettings(["by": .integer(100_000_000_000), "over": .integer(2_000_000_000), "target": "one"]),
                role: ["clock-loop"],
                during: { lab, nodes in
                    // Between a quarter and the whole.
                    let end = try eventually("the end of the slew") {
                        let offset = abs(try lab.readClock(lab.nodes[nodes[0]]).measuredOffset)
                        usleep(100_000)
                        return try abs(abs(lab.readClock(lab.nodes[nodes[0]]).measuredOffset) - offset) < 20_000_000
                            ? offset : nil
                    }
                    return ["error in the end": "\((24_000_000_000...101_000_000_000).contains(end))"]
                }, after: clocksAreRight)
        case "fault-reset":
            try fault(
                "clock-reset", FaultSettings(["target": "all"]), role: ["clock-loop"],
                others: [
                    FaultEntry(
                        "clock", FaultSettings(["bump": .integer(60_000_000_000), "target": "all"]),
                        every: 100_000_000_000, duration: 1_000_000_000, first: 0)
                ], during: clocksAreRight)
        default: nil
        }
    }

    private func clocksAreRight(_ lab: Lab, _ nodes: [Int]) throws -> [String: String] {
        let offsets = try nodes.map { abs(try lab.readClock(lab.nodes[$0]).measuredOffset) }
        return ["right": "\(offsets.allSatisfy { $0 < 500_000_000 })"]
    }

    private func terminateFault() throws -> [String: String] {
        let settings = FaultSettings(["target": "one", "grace": .integer(20_000_000_000)])
        return try fault("terminate", settings, role: ["polite"]) { lab, nodes in
            ["down": "\(nodes.allSatisfy { !isRunning(lab, $0) })", "goodbye": file(lab.nodes[nodes[0]], "goodbye")]
        } after: { lab, nodes in
            ["up": "\(nodes.allSatisfy { isRunning(lab, $0) })"]
        }
    }

    private func restartFault() throws -> [String: String] {
        let settings = FaultSettings(["target": "majority", "with": "kill"])
        var before: [[Int32]] = []
        return try fault("restart", settings, role: ["sleep"], others: []) { lab, nodes in
            before = pids(lab)
            return ["up": "\(nodes.allSatisfy { isRunning(lab, $0) })"]
        } after: { lab, _ in
            ["left alone at the end": "\(pids(lab) == before)"]
        }
    }

    private func rollingFault() throws -> [String: String] {
        let settings = FaultSettings([
            "target": "all", "with": "terminate", "grace": .integer(20_000_000_000),
            "patience": .integer(10_000_000_000),
        ])
        return try fault("rolling-restart", settings, role: ["polite"]) { lab, nodes in
            let goodbyes = try eventually("goodbyes") {
                let count = nodes.count { !file(lab.nodes[$0], "goodbye").isEmpty && isRunning(lab, $0) }
                return count == nodes.count ? count : nil
            }
            return ["goodbyes": "\(goodbyes)"]
        } after: { lab, nodes in
            ["up": "\(nodes.allSatisfy { isRunning(lab, $0) })"]
        }
    }

    private func loopFault() throws -> [String: String] {
        let settings = FaultSettings(["target": "one", "up": .integer(50_000_000), "down": .integer(10_000_000)])
        return try fault("crash-loop", settings, role: ["sleep"]) { lab, nodes in
            var seen: Set<Int32> = []
            _ = try eventually("several lives") {
                seen.formUnion(pids(lab)[nodes[0]])
                return seen.count >= 3 ? true : nil
            }
            return ["lives": "\(seen.count >= 3)"]
        } after: { lab, nodes in
            let last = pids(lab)
            usleep(300_000)
            return ["up for good": "\(pids(lab) == last && isRunning(lab, nodes[0]))"]
        }
    }

    private func startFault() throws -> [String: String] {
        let settings = FaultSettings(["target": "one", "within": .integer(50_000_000), "times": .integer(3)])
        return try fault("kill-during-start", settings, role: ["boot"]) { lab, nodes in
            ["down": "\(!isRunning(lab, nodes[0]))"]
        } after: { lab, nodes in
            ["up": "\(isRunning(lab, nodes[0]))"]
        }
    }

    private func memoryFault() throws -> [String: String] {
        let settings = FaultSettings(["room": .integer(32 << 20), "target": "one"])
        return try fault("memory", settings, role: ["grow"]) { lab, nodes in
            let cause = try eventually("the end") { lab.endCause(of: lab.nodes[nodes[0]])?.rawValue }
            return ["cause": cause]
        } after: { lab, nodes in
            ["up": "\(isRunning(lab, nodes[0]))"]
        }
    }

    private func descriptorFault() throws -> [String: String] {
        let settings = FaultSettings(["limit": .integer(50), "target": "one"])
        return try fault("file-descriptors", settings, role: ["open", "greedy"]) { lab, nodes in
            let refused = try eventually("refusals") {
                file(lab.nodes[nodes[0]], "descriptors").split(separator: " ").last != "0" ? "true" : nil
            }
            return ["refused": refused]
        } after: { lab, nodes in
            let opened = try eventually("all files") {
                file(lab.nodes[nodes[0]], "descriptors").split(separator: " ").first == "400" ? "true" : nil
            }
            return ["opened after": opened]
        }
    }
}
