import Glibc

/// A program or library on disk, mapped into memory: its code, and the names that it takes from other libraries.
final class ElfFile {
    private struct Segment {
        var type: UInt32
        var isExecutable: Bool
        var offset: Int
        var address: UInt64
        var length: Int
    }

    private let bytes: UnsafeRawBufferPointer
    private var segments: [Segment] = []

    /// nil where it cannot be read or is no 64-bit ELF file.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
            information.st_size > 64,
            let start = mmap(nil, Int(information.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
        else { return nil }
        bytes = UnsafeRawBufferPointer(start: start, count: Int(information.st_size))
        guard bytes[0] == 0x7f, bytes[1] == 0x45, bytes[2] == 0x4c, bytes[3] == 0x46, bytes[4] == 2,
            readSegments()
        else { return nil }
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count)
    }

    private func number<Number: FixedWidthInteger>(_ offset: Int, _ type: Number.Type) -> Number? {
        guard offset >= 0, offset <= bytes.count - MemoryLayout<Number>.size else { return nil }
        return bytes.loadUnaligned(fromByteOffset: offset, as: type)
    }

    private func readSegments() -> Bool {
        guard let headers = number(32, UInt64.self).flatMap({ Int(exactly: $0) }), headers <= bytes.count,
            let size = number(54, UInt16.self), let count = number(56, UInt16.self)
        else { return false }
        for index in 0..<Int(count) {
            let header = headers + index * Int(size)
            guard let type = number(header, UInt32.self), let flags = number(header + 4, UInt32.self),
                let offset = number(header + 8, UInt64.self).flatMap({ Int(exactly: $0) }),
                let address = number(header + 16, UInt64.self),
                let length = number(header + 32, UInt64.self).flatMap({ Int(exactly: $0) }), offset <= bytes.count,
                length <= bytes.count - offset
            else { continue }
            segments.append(
                Segment(type: type, isExecutable: flags & 1 != 0, offset: offset, address: address, length: length))
        }
        return true
    }

    /// Calls `body` with each loaded piece of code.
    func forEachCode(_ body: (UnsafeRawBufferPointer) -> Void) {
        for segment in segments where segment.type == 1 && segment.isExecutable {
            body(UnsafeRawBufferPointer(rebasing: bytes[segment.offset..<(segment.offset + segment.length)]))
        }
    }

    /// Which of the names stand in the table of the names that are linked at run time.
    func linkedNames(among names: [String]) -> [String] {
        guard let dynamic = segments.first(where: { $0.type == 2 }) else { return [] }
        var tableAddress: UInt64?
        var tableLength: Int?
        for entry in stride(from: dynamic.offset, to: dynamic.offset + dynamic.length - 15, by: 16) {
            guard let tag = number(entry, Int64.self), let value = number(entry + 8, UInt64.self), tag != 0 else {
                break
            }
            if tag == 5 { tableAddress = value }
            if tag == 10 { tableLength = Int(exactly: value) }
        }
        guard let tableAddress, let tableLength,
            let home = segments.first(where: {
                $0.type == 1 && $0.address <= tableAddress && tableAddress < $0.address + UInt64($0.length)
            })
        else { return [] }
        let start = home.offset + Int(tableAddress - home.address)
        guard tableLength > 0, start <= bytes.count - tableLength else { return [] }
        let table = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + tableLength)])
        return names.filter { ElfFile.find([0] + Array($0.utf8) + [0], in: table) }
    }

    /// Whether a text stands anywhere in the file.
    func contains(_ text: String) -> Bool { ElfFile.find(Array(text.utf8), in: bytes) }

    private static func find(_ pattern: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = pattern.first, bytes.count >= pattern.count, let base = bytes.baseAddress else {
            return false
        }
        // Some bytes are everywhere in a program; memchr runs over the others at the speed of memory.
        var next = base
        let end = base + (bytes.count - pattern.count + 1)
        while next < end, let hit = memchr(next, Int32(first), end - next) {
            if memcmp(hit, pattern, pattern.count) == 0 { return true }
            next = UnsafeRawPointer(hit) + 1
        }
        return false
    }
}
