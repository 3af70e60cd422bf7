import Foundation
import Glibc

/// The process of an `sshd` that accepts connections.
struct ServerProcess {
    let number: Int

    /// Kills the processes that serve connections; the server itself goes on.
    func cutConnections() {
        // Who holds the connection goes first.
        for process in descendants { kill(pid_t(process), SIGKILL) }
    }

    private var descendants: [Int] { children.flatMap { [$0] + ServerProcess(number: $0).descendants } }

    /// Stops the server, or lets it go on: while it is stopped, the kernel accepts and nobody answers.
    func setRunning(_ isRunning: Bool) { kill(pid_t(number), isRunning ? SIGCONT : SIGSTOP) }

    /// The server's own children: they serve connections, and some have children that do the same.
    var children: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int($0) }.filter { child in
            guard let text = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { return false }
            let fields = text[end...].split(separator: " ")
            return text.contains("(sshd)") && fields.count > 2 && Int(fields[2]) == number && fields[1] != "Z"
        }
    }
}
