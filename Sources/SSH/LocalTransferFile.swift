import Glibc

/// A file of this machine that is sent.
final class LocalSource {
    private let descriptor: Int32
    let size: UInt64
    private let path: String
    private let host: String
    private let step: String

    init(path: String, host: String, step: String) throws(SSHError) {
        (self.path, self.host, self.step) = (path, host, step)
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            size = 0
            throw SSHError(.file, host: host, step: step, "\(path) cannot be read: \(errorText(errno))")
        }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            size = 0
            throw SSHError(.file, host: host, step: step, "\(path) is no ordinary file")
        }
        size = UInt64(facts.st_size)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Adds `count` bytes of the file to `bytes`.
    func append(_ count: Int, at offset: UInt64, to bytes: inout [UInt8]) throws(SSHError) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + start + done, count - done, Int(offset) + done)
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else {
                throw SSHError(
                    .file, host: host, step: step,
                    read < 0 ? "\(path) cannot be read: \(errorText(errno))" : "\(path) became shorter meanwhile")
            }
            done += read
        }
    }

    /// The SHA-256 of the first bytes, in hexadecimal digits.
    func hash(upTo count: UInt64) throws(SSHError) -> String {
        var sum = SHA256()
        var offset: UInt64 = 0
        var bytes: [UInt8] = []
        while offset < count {
            bytes.removeAll(keepingCapacity: true)
            let piece = min(1 << 18, count - offset)
            try append(Int(piece), at: offset, to: &bytes)
            bytes.withUnsafeBytes { sum.add($0) }
            offset += piece
        }
        return sum.finish()
    }
}

/// A file of this machine that is received.
final class LocalTarget {
    private let descriptor: Int32
    /// What an earlier attempt has left.
    let size: UInt64
    private let path: String
    private let host: String
    private let step: String

    init(path: String, host: String, step: String) throws(SSHError) {
        (self.path, self.host, self.step) = (path, host, step)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            size = 0
            throw SSHError(.file, host: host, step: step, "\(path) cannot be written: \(errorText(errno))")
        }
        var facts = stat()
        fstat(descriptor, &facts)
        size = UInt64(facts.st_size)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func cut(to size: UInt64) throws(SSHError) {
        guard ftruncate(descriptor, Int(size)) == 0 else { throw failure() }
    }

    func write(_ bytes: ArraySlice<UInt8>, at offset: UInt64) throws(SSHError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + done, $0.count - done, Int(offset) + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            done += count
        }
    }

    /// Gives it its name, now that it is whole.
    func finish(as name: String, permissions: UInt32) throws(SSHError) {
        guard fchmod(descriptor, permissions) == 0, rename(path, name) == 0 else { throw failure() }
    }

    private func failure() -> SSHError {
        let number = errno
        return SSHError(
            .file, host: host, step: step, "\(path) cannot be written: \(errorText(number))",
            remedy: number == ENOSPC ? "Make room on this machine's disk." : nil)
    }
}
