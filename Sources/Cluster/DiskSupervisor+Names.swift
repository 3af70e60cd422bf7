import CLinux
import Glibc

/// Calls that make, open, rename and remove files: done in the caller's place, as the caller.
extension DiskSupervisor {
    /// Follows a file that is about to be changed, if it is not followed yet.
    mutating func follow(_ call: DiskCall) {
        guard let key = call.file, files[key] == nil, let path = call.paths.first else { return }
        follow(key, path)
    }

    private mutating func follow(_ key: DiskFileKey, _ path: String) {
        guard files[key] == nil else { return }
        // For reading only: a program that somebody holds open for writing cannot be executed.
        let descriptor = Glibc.open(paths.folder + "/" + path, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 { files.follow(key, descriptor, path: path, created: false) }
    }

    /// Does something with the rights of the caller.
    private func asCaller(_ call: DiskCall, _ body: () -> Int32) -> Int32 {
        var status = lab_thread_status()
        guard lab_thread_read_status(call.raw.thread, &status) == 0 else { return -ESRCH }
        umask(mode_t(status.mask))
        let isOther = status.user != geteuid() || status.group != getegid()
        if isOther { lab_file_user(status.user, status.group) }
        defer { if isOther { lab_file_user(geteuid(), getegid()) } }
        let result = body()
        return result < 0 ? -errno : result
    }

    // MARK: Opening

    mutating func open(_ call: DiskCall) -> DiskCall.Answer {
        let path = call.paths[0]
        let writes = call.flags & O_ACCMODE != O_RDONLY
        if let key = call.file, writes || call.flags & O_TRUNC != 0 {
            follow(key, path)
            if call.flags & O_TRUNC != 0 { files.willWrite(key, 0, .max, thread: call.raw.thread) }
        }
        let descriptor = asCaller(call) {
            Glibc.open(paths.folder + "/" + path, call.flags | O_CLOEXEC, mode_t(call.mode & 0o7777))
        }
        if descriptor < 0 { return .failure(-descriptor) }
        // Positions of its writes need not be watched.
        let appends =
            numbers.leavesAppends && writes && call.flags & O_APPEND != 0
            && call.flags & (O_SYNC | O_DSYNC) == 0
        if writes || call.creates { noteOpened(call, descriptor, appends: appends) }
        guard let number = numbers.free(in: call.raw.thread, appended: appends) else {
            close(descriptor)
            return withoutDescriptor(call)
        }
        return .descriptor(descriptor, number: number, closesOnExecution: call.flags & O_CLOEXEC != 0)
    }

    private mutating func noteOpened(_ call: DiskCall, _ descriptor: Int32, appends: Bool) {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { return }
        let key = DiskFileKey(information)
        if call.creates || files[key] == nil {
            let own = Glibc.open("/proc/self/fd/\(descriptor)", O_RDONLY | O_CLOEXEC)
            guard own >= 0 else { return }
            files.follow(key, own, path: call.paths[0], created: call.creates)
            if call.creates { names.add(.created(call.paths[0], key)) }
        }
        if call.flags & (O_APPEND | O_SYNC | O_DSYNC) != 0 { files.hasSpecialWriters(key) }
        if appends { files.willBeAppendedUnseen(key) }
    }

    /// Lets the kernel open the file itself, under a number that is not watched.
    mutating func withoutDescriptor(_ call: DiskCall) -> DiskCall.Answer {
        guard call.raw.call == lab_call_open else { return .goOn }
        let path = call.paths[0]
        if let key = files.key(path: path, folder: paths.folder) {
            if call.flags & O_ACCMODE != O_RDONLY { files.willBeWrittenUnseen(key) }
            // It must not find what was made in its place.
            if call.creates, call.flags & O_EXCL != 0 {
                unlink(paths.folder + "/" + path)
                files.forget(key)
            }
        }
        return .goOn
    }

    mutating func duplicate(_ raw: lab_supervised_call) -> DiskCall.Answer {
        var status = lab_thread_status()
        let original = Int32(truncatingIfNeeded: raw.arguments.0)
        guard lab_thread_read_status(raw.thread, &status) == 0,
            let number = numbers.free(in: raw.thread, appended: numbers.isAppended(original))
        else { return .goOn }
        let descriptor = lab_descriptor_take(status.process, original)
        if descriptor < 0 { return .failure(-descriptor) }
        let closes: UInt64 = 1030  // F_DUPFD_CLOEXEC
        return .descriptor(descriptor, number: number, closesOnExecution: raw.arguments.1 == closes)
    }

    // MARK: Names

    mutating func changeName(_ call: DiskCall) -> DiskCall.Answer {
        let raw = call.raw
        let path = call.paths[0]
        let whole = paths.folder + "/" + path
        let result: Int32
        switch raw.call {
        case lab_call_rename:
            let to = call.paths[1]
            let flags = UInt32(truncatingIfNeeded: raw.arguments.4)
            let replaced = files.key(path: to, folder: paths.folder)
            if let replaced { follow(replaced, to) }
            let same = replaced != nil && replaced == files.key(path: path, folder: paths.folder)
            result = asCaller(call) {
                let code = lab_rename(whole, paths.folder + "/" + to, flags)
                errno = code
                return code == 0 ? 0 : -1
            }
            let exchanges: UInt32 = 2
            if result == 0, !same, flags & exchanges == 0 {
                files.rename(path, to)
                names.add(.renamed(path, to: to, replaced: replaced))
            }
        case lab_call_unlink:
            let key = files.key(path: path, folder: paths.folder)
            if let key { follow(key, path) }
            result = asCaller(call) { unlink(whole) }
            if result == 0, let key { names.add(.removed(path, key)) }
        case lab_call_rmdir:
            result = asCaller(call) { rmdir(whole) }
            if result == 0 { names.add(.folderRemoved(path)) }
        default:
            result = asCaller(call) { mkdir(whole, mode_t(truncatingIfNeeded: raw.arguments.2)) }
            if result == 0 { names.add(.folderMade(path)) }
        }
        return result < 0 ? .failure(-result) : .result(0)
    }
}
