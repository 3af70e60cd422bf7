import Glibc
import Testing

/// Faults on processes, resources and clocks, each on real processes: it is proved, it bites, and it ends.
@Suite(.serialized) struct ProcessFaultTests {
    /// - Parameter expected: beside the facts, which differ from run to run.
    private func check(
        _ scenario: String, user: TestProgram.User = .current, targets: Int = 1, _ expected: [String: String]
    ) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run(scenario)
        var findings = run.findings
        findings["inject facts"] = nil
        findings["undo facts"] = nil
        var wanted = ["inject": "effect true", "undo": "effect true", "targets": "\(targets)"]
        wanted.merge(expected) { _, new in new }
        #expect(findings == wanted, "\(run.output)")
    }

    @Test func `terminate lets a node say goodbye and starts it again`() throws {
        try check("fault-terminate", ["down": "true", "goodbye": "yes", "up": "true"])
    }

    @Test func `restart ends a majority and starts it at once`() throws {
        try check("fault-restart", targets: 2, ["up": "true", "left alone at the end": "true"])
    }

    @Test func `rolling-restart takes one node after the other`() throws {
        try check("fault-rolling", targets: 3, ["goodbyes": "3", "up": "true"])
    }

    @Test func `crash-loop kills again and again, and ends with a node that stays`() throws {
        try check("fault-loop", ["lives": "true", "up for good": "true"])
    }

    @Test func `kill-during-start cuts starts short`() throws {
        try check("fault-start", ["down": "true", "up": "true"])
    }

    @Test(arguments: TestProgram.User.available)
    func `cpu leaves a share of the processor`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("fault-cpu")
        // Proved at once only where the machine gives the node enough to be held up within half a second.
        #expect(run.findings["inject"]?.hasPrefix("effect") == true, "\(run.output)")
        #expect(run.findings["limited"] == "true", "\(run.output)")
        #expect(run.findings["undo"] == "effect true", "\(run.output)")
    }

    @Test func `slow stops a tree again and again`() throws {
        try check("fault-slow", [:])
    }

    @Test(arguments: TestProgram.User.available)
    func `memory kills who wants more, and starts it again at the end`(_ user: TestProgram.User) throws {
        // What the kill takes may come after the half second in which the beginning looks for it.
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("fault-memory")
        #expect(run.findings["cause"] == "out-of-memory", "\(run.output)")
        #expect(run.findings["up"] == "true", "\(run.output)")
        #expect(run.findings["undo"] == "effect true", "\(run.output)")
        #expect(run.findings["undo facts"]?.contains("\"out_of_memory_kills\":1") == true, "\(run.output)")
    }

    @Test func `file-descriptors refuses files, and no longer at the end`() throws {
        // Full only for moments: whether one of them was seen is a matter of luck.
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("fault-descriptors")
        #expect(run.findings["refused"] == "true", "\(run.output)")
        #expect(run.findings["opened after"] == "true", "\(run.output)")
        #expect(run.findings["undo"] == "effect true", "\(run.output)")
        #expect(run.findings["inject facts"]?.contains("\"limit_after\":50") == true, "\(run.output)")
    }

    @Test func `clock-strobe is seen at both of its times`() throws {
        try check("fault-strobe", ["right": "true"])
    }

    @Test func `clock-freeze stands still`() throws {
        try check("fault-freeze", ["stands still": "true", "right": "true"])
    }

    @Test func `clock-slew goes wrong without a jump, and no further than it should`() throws {
        try check("fault-slew", ["error in the end": "true", "right": "true"])
    }

    @Test func `clock-reset sets right what another fault has bent`() throws {
        try check("fault-reset", targets: 3, ["right": "true"])
    }
}
