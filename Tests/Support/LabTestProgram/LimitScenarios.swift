import CLinux
import Glibc
import PolygraphCluster

extension Scenario {
    /// The part of one processor that the node's processes get for a while.
    private func share(_ lab: Lab, _ node: Node, milliseconds: UInt32 = 1000) throws -> Double {
        let before = try lab.resourceUse(of: node).processorTime
        let start = lab_monotonic_time()
        usleep(milliseconds * 1000)
        let after = try lab.resourceUse(of: node).processorTime
        return Double(after - before) / Double(lab_monotonic_time() - start)
    }

    private func mechanism(_ proof: LimitProof, _ resource: String) -> String {
        let words = proof.mechanisms[resource] ?? "none"
        return words.hasPrefix("control group") ? "group" : words.hasPrefix("signals") ? "signals" : "look"
    }

    /// A share of the processor for a tree that wants all of it, over a pause and a restart.
    func processorShare() throws -> [String: String] {
        let lab = try lab(2)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        func ready() throws {
            unlink("\(node.dataDirectory)/ready")
            try lab.start(node, role("burn", "1"))
            _ = try awaitFile(node, "ready")
        }
        try ready()
        let proof = try lab.setLimits(node, ResourceLimits(processorShare: 200_000))
        findings["mechanism"] = mechanism(proof, "processor")
        findings["processes"] = "\(proof.processes)"
        findings["in force"] = "\(proof.inForce["processor"] ?? 0)"
        findings["limited"] = "\(try share(lab, node, milliseconds: 2000) < 0.3)"
        findings["held up"] = "\(try lab.resourceUse(of: node).stops > 0)"
        _ = try lab.pause(node)
        findings["paused"] = "\(try share(lab, node, milliseconds: 200) < 0.01)"
        _ = try lab.resume(node)
        findings["limited after pause"] = "\(try share(lab, node) < 0.4)"
        _ = try lab.kill(node)
        try ready()
        findings["limited after restart"] = "\(try share(lab, node, milliseconds: 2000) < 0.3)"
        _ = try lab.setLimits(node, .none)
        _ = try lab.setLimits(node, .none)
        findings["freed"] = try eventually("more") { try share(lab, node, milliseconds: 200) > 0.45 ? "true" : nil }
        return findings
    }

