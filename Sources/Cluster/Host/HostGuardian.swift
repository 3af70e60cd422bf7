import CLinux
import Glibc
import Synchronization

/// The process above a host's helper: it undoes what a helper leaves that was killed.
enum HostGuardian {
    /// Says to `NodeInit` what this process is for.
    static let word = "host-guardian"

    /// The helper's process, for the signal handler.
    private static let server = Atomic<Int32>(0)

    /// Starts the helper, and waits for its end.
    /// - Returns: the exit status.
    static func main(_ folder: HostFolder, lease: Int64) -> Int32 {
        // The line over which this was started must not be held open.
        let log = open(folder.log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let nothing = open("/dev/null", O_RDWR)
        dup2(nothing, 0)
        dup2(nothing, 1)
        dup2(log >= 0 ? log : nothing, 2)
        lab_close_from(3)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            let process = HostGuardian.server.load(ordering: .relaxed)
            if process > 0 { Glibc.kill(process, SIGTERM) }
        }
        sigaction(SIGTERM, &action, nil)
        let process = NodeInit.spawn(
            title: "polygraph host", [HostServer.word, folder.path, String(lease)])
        guard process > 0 else {
            HostServer.complain("cannot start the helper: \(errorText(-process))")
            return 1
        }
        server.store(process, ordering: .relaxed)
        var status: Int32 = 0
        _ = retrying { Int(waitpid(process, &status, 0)) }
        server.store(0, ordering: .relaxed)
        if status == 0 { return 0 }
        let outcome = HostHealing.undo(folder)
        if status & 0x7f != 0 { HostServer.complain("the helper was ended by signal \(status & 0x7f)") }
        for line in outcome.done + outcome.failed { HostServer.complain(line) }
        unlink(folder.socket)
        return 1
    }
}
