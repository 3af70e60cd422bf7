import PolygraphClients

extension NodeReader {
    /// What `client:` says beside the requests.
    static let accessKeys = ["tls", "user", "password", "bearer", "headers"]

    /// `{tls: {…}, user: NAME, password: {env: NAME}, bearer: {file: PATH}, headers: {NAME: {env: NAME}}}`
    func access(_ fields: MappingReader) -> HTTPAccessSpec {
        var spec = HTTPAccessSpec()
        spec.tls = fields["tls"].flatMap { $0.tls() }
        spec.user = fields["user"].flatMap { $0.string("the name of a user") }
        if let user = spec.user, user.contains(":") || !Self.isHeaderText(user) {
            fields["user"]?.fail("a name has no colon and no control characters")
        }
        spec.password = fields["password"].flatMap { $0.secretSource("a password") }
        spec.bearer = fields["bearer"].flatMap { $0.secretSource("a token") }
        for (entry, reader) in fields["headers"]?.entries("more headers: a mapping of names to {env: NAME}") ?? [] {
            let isName = !entry.key.isEmpty && entry.key.utf8.allSatisfy(Self.isNameByte)
            if !isName { reader.fail("`\(entry.key)` is no name of a header", at: entry.keyMark) }
            if ["host", "content-length", "transfer-encoding", "connection"].contains(entry.key.lowercased()) {
                reader.fail("`\(entry.key)` is written by Polygraph itself", at: entry.keyMark)
            }
            if let source = reader.secretSource("the value of a header") { spec.headers[entry.key] = source }
        }
        if let user = fields["user"], fields["password"] == nil { user.fail("needs `password` beside it") }
        if let password = fields["password"], fields["user"] == nil { password.fail("needs `user` beside it") }
        let ways = ["user", "bearer"].filter { fields[$0] != nil }
        if ways.count > 1 { fields["bearer"]?.fail("a request says who it is from once: by `user` or by `bearer`") }
        if let way = ways.first, spec.headers.keys.contains(where: { $0.lowercased() == "authorization" }) {
            fields["headers"]?.fail("`Authorization` is written because of `\(way)` already")
        }
        return spec
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-_".utf8.contains(byte)
    }

    private static func isHeaderText(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }

    /// `{env: NAME}` or `{file: PATH}`; a secret itself is refused, and not repeated.
    private func secretSource(_ what: String) -> SecretSource? {
        guard isMapping else {
            fail(
                "\(what) does not stand in a workload file, which is kept with every run: say where it is found, as "
                    + "{env: NAME} or {file: PATH}")
            return nil
        }
        guard let fields = mapping("where \(what) is found", known: ["env", "file"]) else { return nil }
        switch (fields["env"], fields["file"]) {
        case (let field?, nil):
            guard let name = field.string("the name of an environment variable") else { return nil }
            if name.isEmpty || name.contains("=") {
                field.fail("expected the name of an environment variable")
                return nil
            }
            return .environment(name)
        case (nil, let field?): return field.filePath().map(SecretSource.file)
        default:
            fail("expected {env: NAME} or {file: PATH}")
            return nil
        }
    }

    private func filePath() -> String? {
        guard let path = string("the path of a file") else { return nil }
        if !path.isEmpty { return path }
        expected("the path of a file")
        return nil
    }

    /// `{ca: FILE, certificate: FILE, key: FILE, name: NAME, verify: true}`
    private func tls() -> TLSSettings? {
        guard let fields = mapping("how TLS is spoken", known: ["ca", "certificate", "key", "name", "verify"]) else {
            return nil
        }
        var settings = TLSSettings()
        settings.authority = fields["ca"].flatMap { $0.filePath() }
        settings.certificate = fields["certificate"].flatMap { $0.filePath() }
        settings.key = fields["key"].flatMap { $0.filePath() }
        settings.serverName = fields["name"].flatMap { $0.string("the name that the server's certificate has") }
        settings.verifies = fields["verify"].flatMap { $0.bool() } ?? true
        for (one, other) in [("certificate", "key"), ("key", "certificate")] where fields[other] == nil {
            fields[one]?.fail("needs `\(other)` beside it")
        }
        return settings
    }
}
