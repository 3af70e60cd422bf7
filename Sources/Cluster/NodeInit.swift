import CLinux
import Glibc

/// The hidden second life of the program: the processes of the lab are the same program, started again with a word
/// that no user types. Whoever links this module and uses `Lab` or `LabProbe` must ask `isRequested` before anything
/// else in `main`, and call `main()` if so.
public enum NodeInit {
    /// The first argument of every process that the lab starts.
    static let word = "node-init"

    /// Whether this process is one that the lab has started.
    public static var isRequested: Bool {
        CommandLine.argc >= 3 && CommandLine.arguments[1] == word
    }

    /// Does what the lab wants of this process.
    public static func main() -> Never {
        switch CommandLine.arguments[2] {
        case "agent":
            NodeAgent.main(
                ControlChannel(descriptor: 3), isOnHost: CommandLine.argc > 3 && CommandLine.arguments[3] == "host")
        case HostGuardian.word where CommandLine.argc == 5:
            exit(
                HostGuardian.main(
                    HostFolder(path: CommandLine.arguments[3]), lease: Int64(CommandLine.arguments[4]) ?? 0))
        case HostServer.word where CommandLine.argc == 5:
            exit(
                HostServer.main(HostFolder(path: CommandLine.arguments[3]), lease: Int64(CommandLine.arguments[4]) ?? 0)
            )
        case DiskSupervisor.word:
            DiskSupervisor.main(ControlChannel(descriptor: 3), Array(CommandLine.arguments.dropFirst(3)))
        case "probe" where CommandLine.argc == 4:
            exit(LabProbe.attempt(CommandLine.arguments[3]))
        default:
            exit(254)
        }
    }

    /// Starts this program again.
    /// - Parameters:
    ///   - title: what `ps` shows as the program.
    ///   - channel: becomes descriptor 3.
    /// - Returns: its process number, or the negative errno.
    static func spawn(title: String, _ arguments: [String], channel: Int32? = nil) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
        if let channel { posix_spawn_file_actions_adddup2(&actions, channel, 3) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // A session of its own: Control-C on the terminal is for the controller, which then tears down in order.
        // 0x80 is POSIX_SPAWN_SETSID, which Glibc shows only to GNU programs.
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | 0x80
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var process: pid_t = 0
        let code = withArguments([title, word] + arguments) { words in
            posix_spawn(&process, "/proc/self/exe", &actions, &attributes, words, environ)
        }
        return code == 0 ? process : -code
    }
}
