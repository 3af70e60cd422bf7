import Testing

/// Connections that break, hosts that go silent, and how things go on.
@Suite(.serialized) struct BreakTests {
    @Test func `broken lines`() throws {
        guard let findings = try SSHTestProcess.findings("broken") else { return }
        let command = try #require(findings["in a command"])
        #expect(command.hasPrefix("connectionLost, unknown true: host h1: run sleep 1000: "))
        #expect(command.contains("is not known"))
        expect(findings, "afterwards", "connectionLost, unknown false")
        expect(findings, "ended", "true")
        expect(findings, "in the key exchange", fails: "handshake", with: ["exchange keys"])
        #expect(findings["as before"]?.contains(" ") == false)
        expect(findings, "closed here", fails: "connectionLost", with: ["closed on this side"])
        expect(findings, "says nothing", fails: "unreachable", with: ["no answer"])
        expect(findings, "nobody listens", fails: "unreachable", with: ["Connection refused", "sshd"])
        expect(findings, "no such name", fails: "unreachable", with: ["no-such-host.invalid"])
    }

    @Test func `a silent host`() throws {
        guard let findings = try SSHTestProcess.findings("silent") else { return }
        expect(findings, "command under way", fails: "deadline", with: ["does not confirm", "process group"])
        expect(findings, "new command", fails: "deadline")
        expect(findings, "upload", fails: "deadline")
        expect(findings, "new connection", fails: "unreachable")
        expect(findings, "no sign of life", fails: "connectionLost", with: ["no sign of life"])
        expect(findings, "found dead", "true")
        expect(findings, "link back", "ok")
    }

    @Test func pool() throws {
        guard let findings = try SSHTestProcess.findings("pool") else { return }
        expect(findings, "connected", "h1 h2 h3 h4 h5 authentication")
        expect(findings, "no such host", fails: "configuration", with: ["h1, h2, h3, h4, h5, wrong"])
        expect(findings, "shared", "true")
        expect(findings, "opened again", "10 callers, 1 connection")
        expect(findings, "another one", "true")
        expect(findings, "works", "yes\n")
        expect(findings, "after the break", "yes\n")
        expect(findings, "connections left", "true")
    }
}
