import CSSH2
import Glibc

/// Lets the user in: by an agent's keys, by key files, by the password, in this order.
struct Authentication {
    let handshake: Handshake
    private var driver: SessionDriver { handshake.driver }
    private var destination: SSHDestination { handshake.destination }
    private var session: OpaquePointer { driver.session }

    init(handshake: Handshake) { self.handshake = handshake }

    private var step: String { "authenticate as \(destination.user)" }

    func run() throws(SSHError) {
        let methods = try allowedMethods()
        guard let methods else { return }
        // What was tried, and what came of it.
        var attempts: [String] = []
        var remedies: [String] = []
        if methods.contains("publickey") {
            let keys = keyFiles(&attempts)
            if try tryAgent(keys, &attempts) { return }
            for key in keys {
                if try tryKey(key, &attempts, &remedies) { return }
            }
        }
        if let password = destination.password {
            let value = try password.read(host: destination.name, step: step)
            if !methods.contains("password"), !methods.contains("keyboard-interactive") {
                attempts.append("it takes no password, so that of \(password) was not tried")
            }
            if methods.contains("password"), try tryPassword(value, password, &attempts) { return }
            if methods.contains("keyboard-interactive"), try tryQuestions(value, password, &attempts) { return }
        }
        throw SSHError(
            .authentication, host: destination.name, step: step,
            "the server takes \(methods.joined(separator: ", ")); "
                + (attempts.isEmpty ? "there was nothing to try" : attempts.joined(separator: "; ")),
            remedy: remedies.isEmpty ? usualRemedy(methods) : remedies.joined(separator: " "))
    }

    private func usualRemedy(_ methods: [String]) -> String {
        var words = "Name another user or key"
        if destination.password == nil, methods.contains(where: { $0 != "publickey" }) { words += ", or a password" }
        if let key = destination.identityFiles.first, methods.contains("publickey") {
            words += ", or let the key in: "
            words += ShellQuoting.join([
                "ssh-copy-id", "-i", key + ".pub", "-p", String(destination.port),
                "\(destination.user)@\(destination.hostName)",
            ])
        }
        return words
    }

    /// The methods that the server takes for this user; nil when it lets anybody in.
    private func allowedMethods() throws(SSHError) -> [String]? {
        var list: String?
        let code = handshake.finish {
            let user = destination.user
            if let text = libssh2_userauth_list(session, user, UInt32(user.utf8.count)) {
                list = String(cString: text)
                return 0
            }
            if libssh2_userauth_authenticated(session) == 1 { return 0 }
            return libssh2_session_last_errno(session)
        }
        try stopAtLineEnd(code, [])
        guard code == 0 else { throw SSHError(.authentication, host: destination.name, step: step, driver.lastError) }
        return list.map { $0.split(separator: ",").map(String.init) }
    }

    /// Ends it when the server has gone, or the time.
    private func stopAtLineEnd(_ code: Int32, _ attempts: [String]) throws(SSHError) {
        if code == 0 { return }
        if code == LIBSSH2_ERROR_TIMEOUT { throw handshake.timeout(step) }
        guard driver.buffers.ending != nil || code == LIBSSH2_ERROR_SOCKET_DISCONNECT else { return }
        throw SSHError(
            .authentication, host: destination.name, step: step,
            "\(driver.lineEnd ?? "the server closed the connection")"
                + (attempts.isEmpty ? "" : " after: " + attempts.joined(separator: "; ")),
            remedy: attempts.count > 3
                ? "It allows so many attempts (MaxAuthTries): name the right key, with IdentitiesOnly yes." : nil)
    }

    // Keys.

    private func keyFiles(_ attempts: inout [String]) -> [PrivateKeyFile] {
        var keys: [PrivateKeyFile] = []
        for path in destination.identityFiles {
            if let key = PrivateKeyFile(path: path) {
                keys.append(key)
            } else if errno != ENOENT || destination.keysAreRequired {
                attempts.append("key \(path) cannot be read: \(errorText(errno))")
            }
        }
        return keys
    }

