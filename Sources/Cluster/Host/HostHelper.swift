import CLinux
import Glibc

/// What the commands `polygraph host …` do, on a host.
public enum HostHelper {
    /// Joins standard input and output to the helper of a node's folder, which is started where none runs.
    /// - Parameter lease: nanoseconds after which a helper that hears nothing undoes everything.
    /// - Throws: `ClusterError` when there is no helper and none can be started.
    public static func attach(folder path: String, lease: Int64) throws(ClusterError) {
        signal(SIGPIPE, SIG_IGN)
        let folder = HostFolder(path: path)
        let running = try HostSocket.connect(folder.socket)
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
    /// - Parameter trueStart: when the host was started last by a clock that nobody bent, in nanoseconds since 1970; for
    ///   a clock that was bent before. It takes time until a clock is set, and so it cannot be told the time itself.
    /// - Returns: what was undone, and what could not be, one sentence each; none where there was nothing to do.
    public static func heal(folder path: String, trueStart: Int64?) throws(ClusterError) -> [String] {
        let folder = HostFolder(path: path)
        guard let line = try HostSocket.connect(folder.socket) else {
            return HostHealing.undo(folder, trueStart: trueStart)
        }
        defer { close(line) }
        let before = HostJournal(folder).unfinished()
        let channel = ControlChannel(descriptor: line)
        do throws(ControlChannel.Failure) {
            _ = try channel.receive()
            try channel.send(["heal"] + HostRequest.end.words)
            _ = try channel.receive()
            // It closes the line when it has ended.
            _ = try? channel.receive()
        } catch {
            return HostHealing.undo(folder, trueStart: trueStart)
        }
        let rest = HostHealing.undo(folder, trueStart: trueStart)
        return (before.isEmpty ? [] : ["ended the helper, which undid what it had done"]) + rest
    }
}
