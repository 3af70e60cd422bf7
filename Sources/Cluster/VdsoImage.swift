import CLinux
import Glibc

/// The vDSO: the code for reading clocks that the kernel maps into every process. All 64-bit processes of a machine
/// have the same one, so that this process's own tells what is where in another's.
struct VdsoImage {
    /// The whole mapping, as it is here.
    let bytes: [UInt8]
    /// Where what the file holds ends; what follows, up to the end of the mapping, is executable and unused.
    let usedEnd: Int
    /// Offsets of the functions by name.
    private let functions: [String: Int]

    /// This process's own; nil where the kernel has given it none, or one that cannot be understood.
    init?() {
        let address = lab_vdso_address()
        guard address != 0, let start = UnsafeRawPointer(bitPattern: UInt(address)),
            let size = VdsoImage.mappingSize(at: address)
        else { return nil }
        bytes = Array(UnsafeRawBufferPointer(start: start, count: size))
        let elf = ElfReader(bytes: bytes)
        guard let layout = elf.layout() else { return nil }
        usedEnd = layout.usedEnd
        functions = elf.functions(dynamic: layout.dynamic)
    }

    func offset(of function: String) -> Int? { functions[function] }

    private static func mappingSize(at address: UInt64) -> Int? {
        guard let maps = readFile("/proc/self/maps", limit: 1 << 24) else { return nil }
        for line in maps.split(separator: UInt8(ascii: "\n")) {
            let range = line.prefix { $0 != UInt8(ascii: " ") }.split(separator: UInt8(ascii: "-"))
            guard range.count == 2, let low = UInt64(String(decoding: range[0], as: UTF8.self), radix: 16),
                let high = UInt64(String(decoding: range[1], as: UTF8.self), radix: 16)
            else { continue }
            if low == address { return Int(high - low) }
        }
        return nil
    }
}

/// The little of the ELF format that a vDSO needs.
private struct ElfReader {
    let bytes: [UInt8]

    private func read<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type) -> Number? {
        guard offset >= 0, offset + MemoryLayout<Number>.size <= bytes.count else { return nil }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    private func readOffset(_ offset: Int) -> Int? {
        read(offset, as: UInt64.self).flatMap { Int(exactly: $0) }
    }

    /// The end of the loaded segment, and the offset of the dynamic section.
    func layout() -> (usedEnd: Int, dynamic: Int)? {
        // 64 bits, and the magic number.
        guard bytes.count > 64, bytes[0..<5] == [0x7f, 0x45, 0x4c, 0x46, 2], let headers = readOffset(32),
            let size = read(54, as: UInt16.self), let count = read(56, as: UInt16.self)
        else { return nil }
        var usedEnd: Int?
        var dynamic: Int?
        for index in 0..<Int(count) {
            let header = headers + index * Int(size)
            guard let type = read(header, as: UInt32.self), let offset = readOffset(header + 8),
                let address = readOffset(header + 16), let length = readOffset(header + 40)
            else { return nil }
            if type == 1 { usedEnd = max(usedEnd ?? 0, address + length) }
            if type == 2 { dynamic = offset }
        }
        guard let usedEnd, let dynamic else { return nil }
        return (usedEnd, dynamic)
    }

    func functions(dynamic: Int) -> [String: Int] {
        var symbols = 0
        var strings = 0
        var entry = dynamic
        while let tag = read(entry, as: Int64.self), let value = readOffset(entry + 8), tag != 0 {
            if tag == 5 { strings = value }
            if tag == 6 { symbols = value }
            entry += 16
        }
        // The strings follow the symbols in every vDSO; a hash table would say how many there are, but there are two
        // kinds of those, and kernels differ in which they have.
        guard symbols > 0, strings > symbols else { return [:] }
        var result: [String: Int] = [:]
        for symbol in stride(from: symbols, to: strings - 23, by: 24) {
            guard let name = read(symbol, as: UInt32.self), let value = readOffset(symbol + 8), value > 0,
                value < bytes.count, strings + Int(name) < bytes.count
            else { continue }
            let text = bytes[(strings + Int(name))...].prefix { $0 != 0 }
            result[String(decoding: text, as: UTF8.self)] = value
        }
        return result
    }
}
