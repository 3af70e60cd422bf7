import CLinux
import Glibc

extension DiskSupervisor {
    /// Keeps account of what a call is about to do, and lets the kernel do it, or does it in the caller's place where
    /// its outcome matters.
    /// - Parameter forced: the call must be done when this returns.
    mutating func carryOut(_ call: DiskCall, forced: Bool) -> DiskCall.Answer {
        let raw = call.raw
        switch raw.call {
        case lab_call_write, lab_call_writev, lab_call_pwrite, lab_call_pwritev:
            return carryOutWrite(call, forced: forced)
        case lab_call_fsync, lab_call_fdatasync, lab_call_syncfs, lab_call_sync, lab_call_msync:
            return carryOutSync(call, forced: forced)
        case lab_call_ftruncate, lab_call_truncate:
            let length = raw.call == lab_call_truncate ? raw.arguments.1 : raw.arguments.1
            follow(call)
            if let file = call.file { files.willWrite(file, Int64(clamping: length), .max, thread: raw.thread) }
            return forced ? perform(call) { ftruncate($0, off_t(Int64(clamping: length))) } : .goOn
        case lab_call_fallocate:
            if let file = call.file { markAllocation(file, raw) }
            return .goOn
        case lab_call_copy:
            if let file = call.file { files.willWrite(file, 0, .max, thread: raw.thread) }
            return .goOn
        case lab_call_duplicate_to:
            let target = Int32(truncatingIfNeeded: raw.arguments.1)
            let original = Int32(truncatingIfNeeded: raw.arguments.0)
            let isWatched = numbers.contains(target) && (!numbers.isAppended(target) || numbers.isAppended(original))
            if let file = call.file, !isWatched { files.willBeWrittenUnseen(file) }
            return .goOn
        case lab_call_map:
            if let file = call.file { files.willBeWrittenUnseen(file) }
            return .goOn
        case lab_call_duplicate: return duplicate(raw)
        case lab_call_control:
            // Without O_APPEND its unwatched writes may go anywhere.
            let number = Int32(truncatingIfNeeded: raw.arguments.0)
            let flags = Int32(truncatingIfNeeded: raw.arguments.2)
            if let file = call.file, numbers.isAppended(number), flags & O_APPEND == 0 {
                files.willBeWrittenUnseen(file)
            }
            return .goOn
        case lab_call_open: return open(call)
        case lab_call_rename, lab_call_unlink, lab_call_rmdir, lab_call_mkdir: return changeName(call)
        case lab_call_asynchronous:
            // Writes by way of io_uring and io_submit pass every filter: programs do without where there is none.
            return .failure(ENOSYS)
        default: return .goOn
        }
    }

    // MARK: Writes

    private mutating func carryOutWrite(_ call: DiskCall, forced: Bool) -> DiskCall.Answer {
        guard let key = call.file, let file = files[key] else { return .goOn }
        countWrite(call.length)
        let raw = call.raw
        let isVector = raw.call == lab_call_pwritev
        var position = Int64(bitPattern: raw.arguments.3)
        let isSequential =
            raw.call == lab_call_write || raw.call == lab_call_writev || isVector && position == -1
        // RWF_DSYNC and RWF_SYNC of a pwritev2.
        var isSynchronous = isVector && raw.arguments.5 & 6 != 0
        if isSequential || file.hasSpecialWriters {
            var current: UInt64 = 0
            var flags: Int32 = 0
            let code = lab_descriptor_position(
                raw.thread, Int32(truncatingIfNeeded: raw.arguments.0), &current, &flags)
            if flags & (O_SYNC | O_DSYNC) != 0 { isSynchronous = true }
            if code != 0 {
                position = 0
            } else if flags & O_APPEND != 0 {
                position = file.size
            } else if isSequential {
                position = Int64(clamping: current)
            }
            // Another thread may move the position first.
            let end = isSequential || code != 0 || flags & O_APPEND != 0 ? .max : self.end(position, call.length)
            files.willWrite(key, position, end, thread: raw.thread)
        } else {
            files.willWrite(key, position, self.end(position, call.length), thread: raw.thread)
        }
        guard forced || isSynchronous else { return .goOn }
        let answer = write(call, limit: call.length, flipping: nil)
        if isSynchronous, case .result = answer {
            countSync()
            sync(key, thread: raw.thread)
        }
        return answer
    }

