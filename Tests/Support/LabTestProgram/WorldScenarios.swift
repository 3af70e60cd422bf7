import CLinux
import Glibc
import PolygraphCluster

extension Scenario {
    /// Nodes with everything that could survive, until somebody ends it all.
    func hold() throws -> [String: String] {
        let lab = try lab(3)
        for node in lab.nodes {
            try lab.start(node, role("tree", mark))
            _ = try awaitFile(node, "ready")
        }
        _ = try lab.setClock(lab.nodes[0], ClockSkew(offset: 3_600_000_000_000))
        _ = try lab.pause(lab.nodes[1])
        _ = try lab.setLinks([
            Link(from: .node(0), to: .node(1)): .cut,
            Link(from: .controller, to: .node(2)): LinkPolicy(.delay(.constant(60_000_000_000))),
        ])
        _ = try lab.reachability()
        _ = try eventually("the trees") { Files.processes(with: mark) == 9 ? true : nil }
        try report(["ready": "yes"])
        while true { Glibc.pause() }
    }

    /// Prints the signals that arrive; SIGTERM is the last.
    func signals() throws -> [String: String] {
        var all = sigset_t()
        sigfillset(&all)
        sigprocmask(SIG_BLOCK, &all, nil)
        try report(["ready": "yes"])
        var interrupts = 0
        while true {
            var number: Int32 = 0
            sigwait(&all, &number)
            if number == SIGINT { interrupts += 1 }
            if number == SIGUSR1 { try report(["interrupts": "\(interrupts)"]) }
            if number == SIGTERM { break }
        }
        return ["interrupts": "\(interrupts)"]
    }

    /// A world inside a node of a world: the variable that says "inside" must not be believed there.
    func nested() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var launch = Launch(
            command: [Scenario.program, "scenario", "kill", node.dataDirectory + "/inner"])
        launch.environment["POLYGRAPH_WORLD"] = getenv("POLYGRAPH_WORLD").map { String(cString: $0) } ?? ""
        try lab.start(node, launch)
        _ = try eventually("the inner world") {
            if case .exited = lab.state(of: node) { true } else { nil }
        }
        return ["inner": Files.read("\(folder)/n1/stdout.log")]
    }

    func probes() -> [String: String] {
        var findings: [String: String] = [:]
        for result in LabProbe.run() { findings[result.name] = "\(result.works)" }
        return findings
    }
}
