import Glibc

/// The content of a file, in memory of its own for as long as this lives.
///
/// The file is read, not mapped: a mapped file that becomes shorter meanwhile would end the process.
struct FileBytes: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    private let count: Int

    /// - Throws: `HistoryError` that names the file and says why it cannot be read.
    init(_ path: String) throws(HistoryError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("cannot open it", path, errno) }
        defer { _ = close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure("cannot read it", path, errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw HistoryError("this is a folder; expected a history file", file: path)
        }
        // One byte more than the size, so that the end is seen without growing once more.
        var capacity = max(Int(status.st_size) + 1, 65_536)
        guard var memory = malloc(capacity) else { throw Self.failure("cannot read it", path, ENOMEM) }
        var count = 0
        while true {
            if count == capacity {
                capacity *= 2
                guard let larger = realloc(memory, capacity) else {
                    free(memory)
                    throw Self.failure("cannot read it", path, ENOMEM)
                }
                memory = larger
            }
            let taken = Glibc.read(descriptor, memory + count, capacity - count)
            if taken == 0 { break }
            if taken < 0 {
                if errno == EINTR { continue }
                let code = errno
                free(memory)
                throw Self.failure("cannot read it", path, code)
            }
            count += taken
        }
        self.memory = memory
        self.count = count
    }

    deinit { free(memory) }

    /// Calls `body` with the bytes, which must not leave it.
    borrowing func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    private static func failure(_ what: String, _ path: String, _ code: Int32) -> HistoryError {
        HistoryError("\(what): \(String(cString: strerror(code)))", file: path)
    }
}
