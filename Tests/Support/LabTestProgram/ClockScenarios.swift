import CLinux
import Glibc
import PolygraphCluster

extension Scenario {
    private static let hour: Int64 = 3_600_000_000_000

    /// In whole seconds: a busy machine may be late, by less than half a second or the test looks again.
    private func seconds(_ nanoseconds: Int64) -> Int64 {
        (nanoseconds + (nanoseconds >= 0 ? 500_000_000 : -500_000_000)) / 1_000_000_000
    }

    private func shownSkew(_ node: Node) -> Int64? { Int64(file(node, "skew")).map(seconds) }

    private func awaitSkew(_ node: Node, _ wanted: Int64) throws -> String {
        do {
            return "\(try eventually("skew \(wanted)") { shownSkew(node) == wanted ? wanted : nil })"
        } catch {
            return "\(shownSkew(node) ?? -1)"
        }
    }

    /// Set, changed, drifting, kept over a restart, taken away; before the first start and while paused.
    func skew() throws -> [String: String] {
        let lab = try lab(2)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        func note(_ name: String, _ proof: ClockProof) {
            findings[name] = "\(proof.processes) \(seconds(proof.measuredOffset)) \(proof.method)"
        }
        note("before start", try lab.setClock(node, ClockSkew(offset: Scenario.hour)))
        try lab.start(node, role("clock"))
        findings["first reading"] = try eventually("a reading") {
            lab.lastOutput(of: node, lines: 1).first.flatMap { Int64($0) }.map { "\(seconds($0))" }
        }
        note("running", try lab.setClock(node, ClockSkew(offset: -60_000_000_000)))
        _ = try lab.kill(node)
        try lab.start(node, role("clock"))
        findings["after restart"] = try eventually("a reading") {
            let lines = lab.lastOutput(of: node, lines: 2)
            return lines.count == 2 ? Int64(lines[1]).map { "\(seconds($0))" } : nil
        }
        _ = try lab.kill(node)
        try lab.start(node, role("clock-loop"))
        findings["loop"] = try awaitSkew(node, -60)
        note("none", try lab.setClock(node, .none))
        findings["shown after none"] = try awaitSkew(node, 0)
        _ = try lab.pause(node)
        note("paused", try lab.setClock(node, ClockSkew(offset: 2 * Scenario.hour)))
        if case .paused = lab.state(of: node) { findings["still paused"] = "true" }
        let before = file(node, "skew")
        usleep(30_000)
        findings["quiet"] = "\(file(node, "skew") == before)"
        _ = try lab.resume(node)
        findings["shown after pause"] = try awaitSkew(node, 7200)
        // A million parts per million: every true second adds one.
        note("drift", try lab.setClock(node, ClockSkew(offset: 0, ratePartsPerMillion: 1_000_000)))
        findings["drifts"] = try eventually("drift") { (shownSkew(node) ?? 0) >= 2 ? "true" : nil }
        note("slow", try lab.setClock(node, ClockSkew(offset: 0, ratePartsPerMillion: -500_000)))
        findings["slows"] = try eventually("drift back") { (shownSkew(node) ?? 0) <= -1 ? "true" : nil }
        try lab.start(lab.nodes[1], role("clock-loop"))
        findings["other node"] = try awaitSkew(lab.nodes[1], 0)
        return findings
    }

