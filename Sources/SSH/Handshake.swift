import CSSH2

/// From a line to a session whose server is known and has let the user in.
struct Handshake {
    let driver: SessionDriver
    let destination: SSHDestination
    let deadline: Deadline
    let core: ConnectionCore

    func run() throws(SSHError) {
        let known = KnownHosts(
            files: destination.knownHostsFiles, name: destination.knownHostsName, session: driver.session)
        try prefer(known)
        try exchangeKeys()
        guard let key = HostKey(driver.session) else {
            throw SSHError(
                .handshake, host: destination.name, step: "check the host key", "the server has shown no key")
        }
        try known.check(key, destination)
        try Authentication(handshake: self).run()
    }

    /// Asks for the kinds of host keys first that the host is known by.
    private func prefer(_ known: KnownHosts) throws(SSHError) {
        var names: UnsafeMutablePointer<UnsafePointer<CChar>?>?
        let count = libssh2_session_supported_algs(driver.session, LIBSSH2_METHOD_HOSTKEY, &names)
        guard count > 0, let names else { return }
        defer { libssh2_free(driver.session, names) }
        let offered = (0..<Int(count)).compactMap { names[$0].map { String(cString: $0) } }
        let wanted = known.preference(among: offered).joined(separator: ",")
        guard libssh2_session_method_pref(driver.session, LIBSSH2_METHOD_HOSTKEY, wanted) == 0 else {
            throw SSHError(
                .handshake, host: destination.name, step: "exchange keys",
                "libssh2 does not take its own list of host keys: \(driver.lastError)")
        }
    }

    private func exchangeKeys() throws(SSHError) {
        // libssh2 wants a descriptor that it can make non-blocking; the bytes go another way.
        let code = finish { libssh2_session_handshake(driver.session, driver.buffers.descriptor) }
        guard code != 0 else { return }
        let step = "exchange keys"
        if let end = driver.lineEnd {
            throw SSHError(
                .handshake, host: destination.name, step: step, end,
                remedy: "See sshd's log on the host; it refuses connections beyond MaxStartups, for one.")
        }
        switch code {
        case LIBSSH2_ERROR_TIMEOUT: throw timeout(step)
        case LIBSSH2_ERROR_KEX_FAILURE, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, LIBSSH2_ERROR_METHOD_NONE:
            let isOld = !SSHLibrary.signsRSAWithSHA2
            throw SSHError(
                .handshake, host: destination.name, step: step,
                "the server and libssh2 \(SSHLibrary.version) have no algorithm in common (\(driver.lastError))",
                remedy: isOld
                    ? "A server with no other host key than RSA needs one that this libssh2 can check; on the host: "
                        + "ssh-keygen -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key" : nil)
        case LIBSSH2_ERROR_BANNER_RECV:
            throw SSHError(
                .handshake, host: destination.name, step: step, "what answers does not speak SSH",
                remedy: "See that \(destination.address) is sshd's.")
        default: throw SSHError(.handshake, host: destination.name, step: step, driver.lastError)
        }
    }

    /// Repeats a call until it is through, or the time is over.
    func finish(_ call: () -> Int32) -> Int32 {
        driver.finish(by: deadline, isStopped: { core.isStopped }, call)
    }

    func timeout(_ step: String) -> SSHError {
        core.isStopped
            ? SSHError(.cancelled, host: destination.name, step: step, "the connection was closed on this side")
            : SSHError(
                .unreachable, host: destination.name, step: step, "no answer within the time given",
                remedy: "See that the host is up and its network works, or give it more time.")
    }
}
