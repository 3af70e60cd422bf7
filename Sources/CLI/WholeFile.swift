import ArgumentParser
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

    /// Opens the file for writing, empty; standard output for `-`.
    /// - Throws: `CommandFailure` that names the file and says why it cannot be written.
    static func create(_ path: String) throws -> Int32 {
        let descriptor = path == "-" ? dup(1) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path) }
        return descriptor
    }

    /// Writes all bytes.
    static func append(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
        var start = 0
        while start < bytes.count {
            let written = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                // A reader that has seen enough is no failure.
                if errno == EPIPE, path == "-" { throw ExitCode.success }
                throw failure(path)
            }
            start += written
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = try create(path)
        defer { close(descriptor) }
        try append(bytes, to: descriptor, path)
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure.failure("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
