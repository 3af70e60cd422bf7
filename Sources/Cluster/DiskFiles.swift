import CLinux
import Glibc

/// The files of a node's data directory, and what of them is on the disk. A copy of what was synced is kept for every
/// file that is written, in files without names, which end with this process.
struct DiskFiles {
    private(set) var files: [DiskFileKey: DiskFile] = [:]
    /// Where copies are kept: a folder of the same file system.
    private let folder: String
    /// The latest watched call of every thread.
    private var latestCall: [Int32: UInt64] = [:]
    private var calls: UInt64 = 0

    init(folder: String) {
        self.folder = folder
    }

    subscript(key: DiskFileKey) -> DiskFile? { files[key] }

    /// Notes that a thread makes a call, and so has done the one before.
    mutating func notice(_ thread: Int32) {
        calls += 1
        latestCall[thread] = calls
    }

    /// Begins to follow a file that is on the disk as it is, or, where it was just created, is empty there.
    /// - Parameter descriptor: of this process, for reading at least; belongs to the table from now on.
    mutating func follow(_ key: DiskFileKey, _ descriptor: Int32, path: String, created: Bool) {
        forget(key)
        var file = DiskFile(path: path, descriptor: descriptor, synced: nil, syncedSize: 0)
        if created {
            // Nothing of it is on the disk, whoever writes to it.
            let empty = lab_nameless_file(folder)
            if empty >= 0 { file.synced = empty } else { file.isWrittenUnseen = true }
        }
        files[key] = file
    }

    mutating func forget(_ key: DiskFileKey) {
        files.removeValue(forKey: key)?.release()
    }

    /// Notes that `thread` is about to write. The file's contents must not have changed yet.
    mutating func willWrite(_ key: DiskFileKey, _ start: Int64, _ end: Int64, thread: Int32) {
        // The kernel refuses what makes no sense.
        guard start >= 0, start < end, var file = files.removeValue(forKey: key) else { return }
        _ = file.separate(folder: folder)
        file.mark(start, end, thread: thread, call: latestCall[thread] ?? calls)
        files[key] = file
    }

    /// Notes that from now on the file is written without being seen.
    mutating func willBeWrittenUnseen(_ key: DiskFileKey) {
        guard var file = files.removeValue(forKey: key) else { return }
        _ = file.separate(folder: folder)
        file.isWrittenUnseen = true
        files[key] = file
    }

    /// Notes that from now on the file is appended to without being seen.
    mutating func willBeAppendedUnseen(_ key: DiskFileKey) { files[key]?.willBeAppendedUnseen() }

    mutating func hasSpecialWriters(_ key: DiskFileKey) { files[key]?.hasSpecialWriters = true }

    /// What is in the file is on the disk.
    /// - Parameter thread: who says so; its own writes are done.
    mutating func sync(_ key: DiskFileKey, thread: Int32) {
        guard var file = files.removeValue(forKey: key) else { return }
        defer { files[key] = file }
        let size = file.size
        let inFlight = file.dirty.filter { range in
            range.writers.contains { writer in
                writer.thread != thread && latestCall[writer.thread] == writer.call
                    && lab_thread_may_write(writer.thread)
            }
        }
        if file.isAppendedUnseen, inFlight.isEmpty, !file.isWrittenUnseen {
            // What is appended from here on is behind this end.
            file.clean { _ in false }
            file.dropCopy()
            file.syncedSize = size
            return
        }
        guard let synced = file.synced, file.isWrittenUnseen || !file.dirty.isEmpty || size != file.syncedSize
        else { return }
        for extent in file.extents(size: size) {
            if file.isWrittenUnseen {
                _ = FileCopy.match(synced, to: file.descriptor, in: extent)
            } else {
                _ = FileCopy.copy(from: file.descriptor, to: synced, in: extent)
            }
        }
        if ftruncate(synced, off_t(size)) == 0 { file.syncedSize = size }
        file.clean { range in inFlight.contains { $0.start == range.start && $0.end == range.end } }
    }

    mutating func syncAll(thread: Int32) {
        for key in Array(files.keys) { sync(key, thread: thread) }
    }

    /// Follows changes of names: the file or the folder `from` is now `to`.
    mutating func rename(_ from: String, _ to: String) {
        for (key, file) in files where file.path == from || file.path.hasPrefix(from + "/") {
            files[key]!.path = to + file.path.dropFirst(from.count)
        }
    }

    /// The newest file of that name.
    func key(path: String, folder: String) -> DiskFileKey? {
        var information = stat()
        guard lstat(folder + "/" + path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        return DiskFileKey(information)
    }

    // MARK: - Power failure

    /// Takes everything back to what is on the disk, but for what the failure leaves.
    mutating func rollBack(_ failure: PowerFailure, _ proof: inout PowerFailureProof) {
        let random = DrawnNumbers(seed: failure.seed)
        // In an order that does not depend on the run.
        for key in files.keys.sorted(by: { files[$0]!.path < files[$1]!.path }) {
            guard var file = files.removeValue(forKey: key) else { continue }
            var drawn = random.derived(file.path)
            file.rollBack(failure, &drawn, &proof)
            files[key] = file
        }
        latestCall = [:]
    }
}

extension DiskFileKey {
    init(_ information: stat) {
        device = UInt64(information.st_dev)
        inode = UInt64(information.st_ino)
    }

    init(_ identity: lab_file_identity) {
        device = identity.device
        inode = identity.inode
    }
}