    /// A duty cycle on a tree.
    func slowdown() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        _ = try lab.setLimits(node, ResourceLimits(slowdown: Slowdown(running: 2_000_000, stopped: 8_000_000)))
        try lab.start(node, role("tick"))
        func ticks() -> [Int] { ["ticks-parent", "ticks-child"].map { Int(file(node, $0)) ?? 0 } }
        func awaitProgress() throws {
            let before = ticks()
            _ = try eventually("ticks") { zip(ticks(), before).allSatisfy { $0 > $1 + 3 } ? true : nil }
        }
        try awaitProgress()
        let before = try lab.resourceUse(of: node)
        let start = lab_monotonic_time()
        usleep(1_000_000)
        let after = try lab.resourceUse(of: node)
        findings["stops"] = "\(after.stops - before.stops > 10)"
        let stopped = Double(after.stoppedTime - before.stoppedTime) / Double(lab_monotonic_time() - start)
        findings["stopped mostly"] = "\(stopped > 0.5 && stopped < 1)"
        // What takes its time happens between two stops.
        findings["clock"] = "\(try lab.setClock(node, ClockSkew(offset: 5_000_000_000)).processes)"
        _ = try lab.pause(node)
        let paused = ticks()
        usleep(100_000)
        findings["moved while paused"] = "\(ticks() != paused)"
        _ = try lab.resume(node)
        try awaitProgress()
        _ = try lab.setLimits(node, .none)
        let end = try lab.resourceUse(of: node).stops
        for _ in 0..<5 { try awaitProgress() }
        findings["stops after undo"] = "\(try lab.resourceUse(of: node).stops - end)"
        return findings
    }

    /// A program that wants ever more memory: with a limit from its beginning, and with one that comes later.
    func memory() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        func grown() -> Int { Int(file(node, "grown")) ?? 0 }
        func awaitEnd() throws -> String {
            try eventually("the end") {
                guard case .exited(let status, let signal) = lab.state(of: node) else { return nil }
                let numbers = [status, signal].map { $0.map { String($0) } ?? "-" }.joined(separator: " ")
                return "\(numbers) \(lab.endCause(of: node)?.rawValue ?? "-")"
            }
        }
        try lab.prepareLimits(node)
        let proof = try lab.setLimits(node, ResourceLimits(memory: 64 << 20))
        findings["mechanism"] = mechanism(proof, "memory")
        try lab.start(node, role("grow"))
        findings["end"] = try awaitEnd()
        findings["near the limit"] = "\((20...66).contains(grown()))"
        findings["kills"] = "\(try lab.resourceUse(of: node).outOfMemoryKills)"
        unlink("\(node.dataDirectory)/grown")
        try lab.start(node, role("grow"))
        findings["end again"] = try awaitEnd()
        _ = try lab.setLimits(node, .none)
        try lab.start(node, role("grow"))
        findings["undone"] = try eventually("growth") { grown() > 120 ? "true" : nil }
        _ = try lab.kill(node)
        findings["killed"] = lab.endCause(of: node)?.rawValue ?? "-"
        return findings
    }

    /// A memory limit for a program that has taken memory before anybody thought of limits.
    func memoryLater() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        func grown() -> Int { Int(file(node, "grown")) ?? 0 }
        try lab.start(node, role("grow"))
        _ = try eventually("growth") { grown() > 40 ? true : nil }
        _ = try lab.setLimits(node, ResourceLimits(memory: 512 << 20))
        let before = grown()
        _ = try eventually("the end") { lab.endCause(of: node) }
        return [
            "cause": lab.endCause(of: node)?.rawValue ?? "-", "grew on": "\(grown() > before)",
            "near the limit": "\((420...520).contains(grown()))",
        ]
    }

    func fileDescriptors() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        /// Opened in the last round, most ever, refusals.
        func numbers() -> [Int] {
            let found = file(node, "descriptors").split(separator: " ").map { Int($0) ?? 0 }
            return found.count == 3 ? found : [0, 0, 0]
        }
        func awaitOpen(_ name: String, _ condition: (Int) -> Bool) throws {
            findings[name] = try eventually(name) { condition(numbers()[0]) ? "true" : nil }
        }
        for kind in ["modest", "greedy"] {
            try lab.start(node, role("open", kind))
            try awaitOpen(kind + " before") { $0 == 400 }
            let proof = try lab.setLimits(node, ResourceLimits(fileDescriptors: 60))
            findings[kind + " in force"] = "\(proof.inForce["file descriptors"] ?? 0)"
            try awaitOpen(kind + " limited") { (1...60).contains($0) }
            _ = try lab.kill(node)
            unlink("\(node.dataDirectory)/descriptors")
            try lab.start(node, role("open", kind))
            try awaitOpen(kind + " limited after restart") { (1...60).contains($0) }
            let limit = try lab.resourceUse(of: node).fileDescriptorLimit
            findings[kind + " limit"] = "\(limit)"
            _ = try lab.setLimits(node, .none)
            try awaitOpen(kind + " after undo") { $0 == 400 }
            let refusals = numbers()[2]
            usleep(50_000)
            findings[kind + " refused after undo"] = "\(numbers()[2] - refusals)"
            _ = try lab.kill(node)
        }
        return findings
    }

    /// What the names of this world's control groups have in them.
    private var worldNumber: UInt64 {
        var information = stat()
        return stat("/proc/self/ns/pid", &information) == 0 ? UInt64(information.st_ino) : 0
    }

    /// Limits everywhere, until somebody ends it all.
    func holdLimits() throws -> [String: String] {
        let lab = try lab(3)
        for node in lab.nodes {
            try lab.start(node, role("tree", mark))
            _ = try awaitFile(node, "ready")
            var limits = ResourceLimits(processorShare: 300_000, memory: 256 << 20, fileDescriptors: 100)
            limits.slowdown = Slowdown(running: 1_000_000, stopped: 1_000_000)
            _ = try lab.setLimits(node, limits)
        }
        _ = try eventually("the trees") { Files.processes(with: mark) == 9 ? true : nil }
        try report(["ready": "yes", "world": "\(worldNumber)"])
        while true { Glibc.pause() }
    }

    /// The same, ended in order.
    func endLimits() throws -> [String: String] {
        let lab = try lab(2)
        for node in lab.nodes {
            try lab.start(node, role("tree", mark))
            _ = try lab.setLimits(node, ResourceLimits(processorShare: 300_000, memory: 256 << 20))
        }
        lab.tearDown()
        return ["left": "\(Files.processes(with: mark))", "world": "\(worldNumber)"]
    }
}
