import Testing

@testable import PolygraphSSH

/// Commands on real servers.
@Suite(.serialized) struct CommandTests {
    @Test func `streams, exits and words`() throws {
        guard let findings = try SSHTestProcess.findings("commands") else { return }
        expect(findings, "streams", "out\n|err\n|status 3")
        expect(findings, "signal", "signal TERM")
        expect(findings, "not found", "status 127")
        expect(findings, "syntax", "status 2|true")
        expect(findings, "silent", "0")
        expect(findings, "words", "true")
        expect(findings, "first word", "status 127")
        expect(findings, "surroundings", "/usr/share\nit's \"$fine\"\ninput")
        #expect(findings["no folder"] != "status 0")
        expect(findings, "no variable", fails: "configuration", with: ["A B"])
        expect(findings, "zero", fails: "configuration")
        expect(findings, "long", fails: "configuration", with: ["standard input"])
        expect(findings, "both full", "true true")
        expect(findings, "cut", "true")
        expect(findings, "sink", "5000000")
        expect(findings, "input not read", "ok")
        expect(findings, "still there", "yes\n")
        expect(findings, "another command", fails: "refused", with: ["did not run it", "not here", "ForceCommand"])
    }

    @Test func `fifty at once`() throws {
        guard let findings = try SSHTestProcess.findings("many") else { return }
        for name in ["ten", "three", "one"] { expect(findings, name, "ok") }
    }

    @Test func `deadlines and cancellations end the processes of the host`() throws {
        guard let findings = try SSHTestProcess.findings("ends") else { return }
        for name in ["deadline", "stubborn", "writing", "cancelled"] {
            expect(
                findings, name, fails: name == "cancelled" ? "cancelled" : "deadline",
                with: ["process group was killed"])
            expect(findings, "\(name), processes", "true, gone true")
        }
        expect(findings, "full", "true")
        expect(findings, "full, as many begun as allowed", "true")
        expect(findings, "full, gone", "true")
        expect(findings, "still there", "yes\n")
        expect(findings, "leads its group", "true")
    }

    @Test func sudo() throws {
        guard let findings = try SSHTestProcess.findings("sudo") else { return }
        for name in [
            "without password", "with one that is not asked for", "with password", "with password, again",
        ] {
            expect(findings, name, "root\ninput\nerr\nstatus 4")
        }
        expect(findings, "another user", "free\ninput\nerr\nstatus 4")
        expect(findings, "needs one", fails: "sudo", with: ["sudo needs a password", "NOPASSWD"])
        expect(findings, "wrong", fails: "sudo", with: ["POLYGRAPH_TEST_WRONG"])
        expect(findings, "not set", fails: "configuration", with: ["POLYGRAPH_TEST_NOTHING is not set"])
        expect(findings, "no such user", fails: "sudo", with: ["nobody-of-that-name"])
        expect(findings, "deadline", fails: "deadline", with: ["process group was killed"])
        expect(findings, "gone", "true")
        expect(findings, "arguments", "true false")
        #expect(!findings.values.contains { $0.contains("horse") })
    }
}
