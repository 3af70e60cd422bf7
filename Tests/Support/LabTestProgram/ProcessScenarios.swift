import CLinux
import Glibc
import PolygraphCluster

extension Scenario {
    /// A tree with a daemon that has left its session and its parent.
    func kill() throws -> [String: String] {
        let lab = try lab(2)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        func tree() throws {
            unlink("\(node.dataDirectory)/ready")
            try lab.start(node, role("tree", mark))
            _ = try awaitFile(node, "ready")
            _ = try eventually("the tree") { Files.processes(with: mark) == 3 ? true : nil }
        }
        try tree()
        try lab.start(lab.nodes[1], role("sleep", "other-" + mark))
        var findings: [String: String] = [:]
        if case .running(let pids) = lab.state(of: node) {
            findings["running"] = "\(pids.count)"
            findings["known"] = "\(pids.allSatisfy { Glibc.kill($0, 0) == 0 })"
        }
        findings["killed"] = "\(try lab.kill(node))"
        findings["left"] = "\(Files.processes(with: mark))"
        if case .exited(let status, let signal) = lab.state(of: node) {
            findings["state"] = "\(status.map { String($0) } ?? "-") \(signal.map { String($0) } ?? "-")"
        }
        findings["again"] = "\(try lab.kill(node))"
        findings["other"] = "\(Files.processes(with: "other-" + mark))"
        try tree()
        _ = try lab.pause(node)
        findings["paused"] = "\(try lab.kill(node))"
        findings["left after pause"] = "\(Files.processes(with: mark))"
        return findings
    }

    func pause() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        try lab.start(node, role("tick"))
        func ticks() -> [Int] { ["ticks-parent", "ticks-child"].map { Int(file(node, $0)) ?? 0 } }
        func awaitProgress() throws {
            let before = ticks()
            _ = try eventually("ticks") { zip(ticks(), before).allSatisfy { $0 > $1 + 3 } ? true : nil }
        }
        var findings: [String: String] = [:]
        var moved = false
        var counts: Set<Int> = []
        for _ in 0..<20 {
            try awaitProgress()
            counts.insert(try lab.pause(node))
            let before = ticks()
            usleep(20_000)
            if ticks() != before { moved = true }
            if case .paused(let pids) = lab.state(of: node) { counts.insert(pids.count) }
            counts.insert(try lab.resume(node))
        }
        try awaitProgress()
        findings["moved"] = "\(moved)"
        findings["counts"] = counts.sorted().map { String($0) }.joined(separator: " ")
        if case .running(let pids) = lab.state(of: node) { findings["running"] = "\(pids.count)" }
        return findings
    }

    func restart() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        for number in 1...3 {
            try lab.start(
                node,
                Launch(command: [
                    "sh", "-c", "echo out $0; echo err $0 >&2; echo $0 >> kept; exec sleep 1000", "\(number)",
                ])
            )
            _ = try eventually("output") { lab.lastOutput(of: node, lines: 1) == ["err \(number)"] ? true : nil }
            _ = try lab.kill(node)
        }
        func lines(_ text: String) -> String { text.split(separator: "\n").joined(separator: ",") }
        return [
            "stdout": lines(Files.read("\(folder)/n1/stdout.log")),
            "stderr": lines(Files.read("\(folder)/n1/stderr.log")),
            "data": lines(file(node, "kept")),
        ]
    }

    /// Every way in which a start can fail, by its message.
    func launches() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        Files.write(folder + "/plain", "text", mode: 0o644)
        Files.write(folder + "/garbage", "\u{1}\u{2}\u{3}", mode: 0o755)
        Files.write(folder + "/lost", "#!/no/such/interpreter\n", mode: 0o755)
        Files.write(folder + "/script", "#!/bin/sh\necho \"$1\" > result; exec sleep 1000\n", mode: 0o755)
        var findings: [String: String] = [:]
        func attempt(_ name: String, _ launch: Launch) {
            do throws(ClusterError) {
                try lab.start(node, launch)
                findings[name] = "started"
            } catch {
                findings[name] = error.description
            }
        }
        attempt("missing", Launch(command: ["no-such-program-anywhere"]))
        attempt("missing path", Launch(command: [folder + "/missing"]))
        attempt("not executable", Launch(command: [folder + "/plain"]))
        attempt("folder", Launch(command: [folder]))
        attempt("garbage", Launch(command: [folder + "/garbage"]))
        attempt("interpreter", Launch(command: [folder + "/lost"]))
        attempt("empty", Launch(command: []))
        attempt("status", role("fail", "3"))
        attempt("signal", role("abort"))
        // A failed start leaves nothing that is in the way of the next.
        attempt("good", Launch(command: [folder + "/script", "hello"]))
        attempt("twice", Launch(command: [folder + "/script", "hello"]))
        // What the attempts said is worth more than a time that has run out.
        findings["result"] = (try? awaitFile(node, "result")) ?? "nothing within half a minute"
        return findings
    }

    /// What a node's program finds around itself.
    func surroundings() throws -> [String: String] {
        let lab = try lab(2)
        defer { lab.tearDown() }
        // In the controller's /tmp, and not in the node's.
        Files.write("/dev/shm/\(getpid())-outside", "x")
        defer { unlink("/dev/shm/\(getpid())-outside") }
        signal(SIGPIPE, SIG_IGN)
        var findings: [String: String] = [:]
        for node in lab.nodes {
            var launch = role("describe")
            launch.environment = ["GIVEN": "to \(node.name)"]
            try lab.start(node, launch)
            for line in try awaitFile(node, "description").split(separator: "\n") {
                let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
                if node.index == 0 {
                    findings[String(parts[0])] = String(parts[1])
                } else if parts[0] == "host" || parts[0] == "tmp" {
                    findings["second \(parts[0])"] = String(parts[1])
                }
            }
        }
        findings["own file outside"] = "\(access("/tmp/own", F_OK) == 0)"
        return findings
    }
}
