import CLinux
import Glibc

/// The agent's side of its node's disk supervisor, which is started when it is needed first.
struct DiskHandle {
    /// What is wanted from the next start on.
    private(set) var supervision = DiskSupervision(.nothing)
    private var process: (channel: ControlChannel, settings: DiskSupervision)?

    /// What the filter of the next start must hand over.
    var level: lab_supervision { lab_supervision(UInt32(supervision.level.rawValue)) }

    mutating func want(_ supervision: DiskSupervision, folder: String) throws(ClusterError) {
        self.supervision = supervision
        guard supervision.level != .nothing, process?.settings != supervision else { return }
        if let process { close(process.channel.descriptor) }
        process = nil
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            throw ClusterError("supervise the disk of", errorText(errno))
        }
        // A file of gigabytes may have to be rolled back, but nothing waits for ever.
        var patience = timeval(tv_sec: 25, tv_usec: 0)
        setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let words = [DiskSupervisor.word, folder] + supervision.words
        let number = NodeInit.spawn(title: "polygraph disk", words, channel: pair[1])
        close(pair[1])
        guard number > 0 else {
            close(pair[0])
            throw ClusterError("supervise the disk of", errorText(-number))
        }
        process = (ControlChannel(descriptor: pair[0]), supervision)
    }

    /// Hands the calls of a program that is about to begin to the supervisor.
    /// - Parameters:
    ///   - program: its process, which has the descriptor `listener`.
    ///   - keeper: what to kill when the node is to crash.
    func attach(program: Int32, listener: Int32, keeper: Int32) throws(ClusterError) {
        guard let process else { return }
        let descriptor = lab_descriptor_take(program, listener)
        guard descriptor >= 0 else {
            throw ClusterError("supervise the system calls of", errorText(-descriptor) + "; it needs Linux 5.6")
        }
        defer { close(descriptor) }
        do throws(ControlChannel.Failure) {
            try process.channel.send(["attach", String(keeper), String(program)])
            let code = lab_descriptor_send(process.channel.descriptor, descriptor)
            guard code == 0 else { throw .system(code) }
            _ = try process.channel.receive()
        } catch {
            throw gone(error)
        }
    }

    /// Whether the present run, or the last one, was let crash at a system call.
    var hasMetCrashPoint: Bool {
        guard process != nil, let answer = try? ask(["crash-point"]) else { return false }
        return answer.last == "true"
    }

    /// A request and its answer.
    func ask(_ words: [String]) throws(ClusterError) -> [String] {
        guard let process else {
            throw ClusterError("reach the disk of", "it is not supervised; `superviseDisk` must come before its start")
        }
        do throws(ControlChannel.Failure) {
            try process.channel.send(words)
            return try process.channel.receive()
        } catch {
            throw gone(error)
        }
    }

    private func gone(_ failure: ControlChannel.Failure) -> ClusterError {
        switch failure {
        case .ended: ClusterError("reach the disk of", "its supervisor has ended unexpectedly")
        case .system(let code): ClusterError("reach the disk of", errorText(code))
        }
    }
}