    /// Thousands of changes under a program that reads its clock all the time.
    func storm() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        let offsets: [Int64] = [
            0, Scenario.hour, -Scenario.hour, 0x1234_5678_9abc, -1, 3 * Scenario.hour + 0xffff_ffff,
        ]
        var launch = role("clock-storm")
        launch.command += offsets.map { String($0) }
        try lab.start(node, launch)
        func state() -> [Int] { file(node, "storm").split(separator: " ").map { Int($0) ?? -1 } }
        func awaitReadings() throws {
            let before = state().first ?? 0
            _ = try eventually("readings") { (state().first ?? 0) > before + 1000 ? true : nil }
        }
        try awaitReadings()
        var methods: Set<String> = []
        var off = 0
        for turn in 0..<1200 {
            // 0 takes the detour away, so that it is made again.
            let offset = offsets[turn * 7 % offsets.count]
            let proof = try lab.setClock(node, ClockSkew(offset: offset))
            methods.insert(proof.method)
            if abs(proof.measuredOffset - offset) > 500_000_000 { off += 1 }
            if turn % 500 == 0 { try awaitReadings() }
        }
        try awaitReadings()
        let result = state()
        guard case .running(let pids) = lab.state(of: node) else { return ["state": "\(lab.state(of: node))"] }
        return [
            "wrong": "\(result[1])", "interruptions": "\(result[3])", "off": "\(off)", "processes": "\(pids.count)",
            "methods": methods.sorted().joined(separator: ", "), "waited": "\(result[2] > 100)",
        ]
    }

    /// Children inherit the skew, and programs that a process executes later get it too.
    func inherit() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        _ = try lab.setClock(node, ClockSkew(offset: 5 * Scenario.hour))
        let program = Scenario.program
        var findings: [String: String] = [:]
        try lab.start(node, Launch(command: ["sh", "-c", "'\(program)' role clock-loop & wait"]))
        findings["child"] = try awaitSkew(node, 18_000)
        _ = try lab.kill(node)
        unlink("\(node.dataDirectory)/skew")
        try lab.start(node, Launch(command: ["sh", "-c", "sleep 0.3; exec '\(program)' role clock-loop"]))
        findings["executed"] = try awaitSkew(node, 18_000)
        findings["changed"] = "\(try lab.setClock(node, ClockSkew(offset: -Scenario.hour)).processes)"
        findings["executed after change"] = try awaitSkew(node, -3600)
        return findings
    }

    /// A program without a dynamic loader, where there is one.
    func staticBinary() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        _ = try lab.setClock(node, ClockSkew(offset: 24 * Scenario.hour))
        do throws(ClusterError) {
            try lab.start(node, Launch(command: ["busybox", "date", "+%s"]))
        } catch {
            // It has printed and ended, which is all that was wanted of it.
            guard error.message.contains("status 0") else { throw error }
        }
        let shown = try eventually("a date") { Int64(lab.lastOutput(of: node, lines: 1).first ?? "") }
        let hours = (shown - lab_real_time() / 1_000_000_000 + 1800) / 3600
        return ["hours": "\(hours)"]
    }

    /// Clocks that jump to and fro, stand still, and go wrong without a jump.
    func motion() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        func measured() throws -> Int64 { seconds(try lab.readClock(node).measuredOffset) }
        findings["before start"] = "\(try measured())"
        try lab.start(node, role("clock-loop"))
        _ = try awaitFile(node, "shown")
        findings["true"] = "\(try measured())"
        let strobe = ClockStrobe(period: 400_000_000, amplitude: Scenario.hour)
        findings["strobe begins"] =
            "\(seconds(try lab.setClock(node, ClockSkew(offset: 0, strobe: strobe)).measuredOffset))"
        var turns = 0
        for _ in 0..<2 {
            for wanted: Int64 in [3600, 0] {
                if try awaitSkew(node, wanted) == "\(wanted)" { turns += 1 }
            }
        }
        findings["strobes"] = "\(turns)"
        findings["strobe measured"] = "\(try eventually("a strobe") { try measured() == 3600 ? true : nil })"
        _ = try lab.setClock(node, .frozen(at: -2 * Scenario.hour))
        usleep(20_000)
        let shown = try awaitFile(node, "shown")
        usleep(300_000)
        findings["stands still"] = "\(file(node, "shown") == shown)"
        _ = try lab.kill(node)
        try lab.start(node, role("clock-loop"))
        usleep(100_000)
        findings["still after restart"] = "\(file(node, "shown") == shown)"
        _ = try lab.setClock(
            node, ClockSkew(offset: 0, slew: ClockSlew(gain: -100_000_000_000, duration: 2_000_000_000)))
        let early = seconds(try lab.readClock(node).measuredOffset)
        findings["slewing"] = "\(early > -100)"
        findings["passes"] = "\(try eventually("a skew between") { try -99 ... -1 ~= measured() ? true : nil })"
        findings["slewed"] = try awaitSkew(node, -100)
        usleep(500_000)
        findings["stays"] = "\(try measured())"
        findings["reset"] = "\(seconds(try lab.setClock(node, .none).measuredOffset))"
        findings["shown after reset"] = try awaitSkew(node, 0)
        return findings
    }

    /// What bent clocks do not reach.
    func clockReach() throws -> [String: String] {
        let lab = try lab(2)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        try lab.start(node, role("timed-wait"))
        _ = try awaitFile(node, "ready")
        // It says that it is ready before it waits.
        _ = try eventually("the wait") {
            lab.clockWarnings(node).contains { $0.contains("waits until a time of the true clock") } ? true : nil
        }
        return [
            "warnings": lab.clockWarnings(node).joined(separator: "\n"),
            "nothing runs": "\(lab.clockWarnings(lab.nodes[1]).count)",
        ]
    }
}
