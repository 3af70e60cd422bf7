import Testing

/// Who is let in by real servers, and which servers are believed.
@Suite(.serialized) struct LoginTests {
    @Test func `keys and agents`() throws {
        guard let findings = try SSHTestProcess.findings("keys") else { return }
        let user = try #require(findings["user"])
        for name in [
            "ed25519", "ecdsa", "pem", "passphrase of a file", "agent", "agent with the one key that is named",
        ] {
            expect(findings, name, user)
        }
        // Where libssh2 signs RSA keys with SHA-2, they are a way in as well.
        if findings["rsa"] != user {
            expect(findings, "rsa", fails: "authentication", with: ["RSA", "SHA-1", "ssh-keygen -t ed25519"])
        }
        expect(findings, "stranger", fails: "authentication", with: ["stranger is refused", "ssh-copy-id"])
        expect(findings, "missing", fails: "authentication", with: ["missing cannot be read: No such file"])
        expect(findings, "none", fails: "authentication", with: ["there was nothing to try"])
        expect(findings, "no passphrase", fails: "authentication", with: ["needs a passphrase", "ssh-add"])
        expect(
            findings, "wrong passphrase", fails: "authentication", with: ["does not open", "POLYGRAPH_TEST_PASSPHRASE"])
        expect(findings, "passphrase not set", fails: "configuration", with: ["POLYGRAPH_TEST_NOTHING is not set"])
        expect(findings, "agent, but only other keys", fails: "authentication")
        expect(findings, "no agent there", fails: "authentication", with: ["no-agent does not answer"])
        #expect(!findings.values.contains { $0.contains("battery") })
    }

    @Test func passwords() throws {
        guard let findings = try SSHTestProcess.findings("passwords") else { return }
        expect(findings, "password, right", "tester")
        expect(findings, "questions, right", "tester")
        for name in ["password, wrong", "questions, wrong"] {
            expect(findings, name, fails: "authentication", with: ["POLYGRAPH_TEST_WRONG is refused"])
        }
        expect(findings, "keys only, right", fails: "authentication", with: ["takes publickey", "takes no password"])
        #expect(!findings.values.contains { $0.contains("horse") })
    }

    @Test func `host keys`() throws {
        guard let findings = try SSHTestProcess.findings("host-keys") else { return }
        let good = [
            "known", "known by a pattern", "both", "off", "alias", "accept-new", "after accept-new", "hashed",
            "after what was told", "other port", "the kind that is known is asked for",
        ]
        let user = try #require(findings["known"])
        #expect(!user.contains(" "))
        for name in good { expect(findings, name, user) }
        let fingerprint = try #require(
            findings["fingerprint"]?.split(separator: " ").dropFirst().first.map(String.init))
        for name in ["unknown", "no file", "excluded by a pattern", "hashed, unknown", "told"] {
            expect(
                findings, name, fails: "unknownHostKey",
                with: [fingerprint, "ssh-keyscan -t ed25519 -p 22 10.99.1.2 >>"])
        }
        expect(findings, "other port, known by the usual one", fails: "unknownHostKey", with: ["[10.99.1.2]:2222"])
        expect(
            findings, "changed", fails: "changedHostKey",
            with: [fingerprint, "/known, line 3", "ssh-keygen -R 10.99.1.2 -f"])
        expect(findings, "accept-new, but changed", fails: "changedHostKey", with: ["line 1"])
        expect(findings, "off, but changed", fails: "changedHostKey")
        expect(findings, "another kind", fails: "changedHostKey", with: ["RSA key only", fingerprint])
        expect(findings, "revoked", fails: "changedHostKey", with: ["revoked", "line 2"])
        expect(findings, "hashes", "false")
        expect(findings, "as ssh-keygen finds it", "ok")
        let lines = try #require(findings["accept-new wrote"]).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.last?.hasPrefix("10.99.1.2 ssh-ed25519 ") == true)
        if findings["rsa host"] != user {
            expect(findings, "rsa host", fails: "handshake", with: ["ssh-keygen -t ed25519"])
        }
    }

    @Test func `ways through other hosts`() throws {
        guard let findings = try SSHTestProcess.findings("jumps") else { return }
        for name in ["one", "two", "three", "deep"] { expect(findings, name, "ok") }
        expect(findings, "closed", fails: "refused", with: ["10.99.2.2 port 9", "AllowTcpForwarding"])
        expect(findings, "loop", fails: "configuration", with: ["circle", "/config, line"])
        expect(findings, "no way without", fails: "unreachable")
        expect(findings, "bytes", "true")
        expect(findings, "cut in between", fails: "connectionLost", with: ["not known"])
    }
}
