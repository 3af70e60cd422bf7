/// A TCP segment that resets a connection, as an Ethernet frame of 54 bytes (RFC 9293, section 3.5.2).
enum ResetFrame {
    static let length = 54

    /// Who says what to whom. Addresses and ports as in `ConnectionTable.Entry`.
    struct Contents {
        /// The last bytes of the Ethernet addresses.
        var sourceNumber: UInt8
        var targetNumber: UInt8
        var source: UInt32
        var target: UInt32
        var sourcePort: UInt16
        var targetPort: UInt16
        /// Exactly what the target expects next: another number is answered, and ignored (RFC 5961).
        var sequence: UInt32
        /// Of an answer to a first segment: the number behind it.
        var acknowledged: UInt32?
    }

    static func write(_ contents: Contents, to frame: UnsafeMutablePointer<UInt8>) {
        frame.update(repeating: 0, count: length)
        frame[0] = 2
        frame[5] = contents.targetNumber
        frame[6] = 2
        frame[11] = contents.sourceNumber
        frame[12] = 0x08
        // IPv4, 40 bytes in all, not to be fragmented, 64 hops, TCP.
        frame[14] = 0x45
        put(UInt16(40), frame + 16)
        frame[20] = 0x40
        frame[22] = 64
        frame[23] = 6
        put(contents.source, frame + 26)
        put(contents.target, frame + 30)
        put(fold(sum(frame + 14, 20)), frame + 24)
        put(contents.sourcePort, frame + 34)
        put(contents.targetPort, frame + 36)
        put(contents.sequence, frame + 38)
        put(contents.acknowledged ?? 0, frame + 42)
        frame[46] = 5 << 4
        frame[47] = contents.acknowledged == nil ? 0x04 : 0x14
        // The pseudo header: the addresses, the protocol and the length.
        put(fold(sum(frame + 26, 8) + 6 + 20 + sum(frame + 34, 20)), frame + 50)
    }

    private static func put(_ value: UInt16, _ place: UnsafeMutablePointer<UInt8>) {
        place[0] = UInt8(truncatingIfNeeded: value >> 8)
        place[1] = UInt8(truncatingIfNeeded: value)
    }

    private static func put(_ value: UInt32, _ place: UnsafeMutablePointer<UInt8>) {
        put(UInt16(truncatingIfNeeded: value >> 16), place)
        put(UInt16(truncatingIfNeeded: value), place + 2)
    }

    /// The Internet checksum (RFC 1071) before it is folded.
    private static func sum(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
        stride(from: 0, to: count, by: 2).reduce(0) { $0 + UInt32(FrameHeader.half(bytes + $1)) }
    }

    private static func fold(_ sum: UInt32) -> UInt16 {
        var sum = sum
        while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
