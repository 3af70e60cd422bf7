/// Why `sudo` did not run a command.
enum SudoRefusal {
    /// - Parameter said: what it wrote.
    static func error(_ host: String, _ preamble: CommandPreamble, _ said: [UInt8]) -> SSHError {
        let text = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.drop { $0 == " " } }.filter { !$0.isEmpty && !$0.hasPrefix("Sorry") }.joined(separator: "; ")
        let user = preamble.sudo?.user ?? "root"
        let step = "sudo to \(user)"
        if preamble.wasRefused {
            let source = preamble.sudo?.password.map(\.description) ?? "the password"
            return SSHError(
                .sudo, host: host, step: step, "sudo does not accept the password of \(source)",
                remedy: "Correct it, or allow sudo without a password on the host.")
        }
        if text.contains("password") || text.contains("terminal is required") {
            return SSHError(
                .sudo, host: host, step: step, "sudo needs a password (\(text))",
                remedy: "Name where sudo's password is found, or allow it without on the host: "
                    + "echo 'USER ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/polygraph")
        }
        if text.contains("not found") {
            return SSHError(
                .sudo, host: host, step: step, "the host has no sudo (\(text))",
                remedy: "Install it, or log in as \(user).")
        }
        return SSHError(
            .sudo, host: host, step: step, text.isEmpty ? "sudo ended without a word" : text,
            remedy: "See on the host whether the user may use sudo: sudo -l")
    }
}
