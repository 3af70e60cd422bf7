import Glibc

/// A window that moves over the bytes of a file, a pipe or a piece of memory. What lies behind it is given up, so that
/// a source of any size takes no more memory than its longest event.
///
/// The file is read, not mapped: a mapped file that becomes shorter meanwhile would end the process.
struct ByteWindow: ~Copyable {
    /// So many zero bytes stand behind the last one: reading heads may look that far without asking for the end.
    static let slack = 64
    /// The size that a window begins with, in bytes.
    static let usualCapacity = 1 << 20

    /// The name of the source, for errors.
    let file: String?
    /// The size of the whole source in bytes, where it is known beforehand.
    let size: Int?
    /// The bytes; valid until the next call of `advance`.
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    /// Whether the window reaches to the end of the source.
    private(set) var isAtEnd = false
    /// How many bytes lie behind the window.
    private(set) var bytesBefore = 0

    private var capacity: Int
    private var source: Source
    private var linesBefore = 0
    /// How many bytes of the line in which the window begins lie behind it.
    private var columnBefore = 0

    private enum Source {
        case descriptor(Int32)
        case memory(UnsafeRawBufferPointer)
    }

    /// Opens a file; `-` is standard input.
    /// - Throws: `HistoryError` that names the file and says why it cannot be read.
    static func open(_ path: String, capacity: Int = usualCapacity) throws(HistoryError) -> ByteWindow {
        let isStandardInput = path == "-"
        let file = isStandardInput ? "standard input" : path
        let descriptor = isStandardInput ? fcntl(0, F_DUPFD_CLOEXEC, 3) : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot open it", file, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            _ = close(descriptor)
            throw failure("cannot read it", file, code)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            _ = close(descriptor)
            throw HistoryError("this is a folder; expected a history file", file: file)
        }
        var window = ByteWindow(
            file: file, size: status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil,
            source: .descriptor(descriptor), capacity: capacity)
        try window.fill()
        return window
    }

    /// - Parameter memory: must stay as it is for as long as the window lives.
    static func over(
        _ memory: UnsafeRawBufferPointer, file: String?, capacity: Int = usualCapacity
    ) throws(HistoryError) -> ByteWindow {
        var window = ByteWindow(file: file, size: memory.count, source: .memory(memory), capacity: capacity)
        try window.fill()
        return window
    }

    private init(file: String?, size: Int?, source: Source, capacity: Int) {
        self.file = file
        self.size = size
        self.source = source
        self.capacity = max(capacity, 1)
        bytes = .allocate(capacity: self.capacity + Self.slack)
    }

    deinit {
        bytes.deallocate()
        if case .descriptor(let descriptor) = source { _ = close(descriptor) }
    }

    /// Gives up what lies before `offset`, which becomes the offset 0, and reads on. A window that is full although
    /// nothing is given up grows.
    mutating func advance(to offset: Int) throws(HistoryError) {
        linesBefore += Self.lineFeeds(in: bytes, offset)
        var lineStart = offset
        while lineStart > 0, bytes[lineStart - 1] != 0x0A { lineStart -= 1 }
        columnBefore = offset - lineStart + (lineStart == 0 ? columnBefore : 0)
        bytesBefore += offset
        count -= offset
        if offset > 0 { memmove(bytes, bytes + offset, count) }
        if count == capacity {
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + Self.slack)
            memcpy(larger, bytes, count)
            bytes.deallocate()
            bytes = larger
            capacity *= 2
        }
        try fill()
    }

    /// Counts eight bytes at a time: a line feed is a byte that is zero after an exclusive or.
    private static func lineFeeds(in bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let memory = UnsafeRawPointer(bytes)
        let low7: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
        var found = 0
        var offset = 0
        while offset + 8 <= count {
            // A counter a byte, emptied before one of them can overflow.
            var counters: UInt64 = 0
            let end = min(offset + 8 * 255, count - 7)
            while offset < end {
                let word = memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ 0x0a0a_0a0a_0a0a_0a0a
                counters &+= ~(((word & low7) &+ low7) | word | low7) >> 7
                offset += 8
            }
            let pairs = (counters & 0x00ff_00ff_00ff_00ff) &+ (counters >> 8 & 0x00ff_00ff_00ff_00ff)
            found &+= Int(truncatingIfNeeded: (pairs &* 0x0001_0001_0001_0001) >> 48)
        }
        while offset < count {
            found &+= bytes[offset] == 0x0A ? 1 : 0
            offset += 1
        }
        return found
    }

    /// Reads until the window is full or the source at its end.
    private mutating func fill() throws(HistoryError) {
        while count < capacity, !isAtEnd {
            switch source {
            case .memory(let memory):
                let taken = min(capacity - count, memory.count)
                if taken > 0, let from = memory.baseAddress { memcpy(bytes + count, from, taken) }
                count += taken
                source = .memory(UnsafeRawBufferPointer(rebasing: memory[taken...]))
                isAtEnd = taken == memory.count
            case .descriptor(let descriptor):
                let taken = Glibc.read(descriptor, bytes + count, capacity - count)
                if taken < 0 {
                    if errno == EINTR { continue }
                    throw Self.failure("cannot read it", file ?? "", errno)
                }
                count += taken
                isAtEnd = taken == 0
            }
        }
        memset(bytes + count, 0, Self.slack)
    }

    /// The bytes in a range of offsets, as scanners take them.
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + range.lowerBound, count: range.count)
    }

    /// The offset of the next line feed, or nil.
    func lineFeed(from offset: Int) -> Int? {
        guard let found = memchr(bytes + offset, 0x0A, count - offset) else { return nil }
        return found - UnsafeMutableRawPointer(bytes)
    }

    /// Line and column (in bytes) of an offset, both counted from 1.
    func place(of offset: Int) -> (line: Int, column: Int) {
        var line = linesBefore + 1
        var column = columnBefore + 1
        for place in 0..<min(offset, count) {
            if bytes[place] == 0x0A {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }

    /// An error at an offset.
    func error(_ message: String, at offset: Int) -> HistoryError {
        let place = place(of: offset)
        return HistoryError(message, file: file, line: place.line, column: place.column)
    }

    private static func failure(_ what: String, _ path: String, _ code: Int32) -> HistoryError {
        HistoryError("\(what): \(String(cString: strerror(code)))", file: path)
    }
}
