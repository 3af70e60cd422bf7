import CSSH2
import Glibc

/// The lines of `known_hosts` files that speak of one host, as in sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": plain names
/// and patterns, hashed names, `[host]:port`, `@revoked`.
struct KnownHosts {
    struct Entry {
        let file: String
        /// From 1.
        let line: Int
        let algorithm: String
        let key: String
        let isRevoked: Bool
    }

    let entries: [Entry]

    /// - Parameter session: what libssh2 allocates for; nothing of it is changed.
    init(files: [String], name: String, session: OpaquePointer) {
        var entries: [Entry] = []
        for file in files {
            guard let bytes = LocalFile.read(file) else { continue }
            var number = 0
            for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
                number += 1
                let text = String(decoding: line, as: UTF8.self)
                var words = text.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
                guard let first = words.first, !first.hasPrefix("#") else { continue }
                let isRevoked = first == "@revoked"
                // Certificates of hosts are not understood by libssh2.
                if first.hasPrefix("@"), !isRevoked { continue }
                if isRevoked { words.removeFirst() }
                guard words.count >= 3 else { continue }
                let isNamed =
                    words[0].hasPrefix("|")
                    ? KnownHosts.isHashed(words[0...2].joined(separator: " "), of: name, session)
                    : HostPattern.matches(name, list: words[0].split(separator: ",").map(String.init))
                guard isNamed else { continue }
                entries.append(
                    Entry(
                        file: file, line: number, algorithm: String(words[1]), key: String(words[2]),
                        isRevoked: isRevoked))
            }
        }
        self.entries = entries
    }

    /// Whether a line with a hashed name is about this host. The question has a key that no host has, so that libssh2
    /// answers "mismatch" where the name fits.
    private static func isHashed(_ line: String, of name: String, _ session: OpaquePointer) -> Bool {
        guard let hosts = libssh2_knownhost_init(session) else { return false }
        defer { libssh2_knownhost_free(hosts) }
        guard libssh2_knownhost_readline(hosts, line, line.utf8.count, LIBSSH2_KNOWNHOST_FILE_OPENSSH) == 0 else {
            return false
        }
        let question = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_BASE64
        let answer = libssh2_knownhost_check(hosts, name, "AAAA", 0, question, nil)
        return answer == LIBSSH2_KNOWNHOST_CHECK_MISMATCH || answer == LIBSSH2_KNOWNHOST_CHECK_MATCH
    }

    /// Of the host key algorithms that this library offers, those that the host is known by, and then the others: the
    /// server shall show a key that can be compared.
    func preference(among offered: [String]) -> [String] {
        let known = Set(entries.filter { !$0.isRevoked }.map(\.algorithm))
        return offered.filter(known.contains) + offered.filter { !known.contains($0) }
    }

    /// Refuses a key that is not the known one.
    /// - Throws: `unknownHostKey` or `changedHostKey`, with the fingerprint and how to accept it.
    func check(_ key: HostKey, _ destination: SSHDestination) throws(SSHError) {
        if let entry = entries.first(where: { $0.isRevoked && $0.key == key.base64 }) {
            throw SSHError(
                .changedHostKey, host: destination.name, step: "check the host key",
                "its \(key.kind) key \(key.fingerprint) is revoked by \(entry.file), line \(entry.line)",
                remedy: "Give the host a new key: on the host, ssh-keygen -A after its old keys are gone.")
        }
        let valid = entries.filter { !$0.isRevoked }
        if valid.contains(where: { $0.algorithm == key.algorithm && $0.key == key.base64 }) { return }
        if let entry = valid.first(where: { $0.algorithm == key.algorithm }) {
            let forget = ShellQuoting.join(["ssh-keygen", "-R", destination.knownHostsName, "-f", entry.file])
            throw SSHError(
                .changedHostKey, host: destination.name, step: "check the host key",
                "its \(key.kind) key is \(key.fingerprint), but \(entry.file), line \(entry.line), says another one: "
                    + "the host was installed anew, or somebody stands between",
                remedy: "If it was installed anew, forget the old key: \(forget)")
        }
        if let entry = valid.first {
            throw SSHError(
                .changedHostKey, host: destination.name, step: "check the host key",
                "it shows the \(key.kind) key \(key.fingerprint), but \(entry.file), line \(entry.line), knows it by "
                    + "its \(HostKey.kind(of: entry.algorithm)) key only",
                remedy: "Compare the fingerprint on the host, and then add the key: \(acceptance(key, destination))")
        }
        switch destination.hostKeyChecking {
        case .off: return
        case .acceptNew: try write(key, destination)
        case .strict:
            throw SSHError(
                .unknownHostKey, host: destination.name, step: "check the host key",
                "\(destination.address) shows the \(key.kind) key \(key.fingerprint), and no known_hosts file has a "
                    + "key of \(destination.knownHostsName)",
                remedy: "Compare it with what `ssh-keygen -lf /etc/ssh/ssh_host_\(key.kind.lowercased())_key.pub` says "
                    + "on the host, and then accept it: \(acceptance(key, destination))")
        }
    }

    /// The command that writes the key into the user's file. `ssh-keyscan` cannot go through other hosts, and does not
    /// know of other names for `known_hosts`; there the line itself is written.
    private func acceptance(_ key: HostKey, _ destination: SSHDestination) -> String {
        let file = ShellQuoting.quote(destination.knownHostsFiles.first ?? HomeFolder.path + "/.ssh/known_hosts")
        if destination.jumps.isEmpty, destination.hostKeyAlias == nil {
            let words = ["ssh-keyscan", "-t", key.kind.lowercased(), "-p", String(destination.port)]
            return ShellQuoting.join(words + [destination.hostName]) + " >>\(file)"
        }
        return "echo " + ShellQuoting.quote(line(key, destination)) + " >>\(file)"
    }

    private func line(_ key: HostKey, _ destination: SSHDestination) -> String {
        "\(destination.knownHostsName) \(key.algorithm) \(key.base64)"
    }

    private func write(_ key: HostKey, _ destination: SSHDestination) throws(SSHError) {
        guard let file = destination.knownHostsFiles.first else {
            throw SSHError(
                .configuration, host: destination.name, step: "write the host key",
                "there is no known_hosts file to write it into", remedy: "Set UserKnownHostsFile.")
        }
        let code = LocalFile.append(line: line(key, destination), to: file)
        guard code == 0 else {
            throw SSHError(
                .configuration, host: destination.name, step: "write the host key",
                "\(file) cannot be written: \(errorText(code))", remedy: "Make it writable, or add the key by hand.")
        }
    }
}
