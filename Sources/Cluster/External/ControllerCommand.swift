import CLinux
import Glibc

/// A program that is run on this machine, beside the cluster: `kubectl`, `docker`, a cloud's own.
public struct ControllerCommand: Hashable, Sendable {
    /// The program (a path, or a name that PATH finds) and its arguments.
    public var words: [String]
    /// Added to this process's own.
    public var environment: [String: String]

    public init(_ words: [String], environment: [String: String] = [:]) {
        self.words = words
        self.environment = environment
    }

    /// The last bytes of what it wrote that are kept.
    private static let outputLimit = 4 << 10

    /// Runs it and waits for its end; with all that it has started, unless that has left its process group, it is
    /// killed when it takes too long.
    /// - Parameter timeout: nanoseconds.
    /// - Returns: how it ended, and the end of what it wrote to standard output and standard error together.
    /// - Throws: `ClusterError` when it cannot be started.
    public func run(timeout: Int64) throws(ClusterError) -> CommandOutcome {
        guard let program = words.first else { throw ClusterError("run a command", "it has no words") }
        // A file and no pipe: what the program leaves running neither blocks nor dies when it goes on writing.
        let output = clinux_memory_file("polygraph-command")
        guard output >= 0 else { throw ClusterError("run \(program)", errorText(-output)) }
        defer { close(output) }
        let process = try spawn(program, output)
        let deadline = lab_monotonic_time() + timeout
        var status: Int32 = 0
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { break }
            if ended < 0, errno != EINTR { throw ClusterError("wait for \(program)", errorText(errno)) }
            if lab_monotonic_time() >= deadline {
                kill(-process, SIGKILL)
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                return CommandOutcome(status: nil, output: Self.tail(output))
            }
            clinux_sleep_ns(2_000_000)
        }
        let signal = status & 0x7F
        return CommandOutcome(status: signal == 0 ? status >> 8 & 0xFF : 128 + signal, output: Self.tail(output))
    }

    private func spawn(_ program: String, _ output: Int32) throws(ClusterError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        // A group of its own, so that Ctrl-C does not end it; and the usual signals, which this thread may block.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = Self.inherited(without: environment)
        variables += environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        // What whoever started this process has left open is nobody's business there.
        clinux_close_on_exec(3)
        var process = pid_t()
        let code = posix_spawnp(&process, program, &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw ClusterError("run \(program)", errorText(code)) }
        return process
    }

    private static func inherited(without names: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
        var result: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let variable = next.pointee {
            let text = String(cString: variable)
            if names[String(text.prefix { $0 != "=" })] == nil { result.append(strdup(text)) }
            next += 1
        }
        return result
    }

    private static func tail(_ file: Int32) -> String {
        let size = Int(lseek(file, 0, SEEK_END))
        let start = max(0, size - outputLimit)
        var bytes = [UInt8](repeating: 0, count: min(size, outputLimit))
        let count = pread(file, &bytes, bytes.count, off_t(start))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
