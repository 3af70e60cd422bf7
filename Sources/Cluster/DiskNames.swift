import CLinux
import Glibc

/// Changes of names in a node's data directory that a power failure would undo, oldest first.
struct DiskNames {
    /// Paths are relative to the data directory.
    enum Change {
        case created(String, DiskFileKey)
        /// The file is followed by `DiskFiles` as long as the change is here.
        case removed(String, DiskFileKey)
        case renamed(String, to: String, replaced: DiskFileKey?)
        case folderMade(String)
        case folderRemoved(String)
    }

    private(set) var changes: [Change] = []

    mutating func add(_ change: Change) { changes.append(change) }

    /// Everything is on the disk.
    /// - Returns: files that no name leads to any more.
    mutating func syncAll() -> [DiskFileKey] {
        let gone = changes.compactMap(DiskNames.gone)
        changes = []
        return gone
    }

    /// The names in a folder are on the disk.
    /// - Returns: files that no name leads to any more.
    mutating func sync(folder: String) -> [DiskFileKey] {
        var gone: [DiskFileKey] = []
        changes.removeAll { change in
            guard DiskNames.parent(change) == folder else { return false }
            if let key = DiskNames.gone(change) { gone.append(key) }
            return true
        }
        return gone
    }

    private static func gone(_ change: Change) -> DiskFileKey? {
        switch change {
        case .removed(_, let key): key
        case .renamed(_, _, let replaced): replaced
        default: nil
        }
    }

    /// The folder whose fsync makes a change durable: for a rename the one that holds the new name.
    private static func parent(_ change: Change) -> String {
        switch change {
        case .created(let path, _), .removed(let path, _), .folderMade(let path), .folderRemoved(let path):
            parent(path)
        case .renamed(_, let path, _): parent(path)
        }
    }

    static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// Undoes all changes, the newest first. The contents of the files must have been rolled back already.
    /// - Parameter folder: the data directory.
    mutating func rollBack(_ files: inout DiskFiles, folder: String, _ proof: inout PowerFailureProof) {
        /// Files that had to be made again, by what they were.
        var again: [DiskFileKey: DiskFileKey] = [:]
        func makeAgain(_ key: DiskFileKey, _ path: String) -> Bool {
            guard let file = files[key] else { return false }
            var information = stat()
            guard fstat(file.descriptor, &information) == 0 else { return false }
            let copy = open(
                folder + "/" + path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, information.st_mode & 0o7777)
            guard copy >= 0 else { return false }
            _ = fchown(copy, information.st_uid, information.st_gid)
            let size = Int64(information.st_size)
            _ = FileCopy.copyData(from: file.descriptor, to: copy, in: 0..<size)
            _ = ftruncate(copy, off_t(size))
            fstat(copy, &information)
            again[key] = DiskFileKey(information)
            files.forget(key)
            let own = open("/proc/self/fd/\(copy)", O_RDONLY | O_CLOEXEC)
            close(copy)
            if own >= 0 { files.follow(DiskFileKey(information), own, path: path, created: false) }
            return true
        }
        for change in changes.reversed() {
            let undone: Bool
            switch change {
            case .created(let path, let key):
                undone = files.key(path: path, folder: folder) == again[key] ?? key
                if undone {
                    unlink(folder + "/" + path)
                    files.forget(again[key] ?? key)
                }
            case .removed(let path, let key):
                undone = makeAgain(key, path)
            case .renamed(let from, let to, let replaced):
                undone = lab_rename(folder + "/" + to, folder + "/" + from, 0) == 0
                if undone { files.rename(to, from) }
                if let replaced { _ = makeAgain(replaced, to) }
            case .folderMade(let path): undone = rmdir(folder + "/" + path) == 0
            case .folderRemoved(let path): undone = mkdir(folder + "/" + path, 0o755) == 0
            }
            if undone { proof.namesUndone += 1 }
        }
        changes = []
    }
}
