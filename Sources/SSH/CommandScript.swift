/// The text that a server is asked to execute for a command.
///
/// `/bin/sh` first says the number of its process group, so that the whole group can be killed later by another
/// channel; servers need not obey signals sent through a channel, and many do not. Then it becomes the command.
enum CommandScript {
    /// Before the group's number on standard output.
    static let mark = "\u{1}polygraph-group="
    /// What `sudo` asks with.
    static let prompt = "[polygraph: password of sudo?]"

    /// libssh2 sends a command in one packet.
    static let limit = 30_000

    static func text(_ command: SSHCommand, host: String) throws(SSHError) -> String {
        let step = "run \(command.name)"
        // Field 5 of the line in /proc is the process group; the second field may contain blanks, but ends in ")".
        var script = """
            if read -r polygraph_group </proc/$$/stat; then
            polygraph_group=${polygraph_group##*) }; polygraph_group=${polygraph_group#* }
            polygraph_group=${polygraph_group#* }; polygraph_group=${polygraph_group%% *}
            else polygraph_group=$$; fi 2>/dev/null
            printf '\\001polygraph-group=%s\\n' "$polygraph_group"
            unset polygraph_group

            """
        if let directory = command.directory { script += "cd -- \(ShellQuoting.quote(directory)) || exit\n" }
        for (name, value) in command.environment {
            guard isVariableName(name) else {
                throw SSHError(
                    .configuration, host: host, step: step, "\"\(name)\" is no name of an environment variable")
            }
            script += "export \(name)=\(ShellQuoting.quote(value))\n"
        }
        script += command.script
        guard !script.utf8.contains(0) else {
            throw SSHError(.configuration, host: host, step: step, "the command contains a byte of value zero")
        }
        let text = "exec " + shell(script, command.sudo)
        guard text.utf8.count <= limit else {
            throw SSHError(
                .configuration, host: host, step: step,
                "the command has \(text.utf8.count) bytes, more than the \(limit) that a server takes",
                remedy: "Give it as standard input to sh, or upload it as a file.")
        }
        return text
    }

    /// Ends every process of a group at once.
    static func killing(group: Int, _ sudo: SSHCommand.Sudo?) -> String {
        "exec " + shell("kill -s KILL -- -\(group)", sudo)
    }

    private static func shell(_ script: String, _ sudo: SSHCommand.Sudo?) -> String {
        var words: [String] = []
        if let sudo {
            // Every command needs its password, so that it does not depend on what ran before whether one is asked for.
            words = ["sudo"] + (sudo.password == nil ? ["-n"] : ["-k", "-S", "-p", prompt])
            if sudo.user != "root" { words += ["-u", sudo.user] }
            words.append("--")
        }
        return ShellQuoting.join(words + ["/bin/sh", "-c", script])
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            byte == 95 || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
    }
}
