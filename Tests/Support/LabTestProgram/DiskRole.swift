import CLinux
import Glibc
import Synchronization

/// Programs that write files. They report on standard output, which is not in the data directory.
enum DiskRole {
    /// Carries out steps of the model, and says `done`.
    static func steps(seed: UInt64, count: Int, acrossFolders: Bool) -> Never {
        mkdir("sub", 0o755)
        syncFolder("sub")
        syncFolder(".")
        for step in DiskModel.steps(seed: seed, count: count, acrossFolders: acrossFolders) { carryOut(step) }
        say("done")
        while true { pause() }
    }

    private static func carryOut(_ step: DiskModel.Step) {
        switch step {
        case .create(let name): use(name, O_WRONLY | O_CREAT | O_EXCL) { _ in }
        case .write(let name, let offset, let byte, let count):
            // Sometimes by a descriptor that was opened for appending, and is no more.
            let flags = offset % 3 == 0 ? O_WRONLY | O_APPEND : O_WRONLY
            use(name, flags) { file in
                if flags != O_WRONLY { precondition(fcntl(file, F_SETFL, 0) == 0) }
                let bytes = [UInt8](repeating: byte, count: count)
                // As two buffers half of the time.
                guard count % 2 == 0 else {
                    precondition(pwrite(file, bytes, count, off_t(offset)) == count)
                    return
                }
                bytes.withUnsafeBytes { buffer in
                    let start = UnsafeMutableRawPointer(mutating: buffer.baseAddress!)
                    var parts = [
                        iovec(iov_base: start, iov_len: count / 2),
                        iovec(iov_base: start + count / 2, iov_len: count - count / 2),
                    ]
                    lseek(file, off_t(offset), SEEK_SET)
                    precondition(writev(file, &parts, 2) == count)
                }
            }
        case .append(let name, let byte, let count): append(name, byte, count, 0)
        case .appendSynchronously(let name, let byte, let count): append(name, byte, count, O_DSYNC)
        case .writeMapped(let name, let offset, let byte, let synced):
            use(name, O_RDWR) { file in
                var information = stat()
                fstat(file, &information)
                let size = Int(information.st_size)
                let map = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)!
                precondition(map != MAP_FAILED)
                (map + offset).storeBytes(of: byte, as: UInt8.self)
                if synced { precondition(msync(map, size, Int32(MS_SYNC)) == 0) }
                munmap(map, size)
            }
        case .truncate(let name, let length): use(name, O_WRONLY) { ftruncate($0, off_t(length)) }
        case .empty(let name): use(name, O_WRONLY | O_TRUNC) { _ in }
        case .sync(let name): use(name, O_RDONLY) { fsync($0) }
        case .syncFolder: syncFolder(".")
        case .rename(let name, let other): precondition(Glibc.rename(name, other) == 0)
        case .remove(let name): precondition(unlink(name) == 0)
        }
    }

    private static func append(_ name: String, _ byte: UInt8, _ count: Int, _ flags: Int32) {
        use(name, O_WRONLY | O_APPEND | flags) {
            let bytes = [UInt8](repeating: byte, count: count)
            // Half of the time by another descriptor of the same open file.
            let other = count % 2 == 0 ? dup($0) : $0
            precondition(write(other, bytes, count) == count)
            if other != $0 { close(other) }
        }
    }

    private static func use(_ name: String, _ flags: Int32, _ body: (Int32) -> Void) {
        let file = open(name, flags | O_CLOEXEC, 0o644)
        precondition(file >= 0, "\(name): \(errno)")
        body(file)
        close(file)
    }

    private static func syncFolder(_ name: String) {
        let folder = open(name, O_RDONLY | O_DIRECTORY)
        precondition(fsync(folder) == 0)
        close(folder)
    }

    static func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Threads that append numbered records of 16 bytes, each to the same file, syncs it and acknowledges the record.
    static func records(threads: Int) -> Never {
        let file = open("records", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        let numbers = Numbers()
        for _ in 0..<threads {
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { argument in
                    let (file, numbers) = Unmanaged<Work>.fromOpaque(argument!).takeUnretainedValue().both
                    while true {
                        let number = numbers.next()
                        var record = String(repeating: "0", count: 15 - "\(number)".count) + "\(number)\n"
                        record.withUTF8 { precondition(write(file, $0.baseAddress, 16) == 16) }
                        if number % 3 == 0 { continue }
                        precondition(fdatasync(file) == 0)
                        DiskRole.say("\(number)")
                    }
                }, Unmanaged.passRetained(Work((file, numbers))).toOpaque())
        }
        while true { pause() }
    }

    private final class Numbers: Sendable {
        private let last = Atomic<Int>(0)
        func next() -> Int { last.add(1, ordering: .relaxed).newValue }
    }

    private final class Work: Sendable {
        let both: (Int32, Numbers)
        init(_ both: (Int32, Numbers)) { self.both = both }
    }

    /// One write of every kind of a rule, with what each call says: `write 5`, `write EIO`.
    static func probe(_ words: [String]) -> Never {
        func outcome(_ name: String, _ result: Int) {
            let code = errno
            say("\(name) \(result >= 0 ? "\(result)" : errorName(code))")
        }
        let data = Array("0123456789".utf8)
        for word in words {
            let file = open("data", O_RDWR | O_CREAT | O_APPEND, 0o644)
            var before = timespec()
            clock_gettime(CLOCK_MONOTONIC, &before)
            switch word {
            case "write": outcome(word, write(file, data, data.count))
            case "pwrite": outcome(word, pwrite(file, data, data.count, 0))
            case "fsync": outcome(word, Int(fsync(file)))
            case "fdatasync": outcome(word, Int(fdatasync(file)))
            case "read":
                var room = [UInt8](repeating: 0, count: 10)
                outcome(word, read(file, &room, 10))
            case "open": outcome(word, min(0, Int(open("new", O_WRONLY | O_CREAT, 0o644))))
            case "rename": outcome(word, Int(rename("data", "renamed")))
            case "unlink": outcome(word, Int(unlink("data")))
            case "mkdir": outcome(word, Int(mkdir("folder", 0o755)))
            case "copy": outcome(word, dup(file) >= 0 && dup2(file, 9) == 9 ? write(9, data, data.count) : -1)
            case "outside":
                let other = open("/tmp/outside", O_RDWR | O_CREAT, 0o644)
                outcome(word, write(other, data, data.count))
            default: precondition(false, word)
            }
            var after = timespec()
            clock_gettime(CLOCK_MONOTONIC, &after)
            let elapsed = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1_000_000
            if elapsed >= 50 { say("late") }
            close(file)
        }
        say("end")
        while true { pause() }
    }

    private static func errorName(_ code: Int32) -> String {
        [EIO: "EIO", ENOSPC: "ENOSPC", EROFS: "EROFS", EDQUOT: "EDQUOT"][code] ?? "\(code)"
    }
}
