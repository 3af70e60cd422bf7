import CLinux
import Glibc

/// Runs the host's own tools, such as `nft` and `tc`, and waits for them.
package struct HostPrograms: Sendable {
    /// How a tool ended, and what it wrote.
    struct Outcome: Sendable {
        /// Its exit status, or 128 + the number of the signal that ended it.
        var status: Int32
        var output: String
        var errors: String

        var isSuccess: Bool { status == 0 }

        /// What it complains about, on one line.
        var complaint: String {
            let lines = (errors.isEmpty ? output : errors).split(separator: "\n").map { $0.drop { $0 == " " } }
            let text = lines.prefix(3).joined(separator: "; ")
            return text.isEmpty ? "it ended with status \(status)" : text
        }
    }

    /// The folders that tools are searched in, as in PATH.
    let path: String

    /// A tool that hangs, for a lock of the kernel perhaps, is ended after this many nanoseconds.
    private static let patience: Int64 = 20_000_000_000

    /// - Parameter path: nil: PATH, and the folders of system administration, which a shell over SSH often lacks.
    package init(path: String? = nil) {
        self.path =
            path
            ?? (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"
    }

    /// Where the tool is; nil where it is not installed.
    func find(_ name: String) -> String? {
        do throws(ClusterError) { return try ProgramSearch.find(name, path: path, folder: "/") } catch { return nil }
    }

    /// Runs a tool with `input` as its standard input.
    /// - Parameter environment: added to that of this process.
    func run(
        _ words: [String], input: String = "", environment: [String: String] = [:]
    ) throws(ClusterError) -> Outcome {
        let file = try ProgramSearch.find(words[0], path: path, folder: "/")
        let given = lab_memory_file()
        var pipes: [Int32] = [-1, -1, -1, -1]
        defer { for descriptor in pipes + [given] where descriptor >= 0 { close(descriptor) } }
        guard given >= 0 else { throw ClusterError("run \(words[0])", errorText(-given)) }
        let code = pipes.withUnsafeMutableBufferPointer {
            let code = lab_pipe($0.baseAddress!)
            return code == 0 ? lab_pipe($0.baseAddress! + 2) : code
        }
        guard code == 0 else { throw ClusterError("run \(words[0])", errorText(code)) }
        guard HostPrograms.fill(given, input) else { throw ClusterError("run \(words[0])", errorText(errno)) }
        let process = try start(file, words, [given, pipes[1], pipes[3]], environment)
        for index in [1, 3] {
            close(pipes[index])
            pipes[index] = -1
        }
        let texts = HostPrograms.drain([pipes[0], pipes[2]], until: lab_monotonic_time() + HostPrograms.patience)
        if texts == nil { kill(process, SIGKILL) }
        var status: Int32 = 0
        _ = retrying { Int(waitpid(process, &status, 0)) }
        guard let texts else {
            throw ClusterError("run \(words.joined(separator: " "))", "it was still running after 20 s, and was killed")
        }
        let signal = status & 0x7f
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: texts[0], errors: texts[1])
    }

    /// A file in memory, and no pipe: nothing blocks, and no signal comes of a tool that does not read it.
    private static func fill(_ descriptor: Int32, _ text: String) -> Bool {
        var text = text
        let isWritten = text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = retrying { write(descriptor, bytes.baseAddress! + offset, bytes.count - offset) }
                if count <= 0 { return false }
                offset += count
            }
            return true
        }
        return isWritten && lseek(descriptor, 0, SEEK_SET) == 0
    }

    private func start(
        _ file: String, _ words: [String], _ descriptors: [Int32], _ environment: [String: String]
    ) throws(ClusterError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(index))
        }
        // Threads of this code base block signals, and a blocked SIGTERM would be inherited.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var variables: [String: String] = ["PATH": path, "LC_ALL": "C"]
        for (name, value) in environment { variables[name] = value }
        var process: Int32 = 0
        let code = withArguments(words) { arguments in
            withArguments(variables.map { "\($0.key)=\($0.value)" }) {
                posix_spawn(&process, file, &actions, &attributes, arguments, $0)
            }
        }
        guard code == 0 else { throw ClusterError("run \(words[0])", ProgramSearch.explain(code, file)) }
        return process
    }

    /// What comes out of the descriptors until all are at their end; nil where that takes longer than `limit`.
    private static func drain(_ descriptors: [Int32], until limit: Int64) -> [String]? {
        var collected = descriptors.map { _ in [UInt8]() }
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while polled.contains(where: { $0.fd >= 0 }) {
            let rest = limit - lab_monotonic_time()
            guard rest > 0 else { return nil }
            guard poll(&polled, nfds_t(polled.count), Int32(rest / 1_000_000 + 1)) > 0 else { continue }
            for index in polled.indices where polled[index].fd >= 0 && polled[index].revents != 0 {
                let count = retrying { read(polled[index].fd, &buffer, buffer.count) }
                if count > 0 { collected[index] += buffer[..<count] } else { polled[index].fd = -1 }
            }
        }
        return collected.map { String(decoding: $0, as: UTF8.self) }
    }
}
