import Glibc

/// The few file operations that durable storage is made of; every failure names the file.
enum Files {
    static func failure(_ what: String, _ path: String) -> RaftError {
        RaftError("\(what) \(path): \(String(cString: strerror(errno)))")
    }

    static func createDirectory(_ path: String) throws(RaftError) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += partial.isEmpty || partial.hasSuffix("/") ? String(part) : "/" + part
            guard mkdir(partial, 0o755) == 0 else {
                if errno == EEXIST { continue }
                throw failure("cannot create", partial)
            }
            try syncDirectory(parent(of: partial))
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The whole file, or nil where there is none.
    static func read(_ path: String) throws(RaftError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("cannot open", path)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("cannot examine", path) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + filled, $0.count - filled) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot read", path) }
            if count == 0 { break }
            filled += count
        }
        bytes.removeSubrange(filled...)
        return bytes
    }

    static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(RaftError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot write", path) }
            written += count
        }
    }

    /// After a failed fsync nobody knows what is on disk, so it is never tried again: the process has to end.
    static func sync(_ file: Int32, path: String) throws(RaftError) {
        guard fdatasync(file) == 0 else { throw failure("cannot sync", path) }
    }

    /// Replaces a file so that after a crash either the old or the new content is there, whole.
    static func replace(_ name: String, in directory: String, with bytes: [UInt8]) throws(RaftError) {
        let path = directory + "/" + name
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure("cannot create", temporary) }
        defer { close(file) }
        try write(bytes, to: file, path: temporary)
        try sync(file, path: temporary)
        guard rename(temporary, path) == 0 else { throw failure("cannot rename", temporary) }
        try syncDirectory(directory)
    }

    static func remove(_ name: String, in directory: String) throws(RaftError) {
        guard unlink(directory + "/" + name) == 0 || errno == ENOENT else {
            throw failure("cannot remove", directory + "/" + name)
        }
        try syncDirectory(directory)
    }

    static func syncDirectory(_ directory: String) throws(RaftError) {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw failure("cannot open", directory) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw failure("cannot sync", directory) }
    }
}
