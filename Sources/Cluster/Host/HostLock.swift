import Glibc

/// The right to disturb a host, which one run has at a time. It ends with the process that holds it, and leaves nothing.
final class HostLock {
    private let descriptor: Int32

    /// - Throws: `ClusterError` that names the run that has it.
    init(_ folder: HostFolder) throws(ClusterError) {
        // Of the folder of all runs: there is no file that somebody would have to remove.
        descriptor = open(folder.allRuns, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ClusterError("open \(folder.allRuns) on", errorText(errno)) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let own = folder.run.split(separator: "/").last.map(String.init)
            let others = folderNames(folder.allRuns).filter { $0 != own }
            close(descriptor)
            throw ClusterError(
                "use",
                (others.isEmpty ? "another run" : "the run \(others.joined(separator: " or "))")
                    + " is at work on the host, or has been a moment ago; wait for its end, or for the end of its lease, "
                    + "or heal it with `polygraph heal` and its folder")
        }
    }

    deinit { close(descriptor) }
}

/// The names of what is in a folder; none where it cannot be read.
private func folderNames(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}
