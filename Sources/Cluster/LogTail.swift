import Glibc

/// The end of a log.
enum LogTail {
    /// How long a file is now; 0 where there is none.
    static func length(_ path: String) -> Int {
        var information = stat()
        return stat(path, &information) == 0 ? information.st_size : 0
    }

    /// The last lines of a file, at most `count` of them, of at most 64 KiB in all; none where it cannot be read.
    /// - Parameter beginning: what stands before this offset does not count.
    static func lines(_ path: String, count: Int, from beginning: Int = 0) -> [String] {
        let limit = 65_536
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        let start = max(0, beginning, size - limit)
        guard size > start else { return [] }
        var bytes = [UInt8](repeating: 0, count: size - start)
        let filled = bytes.withUnsafeMutableBytes { room in
            retrying { pread(descriptor, room.baseAddress, room.count, start) }
        }
        guard filled > 0 else { return [] }
        let lines = bytes[..<filled].split(separator: UInt8(ascii: "\n"))
        // The first one is torn unless the file begins with it.
        return lines.dropFirst(start > beginning ? 1 : 0).suffix(count).map { String(decoding: $0, as: UTF8.self) }
    }
}