    /// Writes the first `limit` bytes of a writing call in the caller's place.
    /// - Parameter flipping: the number of a bit to be written wrong.
    mutating func write(_ call: DiskCall, limit: Int, flipping bit: UInt64?) -> DiskCall.Answer {
        let raw = call.raw
        let most = 1 << 26
        let length = min(limit, call.length, most)
        guard
            let parts = raw.call == lab_call_write || raw.call == lab_call_pwrite
                ? [(address: raw.arguments.1, length: call.length)] : Vectors(raw)?.parts
        else { return .failure(EFAULT) }
        if let key = call.file { files.willWrite(key, 0, .max, thread: raw.thread) }
        let position = Int64(bitPattern: raw.arguments.3)
        let isPositioned =
            raw.call == lab_call_pwrite || raw.call == lab_call_pwritev && position != -1
        // Aligned for files that are open with O_DIRECT.
        return withUnsafeTemporaryAllocation(byteCount: max(1, length), alignment: 4096) { buffer in
            var filled = 0
            for part in parts where filled < length {
                let wanted = min(part.length, length - filled)
                let count = lab_memory_read(
                    raw.thread, part.address, buffer.baseAddress! + filled, UInt64(wanted))
                guard count == Int64(wanted) else { return .failure(EFAULT) }
                filled += wanted
            }
            if let bit, Int(bit / 8) < filled { buffer[Int(bit / 8)] ^= 1 << UInt8(bit % 8) }
            return perform(call) { descriptor in
                isPositioned
                    ? Int32(clamping: pwrite(descriptor, buffer.baseAddress, filled, off_t(position)))
                    : Int32(clamping: Glibc.write(descriptor, buffer.baseAddress, filled))
            }
        }
    }

    /// Does something with the caller's own open file.
    private func perform(_ call: DiskCall, _ body: (Int32) -> Int32) -> DiskCall.Answer {
        var descriptor: Int32
        if call.raw.call == lab_call_truncate {
            descriptor = Glibc.open(paths.folder + "/" + call.paths[0], O_WRONLY | O_CLOEXEC)
            if descriptor < 0 { return .failure(errno) }
        } else {
            var status = lab_thread_status()
            guard lab_thread_read_status(call.raw.thread, &status) == 0 else { return .none }
            descriptor = lab_descriptor_take(status.process, Int32(truncatingIfNeeded: call.raw.arguments.0))
            if descriptor < 0 { return .failure(-descriptor) }
        }
        defer { close(descriptor) }
        let result = body(descriptor)
        return result >= 0 ? .result(Int64(result)) : .failure(errno)
    }

    /// Where a range of a call ends, however wild the call is.
    private func end(_ start: Int64, _ length: Int) -> Int64 {
        let (sum, overflows) = start.addingReportingOverflow(Int64(length))
        return overflows ? .max : sum
    }

    private mutating func markAllocation(_ file: DiskFileKey, _ raw: lab_supervised_call) {
        let mode = raw.arguments.1
        let keepsSize: UInt64 = 1
        // New space holds zeros, as the copy will when it is as long.
        guard mode & ~keepsSize != 0 else { return }
        let movesBytes: UInt64 = 0x28  // FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE
        let start = Int64(clamping: raw.arguments.2)
        let end = mode & movesBytes != 0 ? .max : self.end(start, Int(clamping: raw.arguments.3))
        files.willWrite(file, start, end, thread: raw.thread)
    }

    // MARK: Syncs

    private mutating func carryOutSync(_ call: DiskCall, forced: Bool) -> DiskCall.Answer {
        let raw = call.raw
        switch raw.call {
        case lab_call_sync:
            countSync()
            files.syncAll(thread: raw.thread)
            namesAreSynced(in: nil)
            return .goOn
        case lab_call_msync:
            let waits: UInt64 = 4  // MS_SYNC
            guard raw.arguments.2 & waits != 0 else { return .goOn }
            let mapped = files.mapped(by: raw.thread, raw.arguments.0, raw.arguments.1)
            guard !mapped.isEmpty || !watchesChanges else { return .goOn }
            countSync()
            for file in mapped { sync(file, thread: raw.thread) }
            return .goOn
        default:
            countSync()
            if raw.call == lab_call_syncfs {
                files.syncAll(thread: raw.thread)
                namesAreSynced(in: nil)
            } else if let file = call.file {
                sync(file, thread: raw.thread)
            } else {
                namesAreSynced(in: call.paths[0])
            }
            return forced ? perform(call) { fsync($0) } : .goOn
        }
    }

    /// The contents of a file are on the disk, and with a journal all names of before.
    private mutating func sync(_ file: DiskFileKey, thread: Int32) {
        files.sync(file, thread: thread)
        if !losesUnsyncedNames { namesAreSynced(in: nil) }
    }

    /// The names in a folder are on the disk; nil: all names.
    private mutating func namesAreSynced(in folder: String?) {
        guard !names.changes.isEmpty else { return }
        let gone: [DiskFileKey]
        if let folder, losesUnsyncedNames { gone = names.sync(folder: folder) } else { gone = names.syncAll() }
        for file in gone { files.forget(file) }
    }
}

extension DiskFiles {
    /// The followed files that a part of a process's memory shows.
    func mapped(by thread: Int32, _ address: UInt64, _ length: UInt64) -> [DiskFileKey] {
        guard files.contains(where: { $0.value.isWrittenUnseen }),
            let text = readFile("/proc/\(thread)/maps", limit: 1 << 24)
        else { return [] }
        var inodes: Set<UInt64> = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            // start-end rights offset device inode path
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard fields.count >= 5, let inode = UInt64(fields[4]), inode != 0 else { continue }
            let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard ends.count == 2, ends[0] < address &+ length, address < ends[1] else { continue }
            inodes.insert(inode)
        }
        return files.keys.filter { inodes.contains($0.inode) }
    }
}
