/// Little-endian encoding of numbers, byte strings and texts.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func write<Number: FixedWidthInteger>(_ number: Number) {
        var rest = number
        for _ in 0..<(Number.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    mutating func write(_ block: [UInt8]) {
        write(UInt32(block.count))
        bytes.append(contentsOf: block)
    }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            write(UInt32(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }
}

/// Thrown where bytes do not hold what they should.
struct DecodingFailure: Error, Equatable {}

/// Reads what `ByteWriter` wrote; every length is checked against what is there.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(DecodingFailure) -> Number {
        let width = Number.bitWidth / 8
        guard bytes.endIndex - position >= width else { throw DecodingFailure() }
        var result: Number = 0
        for shift in 0..<width {
            result |= Number(truncatingIfNeeded: bytes[position + shift]) << Number(truncatingIfNeeded: 8 * shift)
        }
        position += width
        return result
    }

    mutating func block() throws(DecodingFailure) -> [UInt8] { Array(try slice()) }

    mutating func text() throws(DecodingFailure) -> String {
        guard let text = String(validating: try slice(), as: UTF8.self) else { throw DecodingFailure() }
        return text
    }

    private mutating func slice() throws(DecodingFailure) -> ArraySlice<UInt8> {
        let count = Int(try number(UInt32.self))
        guard bytes.endIndex - position >= count else { throw DecodingFailure() }
        defer { position += count }
        return bytes[position..<(position + count)]
    }
}
