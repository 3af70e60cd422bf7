import CLinux
import Glibc
import PolygraphCluster

extension Scenario {
    /// Asking a node to end, and what happens to one that does not listen.
    func terminate() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        func start(_ words: String...) throws {
            unlink("\(node.dataDirectory)/ready")
            try lab.start(node, Launch(command: [Scenario.program, "role"] + words))
            _ = try awaitFile(node, "ready")
        }
        func end(_ name: String, grace: Int64) throws {
            let end = try lab.terminate(node, grace: grace)
            var words = "\(end.isGraceful) \(end.processes) \(end.killed)"
            if case .exited(let status, let signal) = lab.state(of: node) {
                words += " " + [status, signal].map { $0.map { String($0) } ?? "-" }.joined(separator: " ")
            }
            findings[name] = words + " \(lab.endCause(of: node)?.rawValue ?? "-")"
        }
        try start("polite")
        findings["sent"] = "\(try lab.signal(node, SIGUSR1))"
        findings["arrived"] = try awaitFile(node, "signals")
        try end("polite", grace: 20_000_000_000)
        findings["goodbye"] = file(node, "goodbye")
        try end("again", grace: 1_000_000_000)
        findings["sent to nobody"] = "\(try lab.signal(node, SIGUSR1))"
        try start("stubborn")
        try end("stubborn", grace: 100_000_000)
        // The main process goes, its child and the daemon stay.
        try start("tree", mark)
        try end("tree", grace: 300_000_000)
        findings["left"] = "\(Files.processes(with: mark))"
        try lab.start(node, role("suicide"))
        findings["suicide"] = try eventually("the end") { lab.endCause(of: node)?.rawValue }
        // A kill that comes after the end has not ended it.
        _ = try lab.kill(node)
        findings["killed afterwards"] = lab.endCause(of: node)?.rawValue
        return findings
    }

    /// A kill at a given time after the start.
    func cutShort() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        for delay: Int64 in [0, 1_000_000, 60_000_000] {
            let start = try lab.start(node, role("boot"), killedAfter: delay)
            findings["\(delay / 1_000_000) ms"] = "\(start.elapsed >= delay) \(start.processes)"
            findings["cause"] = lab.endCause(of: node)?.rawValue ?? "-"
        }
        findings["booted"] = file(node, "booted")
        let ended = try lab.start(node, Launch(command: ["true"]), killedAfter: 5_000_000_000)
        findings["ended by itself"] = "\(ended.processes) \(ended.elapsed < 5_000_000_000)"
        try lab.start(node, role("boot"))
        findings["whole start"] = try awaitFile(node, "booted")
        return findings
    }

    /// Programs that run beside a node, and a data directory that is emptied.
    func beside() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        func run(_ name: String, _ script: String, timeout: Int64 = 10_000_000_000) throws {
            let outcome = try lab.execute(node, Launch(command: ["sh", "-c", script]), timeout: timeout)
            let text = outcome.output.split(separator: "\n").joined(separator: "|")
            findings[name] = "\(outcome.status.map { String($0) } ?? "-") \(text)"
        }
        try lab.start(node, role("sleep", mark))
        try run("node", "hostname; echo wrong >&2; pwd | tail -c 8; exit 3")
        try run("long", "echo begun; sleep 100", timeout: 200_000_000)
        try run("daemon", "sleep 100 & echo started")
        try run("much", "yes x | head -c 100000")
        findings["much"] = "\(findings["much"]?.count ?? 0)"
        do throws(ClusterError) {
            _ = try lab.execute(node, Launch(command: ["no-such-program-anywhere"]), timeout: 1_000_000_000)
        } catch {
            findings["missing"] = "\(error.message.contains("not found"))"
        }
        findings["processes"] = "\(Files.processes(with: mark))"
        do throws(ClusterError) {
            try lab.wipe(node)
        } catch {
            findings["wipe while it runs"] = "\(error.message.contains("it runs"))"
        }
        _ = try lab.kill(node)
        Files.write("\(folder)/outside", "kept")
        try run("fill", "mkdir -p a/b; echo 1 > a/b/c; ln -s '\(folder)' link; echo 2 > d; ls | wc -l")
        try lab.wipe(node)
        findings["left"] = Files.names(in: node.dataDirectory).joined(separator: ",")
        findings["outside"] = Files.read("\(folder)/outside")
        return findings
    }
}
