import Glibc

/// Reads and writes whole files.
enum WholeFile {
    /// - Throws: `CommandFailure` that names the file and says why it cannot be read.
    static func read(_ path: String) throws -> [UInt8] {
        guard let stream = fopen(path, "re") else {
            throw CommandFailure.wrongUse("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&part, 1, part.count, stream)
            if count == 0 { break }
            bytes += part[..<count]
        }
        if ferror(stream) != 0 {
            throw CommandFailure.wrongUse("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        return bytes
    }

    /// Replaces or makes the file; `-` is standard output.
    /// - Returns: nil, or why it could not be written.
    static func write(_ bytes: [UInt8], to path: String) -> String? {
        let descriptor = path == "-" ? dup(1) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        var start = 0
        while start < bytes.count {
            let written = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                let problem = String(cString: strerror(errno))
                close(descriptor)
                return problem
            }
            start += written
        }
        return close(descriptor) == 0 ? nil : String(cString: strerror(errno))
    }
}
