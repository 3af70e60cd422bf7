import Foundation
import Testing

/// Clocks of nodes' processes, as the processes themselves show them.
@Suite(.serialized) struct ClockTests {
    @Test(arguments: TestProgram.User.available)
    func `a skew is shown at once, changed, kept over restarts and taken away`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("skew")
        let own = "the node's own process"
        let expected = [
            "before start": "0 3600 a probe process beside the node", "first reading": "3600",
            "running": "1 -60 \(own)", "after restart": "-60", "loop": "-60", "none": "1 0 \(own)",
            "shown after none": "0", "paused": "1 7200 \(own)", "still paused": "true", "quiet": "true",
            "shown after pause": "7200", "drift": "1 0 \(own)", "drifts": "true", "slow": "1 0 \(own)",
            "slows": "true", "other node": "0",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test func `under a thousand changes no reading is wrong and no waiting call is interrupted`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("storm")
        let expected = ["wrong": "0", "off": "0", "processes": "1", "waited": "true", "interruptions": "0"]
        var findings = run.findings
        // A thread that is stuck in the kernel for too long is not borrowed; a probe process stands in then.
        let methods = findings.removeValue(forKey: "methods")
        #expect(methods?.contains("the node's own process") == true)
        #expect(findings == expected, "\(run.output)")
    }

    @Test func `children and executed programs get the skew`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("inherit")
        let expected = ["child": "18000", "executed": "18000", "changed": "1", "executed after change": "-3600"]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/busybox"), "busybox is not installed"))
    func `a static program gets the skew`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("static")
        #expect(run.findings == ["hours": "24"], "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `clocks strobe, stand still, go wrong slowly and are set right`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("motion")
        let expected = [
            "before start": "0", "true": "0", "strobe begins": "0", "strobes": "4", "strobe measured": "true",
            "stands still": "true", "still after restart": "true", "slewing": "true", "passes": "true",
            "slewed": "-100", "stays": "-100", "reset": "0", "shown after reset": "0",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `what the clock does not reach is said`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("clock-reach")
        let warnings = run.findings["warnings"] ?? ""
        #expect(warnings.contains("waits until a time of the true clock (futex)"), "\(run.output)")
        #expect(warnings.contains("may wait until a time of the true clock (pthread_cond_timedwait"), "\(run.output)")
        #expect(run.findings["nothing runs"] == "0")
    }
}
