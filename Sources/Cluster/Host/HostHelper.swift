import CLinux
import Glibc

/// What the commands `polygraph host …` do, on a host.
public enum HostHelper {
    /// Joins standard input and output to the helper of a node's folder, which is started where none runs.
    /// - Parameters:
    ///   - lease: nanoseconds after which a helper that hears nothing undoes everything.
    ///   - isContinued: whether the node has been there before, with data that must not be gone.
    /// - Throws: `ClusterError` when there is no helper and none can be started.
    public static func attach(folder path: String, lease: Int64, isContinued: Bool) throws(ClusterError) {
        signal(SIGPIPE, SIG_IGN)
        let folder = HostFolder(path: path)
        let running = try HostSocket.connect(folder.socket)
        if running == nil, isContinued, !isFolder(folder.data) {
            throw ClusterError(
                "go on with",
                "the folder \(folder.path) is gone from the host, and with it the node's data: somebody has healed the run, "
                    + "or the host was started again with an empty file system")
        }
        let line = if let running { running } else { try start(folder, lease) }
        defer { close(line) }
        join(line)
    }

    private static func start(_ folder: HostFolder, _ lease: Int64) throws(ClusterError) -> Int32 {
        let code = makeFolders(folder.data)
        guard code == 0 else { throw ClusterError("create \(folder.data) on", errorText(code)) }
        let lock = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw ClusterError("open \(folder.lock) on", errorText(errno)) }
        defer { close(lock) }
        _ = retrying { Int(flock(lock, LOCK_EX)) }
        if let line = try HostSocket.connect(folder.socket) { return line }
        let process = NodeInit.spawn(
            title: "polygraph host", [HostGuardian.word, folder.path, String(lease)])
        guard process > 0 else { throw ClusterError("start the helper on", errorText(-process)) }
        let limit = lab_monotonic_time() + 20_000_000_000
        while lab_monotonic_time() < limit {
            if let line = try HostSocket.connect(folder.socket) { return line }
            var status: Int32 = 0
            if waitpid(process, &status, WNOHANG) == process { break }
            usleep(2_000)
        }
        let said = LogTail.lines(folder.log, count: 3).joined(separator: "; ")
        throw ClusterError("start the helper on", said.isEmpty ? "it does not begin to listen" : said)
    }

    /// Carries bytes both ways until one side ends.
    private static func join(_ line: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var polled = [
            pollfd(fd: 0, events: Int16(POLLIN), revents: 0), pollfd(fd: line, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard retrying({ Int(poll(&polled, 2, -1)) }) >= 0 else { return }
            for (place, target) in [(0, line), (1, 1)] where polled[place].revents != 0 {
                let count = retrying { read(polled[place].fd, &buffer, buffer.count) }
                guard count > 0 else { return }
                var offset = 0
                while offset < count {
                    let written = buffer.withUnsafeBytes { bytes in
                        retrying { write(target, bytes.baseAddress! + offset, count - offset) }
                    }
                    guard written > 0 else { return }
                    offset += written
                }
            }
        }
    }

    /// Ends what works in a node's folder, and undoes what it has changed on the host.
    /// - Parameters:
    ///   - trueStart: when the host was started last by a clock that nobody bent, in nanoseconds since 1970; for a clock
    ///     that was bent before. It takes time until a clock is set, and so it cannot be told the time itself.
    ///   - isForced: whether the helper of a controller that was heard a moment ago is ended as well.
    /// - Returns: what was undone, and what could not be, one sentence each; none where there was nothing to do.
    /// - Throws: `ClusterError` when the controller still works.
    public static func heal(
        folder path: String, trueStart: Int64?, isForced: Bool
    ) throws(ClusterError) -> (done: [String], failed: [String]) {
        let folder = HostFolder(path: path)
        var done: [String] = []
        if let line = try HostSocket.connect(folder.socket) {
            defer { close(line) }
            let wasBusy = !HostJournal(folder).unfinished().isEmpty
            if try end(line, isForced: isForced), wasBusy { done = ["ended the helper, which undid what it had done"] }
        }
        // A helper that does not answer is ended with what else is in the journal.
        let outcome = HostHealing.undo(folder, trueStart: trueStart)
        return (done + outcome.done, outcome.failed)
    }

    /// Lets a helper undo everything and end.
    /// - Returns: whether it did.
    private static func end(_ line: Int32, isForced: Bool) throws(ClusterError) -> Bool {
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let channel = ControlChannel(descriptor: line)
        guard let hello = try? channel.receive(), hello.count == 4, let silence = Int64(hello[2]),
            let lease = Int64(hello[3])
        else { return false }
        if !isForced, silence < min(lease / 4, 5_000_000_000) {
            throw ClusterError(
                "heal",
                "its controller was heard \(silence / 1_000_000) ms ago: end that run where it runs, with Ctrl-C; if nobody "
                    + "runs it any more, wait some seconds, or say --force")
        }
        guard (try? channel.send(["heal"] + HostRequest.end.words)) != nil, (try? channel.receive()) != nil else {
            return false
        }
        // It closes the line when it has ended.
        _ = try? channel.receive()
        return true
    }
}
