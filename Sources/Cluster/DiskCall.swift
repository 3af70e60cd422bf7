import CLinux
import Glibc

/// A watched call that has to do with the data directory.
struct DiskCall {
    var raw: lab_supervised_call
    /// As rules name it; nil for calls that no rule is about.
    var kind: SystemCallRule.Call?
    /// Relative to the data directory: one, or the two of a rename.
    var paths: [String]
    /// The file, where it exists.
    var file: DiskFileKey?
    /// Bytes to be written.
    var length = 0
    /// Whether it makes a new name.
    var creates = false
    /// Of an `open`.
    var flags: Int32 = 0
    var mode: UInt32 = 0

    /// What a waiting thread is told.
    enum Answer {
        /// Nothing: its end is near.
        case none
        /// The kernel carries the call out.
        case goOn
        case result(Int64)
        case failure(Int32)
        /// A descriptor of this process, to be given under a number and closed here.
        case descriptor(Int32, number: Int32, closesOnExecution: Bool)
    }
}

extension DiskSupervisor {
    /// Finds out what a call is about; nil where it has nothing to do with the data directory.
    func describe(_ raw: lab_supervised_call) -> DiskCall? {
        switch raw.call {
        case lab_call_write, lab_call_writev, lab_call_pwrite, lab_call_pwritev:
            guard let key = followed(raw) else { return nil }
            let length: Int
            if raw.call == lab_call_write || raw.call == lab_call_pwrite {
                length = Int(clamping: raw.arguments.2)
            } else {
                length = Vectors(raw)?.total ?? 0
            }
            return DiskCall(raw: raw, kind: kind(raw.call), paths: [files[key]!.path], file: key, length: length)
        case lab_call_read, lab_call_readv, lab_call_pread, lab_call_preadv:
            guard !faults.isEmpty, let path = path(ofDescriptor: raw) else { return nil }
            return DiskCall(raw: raw, kind: kind(raw.call), paths: [path])
        case lab_call_fsync, lab_call_fdatasync, lab_call_syncfs:
            guard let path = path(ofDescriptor: raw) else { return nil }
            return DiskCall(raw: raw, kind: kind(raw.call), paths: [path], file: followed(raw))
        case lab_call_ftruncate, lab_call_fallocate, lab_call_copy, lab_call_map, lab_call_duplicate_to,
            lab_call_control:
            guard let key = followed(raw, raw.call == lab_call_map ? raw.arguments.4 : raw.arguments.0) else {
                return nil
            }
            return DiskCall(raw: raw, kind: kind(raw.call), paths: [files[key]!.path], file: key)
        case lab_call_sync, lab_call_msync, lab_call_duplicate, lab_call_asynchronous:
            return DiskCall(raw: raw, paths: [])
        case lab_call_open: return describeOpen(raw)
        case lab_call_rename:
            guard let from = paths.path(of: raw, folder: raw.arguments.0, raw.arguments.1),
                let to = paths.path(of: raw, folder: raw.arguments.2, raw.arguments.3)
            else { return nil }
            return DiskCall(raw: raw, kind: .rename, paths: [from, to])
        case lab_call_unlink, lab_call_rmdir, lab_call_mkdir:
            guard let path = paths.path(of: raw, folder: raw.arguments.0, raw.arguments.1) else { return nil }
            return DiskCall(raw: raw, kind: kind(raw.call), paths: [path], creates: raw.call == lab_call_mkdir)
        case lab_call_truncate:
            guard let path = paths.path(of: raw, folder: UInt64(bitPattern: -100), raw.arguments.0) else { return nil }
            return DiskCall(
                raw: raw, kind: .ftruncate, paths: [path], file: files.key(path: path, folder: paths.folder))
        default: return nil
        }
    }

    private func describeOpen(_ raw: lab_supervised_call) -> DiskCall? {
        guard let path = paths.path(of: raw, folder: raw.arguments.0, raw.arguments.1) else { return nil }
        var call = DiskCall(raw: raw, kind: .open, paths: [path])
        if raw.extended {
            var how: (flags: UInt64, mode: UInt64, resolve: UInt64) = (0, 0, 0)
            let count = withUnsafeMutableBytes(of: &how) {
                lab_memory_read(raw.thread, raw.arguments.2, $0.baseAddress!, 24)
            }
            // Restricted ways to the file are the kernel's to check.
            guard count == 24, how.resolve == 0 else { return nil }
            call.flags = Int32(truncatingIfNeeded: how.flags)
            call.mode = UInt32(truncatingIfNeeded: how.mode)
        } else {
            call.flags = Int32(truncatingIfNeeded: raw.arguments.2)
            call.mode = UInt32(truncatingIfNeeded: raw.arguments.3)
        }
        var information = stat()
        if stat(paths.folder + "/" + path, &information) == 0 {
            guard information.st_mode & S_IFMT == S_IFREG else { return nil }
            call.file = DiskFileKey(information)
        } else {
            guard call.flags & O_CREAT != 0 else { return nil }
            call.creates = true
        }
        // Folders, files without names, and descriptors that only name a file (O_PATH) are not written through.
        let pathOnly: Int32 = 0o10000000
        return call.flags & (O_DIRECTORY | pathOnly) == 0 ? call : nil
    }

    private func kind(_ call: lab_call) -> SystemCallRule.Call? {
        switch call {
        case lab_call_write: .write
        case lab_call_writev: .writev
        case lab_call_pwrite: .pwrite
        case lab_call_pwritev: .pwritev
        case lab_call_read: .read
        case lab_call_readv: .readv
        case lab_call_pread: .pread
        case lab_call_preadv: .preadv
        case lab_call_fsync, lab_call_syncfs: .fsync
        case lab_call_fdatasync: .fdatasync
        case lab_call_ftruncate: .ftruncate
        case lab_call_fallocate: .fallocate
        case lab_call_unlink, lab_call_rmdir: .unlink
        case lab_call_mkdir: .mkdir
        default: nil
        }
    }

    /// The followed file behind a descriptor of the caller.
    private func followed(_ raw: lab_supervised_call, _ descriptor: UInt64? = nil) -> DiskFileKey? {
        var identity = lab_file_identity()
        let number = Int32(truncatingIfNeeded: descriptor ?? raw.arguments.0)
        guard lab_descriptor_identity(raw.thread, number, &identity) == 0 else { return nil }
        let key = DiskFileKey(identity)
        return files[key] == nil ? nil : key
    }

    private func path(ofDescriptor raw: lab_supervised_call) -> String? {
        if let key = followed(raw) { return files[key]!.path }
        return paths.path(thread: raw.thread, descriptor: Int32(truncatingIfNeeded: raw.arguments.0))
    }
}

/// The buffers of a writev or pwritev, in the memory of the process that makes it.
struct Vectors {
    let parts: [(address: UInt64, length: Int)]

    var total: Int { parts.reduce(0) { $0 + $1.length } }

    init?(_ raw: lab_supervised_call) {
        let count = Int(clamping: raw.arguments.2)
        // IOV_MAX
        guard 0...1024 ~= count else { return nil }
        var words = [UInt64](repeating: 0, count: 2 * count)
        let size = UInt64(16 * count)
        guard
            words.withUnsafeMutableBytes({ lab_memory_read(raw.thread, raw.arguments.1, $0.baseAddress!, size) })
                == Int64(size)
        else { return nil }
        // More than the kernel takes at once, and too little for a sum to overflow.
        let most: UInt64 = 1 << 40
        parts = (0..<count).map { (words[2 * $0], Int(min(most, words[2 * $0 + 1]))) }
    }
}