    private func tryKey(
        _ key: PrivateKeyFile, _ attempts: inout [String], _ remedies: inout [String]
    ) throws(SSHError) -> Bool {
        var passphrase: [UInt8] = []
        if key.isEncrypted {
            guard let secret = destination.passphrase else {
                attempts.append("key \(key.path) needs a passphrase, and none is named")
                remedies.append(
                    "Name where the passphrase of \(key.path) is found, or add the key to an agent: ssh-add")
                return false
            }
            passphrase = try secret.read(host: destination.name, step: step)
        }
        let user = destination.user
        let code = (passphrase + [0]).withUnsafeBytes { bytes in
            handshake.finish {
                libssh2_userauth_publickey_fromfile_ex(
                    session, user, UInt32(user.utf8.count), nil, key.path,
                    bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
            }
        }
        if code == 0 { return true }
        let reason = driver.lastError
        if key.isRSA, !SSHLibrary.signsRSAWithSHA2 {
            attempts.append(
                "key \(key.path) is an RSA key, which libssh2 \(SSHLibrary.version) signs with SHA-1 only, and servers "
                    + "refuse that since 2021")
            remedies.append("Use an Ed25519 or ECDSA key (ssh-keygen -t ed25519), or libssh2 1.11 or later.")
        } else if code == LIBSSH2_ERROR_FILE || code == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED {
            attempts.append(
                key.isEncrypted
                    ? "key \(key.path) does not open with the passphrase of \(destination.passphrase!)"
                    : "key \(key.path) cannot be used (\(reason))")
        } else {
            attempts.append("key \(key.path) is refused")
        }
        try stopAtLineEnd(code, attempts)
        return false
    }

    /// Tries the agent's keys: those of the key files first; the others, too, unless only those are wanted.
    private func tryAgent(_ keys: [PrivateKeyFile], _ attempts: inout [String]) throws(SSHError) -> Bool {
        guard let socket = destination.agentSocket, let agent = libssh2_agent_init(session) else { return false }
        defer { libssh2_agent_free(agent) }
        libssh2_agent_set_identity_path(agent, socket)
        guard libssh2_agent_connect(agent) == 0 else {
            attempts.append("the agent at \(socket) does not answer")
            return false
        }
        defer { libssh2_agent_disconnect(agent) }
        guard libssh2_agent_list_identities(agent) == 0 else {
            attempts.append("the agent at \(socket) shows no keys")
            return false
        }
        var wanted: [(UnsafeMutablePointer<libssh2_agent_publickey>, [UInt8])] = []
        var others = wanted
        var last: UnsafeMutablePointer<libssh2_agent_publickey>?
        var next: UnsafeMutablePointer<libssh2_agent_publickey>?
        while libssh2_agent_get_identity(agent, &next, last) == 0, let identity = next {
            let blob = Array(UnsafeRawBufferPointer(start: identity.pointee.blob, count: identity.pointee.blob_len))
            if keys.contains(where: { $0.publicKey == blob }) {
                wanted.append((identity, blob))
            } else if !destination.identitiesOnly {
                others.append((identity, blob))
            }
            last = identity
        }
        for (identity, blob) in wanted + others {
            var reader = WireReader(blob)
            let algorithm = reader.text() ?? "key"
            let name = identity.pointee.comment.map { String(cString: $0) } ?? ""
            if algorithm == "ssh-rsa", !SSHLibrary.signsRSAWithSHA2 {
                attempts.append(
                    "the agent's RSA key \(name) is passed over, as libssh2 \(SSHLibrary.version) signs with SHA-1 only"
                )
                continue
            }
            let code = handshake.finish { libssh2_agent_userauth(agent, destination.user, identity) }
            if code == 0 { return true }
            attempts.append("the agent's \(HostKey.kind(of: algorithm)) key \(name) is refused")
            try stopAtLineEnd(code, attempts)
        }
        return false
    }

    // Passwords.

    private func tryPassword(
        _ value: [UInt8], _ source: SSHSecret, _ attempts: inout [String]
    ) throws(SSHError) -> Bool {
        let user = destination.user
        let code = value.withUnsafeBytes { bytes in
            handshake.finish {
                libssh2_userauth_password_ex(
                    session, user, UInt32(user.utf8.count),
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(bytes.count), nil)
            }
        }
        if code == 0 { return true }
        attempts.append(
            code == LIBSSH2_ERROR_PASSWORD_EXPIRED
                ? "the password of \(source) has expired" : "the password of \(source) is refused")
        try stopAtLineEnd(code, attempts)
        return false
    }

    private func tryQuestions(
        _ value: [UInt8], _ source: SSHSecret, _ attempts: inout [String]
    ) throws(SSHError) -> Bool {
        driver.buffers.answer = value
        defer { driver.buffers.answer = [] }
        let user = destination.user
        let code = handshake.finish {
            libssh2_userauth_keyboard_interactive_ex(session, user, UInt32(user.utf8.count)) {
                _, _, _, _, count, _, responses, abstract in
                let answer = SessionBuffers.of(abstract).answer
                for index in 0..<Int(count) {
                    // libssh2 frees it.
                    guard let text = malloc(answer.count + 1) else { return }
                    answer.withUnsafeBytes { bytes in
                        if let start = bytes.baseAddress { text.copyMemory(from: start, byteCount: bytes.count) }
                    }
                    responses![index].text = text.assumingMemoryBound(to: CChar.self)
                    responses![index].length = UInt32(answer.count)
                }
            }
        }
        if code == 0 { return true }
        attempts.append("the password of \(source) is refused as an answer to the server's questions")
        try stopAtLineEnd(code, attempts)
        return false
    }
}
