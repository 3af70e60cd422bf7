import Glibc

/// The end of a log.
enum LogTail {
    /// The last lines of a file, at most `count` of them, of at most 64 KiB in all; none where it cannot be read.
    static func lines(_ path: String, count: Int) -> [String] {
        let limit = 65_536
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        let start = max(0, size - limit)
        var bytes = [UInt8](repeating: 0, count: size - start)
        let filled = bytes.withUnsafeMutableBytes { room in
            retrying { pread(descriptor, room.baseAddress, room.count, start) }
        }
        guard filled > 0 else { return [] }
        let lines = bytes[..<filled].split(separator: UInt8(ascii: "\n"))
        // The first one is torn unless the file begins with it.
        return lines.dropFirst(start > 0 ? 1 : 0).suffix(count).map { String(decoding: $0, as: UTF8.self) }
    }
}
