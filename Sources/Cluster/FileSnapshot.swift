import CLinux
import Glibc

/// The contents of files at one moment, in files without names, which end with this process.
final class FileSnapshot: Sendable {
    private struct Entry {
        var path: String
        var copy: Int32
        var size: Int64
        var mode: mode_t
    }

    private let folder: String
    private let pattern: String
    private let entries: [Entry]

    var count: Int { entries.count }

    init(of folder: String, matching pattern: String, node: String) throws(ClusterError) {
        var entries: [Entry] = []
        func fail(_ path: String, _ code: Int32) -> ClusterError {
            for entry in entries { close(entry.copy) }
            return ClusterError("take a snapshot of \(path) of", node: node, errorText(code))
        }
        for file in DataFolder.files(in: folder, matching: pattern) {
            let source = open(folder + "/" + file.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            // A file that is gone by now is not part of the snapshot.
            if source < 0 && errno == ENOENT { continue }
            guard source >= 0 else { throw fail(file.path, errno) }
            defer { close(source) }
            var information = stat()
            guard fstat(source, &information) == 0 else { throw fail(file.path, errno) }
            let copy = lab_nameless_file(folder)
            guard copy >= 0 else { throw fail(file.path, -copy) }
            let size = Int64(information.st_size)
            entries.append(
                Entry(path: file.path, copy: copy, size: size, mode: mode_t(information.st_mode) & 0o7777))
            let code = FileCopy.copyData(from: source, to: copy, in: 0..<size)
            if code != 0 { throw fail(file.path, code) }
        }
        self.folder = folder
        self.pattern = pattern
        self.entries = entries
    }

    deinit { for entry in entries { close(entry.copy) } }

    /// Makes the files what they were: changed ones get their contents back, removed ones come back, new ones go.
    func restore(node: String) throws(ClusterError) -> [FileDamage] {
        var damage: [FileDamage] = []
        func fail(_ path: String) -> ClusterError {
            ClusterError("roll back \(path) of", node: node, errorText(errno))
        }
        let old = Set(entries.map(\.path))
        for file in DataFolder.files(in: folder, matching: pattern) where !old.contains(file.path) {
            guard unlink(folder + "/" + file.path) == 0 else { throw fail(file.path) }
            damage.append(FileDamage(path: file.path, offset: 0, length: file.size, change: "removed"))
        }
        for entry in entries {
            let path = folder + "/" + entry.path
            let isThere = access(path, F_OK) == 0
            if !isThere, let slash = path.lastIndex(of: "/") { _ = makeFolders(String(path[..<slash])) }
            let target = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, entry.mode)
            guard target >= 0 else { throw fail(entry.path) }
            defer { close(target) }
            let size = DiskFile.size(target)
            let differing = FileCopy.match(target, to: entry.copy, in: 0..<entry.size)
            guard differing >= 0, ftruncate(target, off_t(entry.size)) == 0 else { throw fail(entry.path) }
            let lost = isThere ? differing + max(0, size - entry.size) : entry.size
            if !isThere || lost > 0 {
                let change = isThere ? "rolled back" : "has come back"
                damage.append(FileDamage(path: entry.path, offset: 0, length: lost, change: change))
            }
        }
        return damage
    }
}
