import Testing

/// Files of real servers.
@Suite(.serialized) struct TransferTests {
    @Test func `whole files`() throws {
        guard let findings = try SSHTestProcess.findings("files") else { return }
        expect(findings, "folders", "true")
        expect(findings, "sizes", "ok")
        expect(findings, "left", "file")
        expect(findings, "replaced", "9999999 3")
        expect(findings, "removed", "true")
        expect(findings, "hash of nothing", "true")
        expect(findings, "no folder", fails: "file", with: ["no such file or folder"])
        expect(findings, "no source", fails: "file", with: ["No such file"])
        expect(findings, "no file", fails: "file", with: ["no such file on the host"])
        expect(findings, "file in the way", fails: "file")
        expect(findings, "read-only", fails: "file", with: ["read-only"])
        if findings["not allowed"] != nil {
            expect(findings, "not allowed", fails: "file", with: ["tester may not"])
        }
        expect(findings, "at once", "true")
        expect(findings, "no sftp", fails: "refused", with: ["Subsystem sftp"])
    }

    @Test func `transfers go on after a break`() throws {
        guard let findings = try SSHTestProcess.findings("resumed") else { return }
        for name in ["upload", "upload, again", "download"] { expect(findings, name, fails: "connectionLost") }
        expect(findings, "not whole, not there", "true")
        expect(findings, "upload goes on", "true true")
        expect(findings, "spoilt, begins anew", "0 true")
        expect(findings, "longer part", "0 true")
        expect(findings, "download not whole", "true")
        expect(findings, "download goes on", "true true")
        expect(findings, "by itself", "2 true true")
        expect(findings, "by itself, back", "2 true true")
    }

    @Test func `new keys in the middle of everything`() throws {
        guard let findings = try SSHTestProcess.findings("new-keys") else { return }
        expect(findings, "errors", "")
        expect(findings, "same", "true true")
    }

    @Test func `a full disk`() throws {
        guard let findings = try SSHTestProcess.findings("disk-full") else { return }
        expect(findings, "full", fails: "file", with: ["no space is left", "df -h"])
        expect(findings, "left", "")
        expect(findings, "what fits", "ok")
        expect(findings, "fits", "true")
        expect(findings, "full here", fails: "file", with: ["No space left"])
    }
}
