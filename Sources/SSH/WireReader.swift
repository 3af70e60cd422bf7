/// Numbers and strings of the SSH protocol (RFC 4251, section 5): big-endian, strings with their length before them.
struct WireReader {
    private let bytes: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    var rest: ArraySlice<UInt8> { bytes[position...] }

    mutating func byte() -> UInt8? {
        guard position < bytes.endIndex else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func uint32() -> UInt32? {
        guard bytes.endIndex - position >= 4 else { return nil }
        defer { position += 4 }
        return bytes[position..<position + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func uint64() -> UInt64? {
        guard let high = uint32(), let low = uint32() else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }

    mutating func string() -> ArraySlice<UInt8>? {
        guard let count = uint32(), bytes.endIndex - position >= Int(count) else { return nil }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }

    mutating func text() -> String? { string().map { String(decoding: $0, as: UTF8.self) } }
}

extension [UInt8] {
    mutating func append(uint32 number: UInt32) {
        append(UInt8(truncatingIfNeeded: number >> 24))
        append(UInt8(truncatingIfNeeded: number >> 16))
        append(UInt8(truncatingIfNeeded: number >> 8))
        append(UInt8(truncatingIfNeeded: number))
    }

    mutating func append(uint64 number: UInt64) {
        append(uint32: UInt32(truncatingIfNeeded: number >> 32))
        append(uint32: UInt32(truncatingIfNeeded: number))
    }

    mutating func append(string: String) {
        append(uint32: UInt32(string.utf8.count))
        append(contentsOf: string.utf8)
    }
}
