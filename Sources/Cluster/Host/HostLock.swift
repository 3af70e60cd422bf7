import Glibc

/// The right to disturb a host, which one run has at a time. It ends with the process that holds it.
final class HostLock {
    private let descriptor: Int32

    /// - Throws: `ClusterError` that names the run that has it.
    init(_ folder: HostFolder) throws(ClusterError) {
        let path = folder.base + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ClusterError("open \(path) on", errorText(errno)) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let owner = readFile(path).map { String(decoding: $0, as: UTF8.self) } ?? "another run"
            close(descriptor)
            throw ClusterError(
                "use",
                "\(owner) is at work on the host, or has been a moment ago; wait for its end, or for the end of its lease, or "
                    + "heal it with `polygraph heal` and its folder")
        }
        ftruncate(descriptor, 0)
        _ = writeFile(path, folder.run.split(separator: "/").last.map { "the run \($0)" } ?? "a run")
    }

    deinit { close(descriptor) }
}
