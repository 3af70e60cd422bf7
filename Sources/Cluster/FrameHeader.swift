/// Where the parts of an Ethernet frame are.
struct FrameHeader {
    /// IPv4 or IPv6.
    private(set) var isInternet = false
    /// TCP or UDP, and not a later fragment of a datagram.
    private(set) var hasPorts = false
    private(set) var sourcePort: UInt16 = 0
    private(set) var targetPort: UInt16 = 0
    /// Where the contents of the IP packet begin and end; both 0 for other frames.
    private(set) var contents = 0
    private(set) var end = 0
    /// TCP over IPv4 with a whole header.
    private(set) var isConnection = false

    static let ethernetLength = 14
    private static let tcp: UInt8 = 6
    private static let udp: UInt8 = 17

    @inline(__always)
    init(_ frame: UnsafePointer<UInt8>, _ length: Int) {
        let start = FrameHeader.ethernetLength
        guard length >= start + 20, FrameHeader.isInternet(frame) else { return }
        isInternet = true
        let kind: UInt8
        if frame[12] == 0x08 {
            contents = start + Int(frame[start] & 15) * 4
            end = min(length, start + Int(FrameHeader.half(frame + start + 2)))
            // The offset of a later fragment is not 0.
            kind = FrameHeader.half(frame + start + 6) & 0x1fff == 0 ? frame[start + 9] : 0
        } else {
            contents = start + 40
            end = min(length, contents + Int(FrameHeader.half(frame + start + 4)))
            kind = frame[start + 6]
        }
        guard contents + 8 <= end else {
            if contents > end { (contents, end) = (0, 0) }
            return
        }
        if kind == FrameHeader.tcp || kind == FrameHeader.udp {
            hasPorts = true
            sourcePort = FrameHeader.half(frame + contents)
            targetPort = FrameHeader.half(frame + contents + 2)
            isConnection = kind == FrameHeader.tcp && frame[12] == 0x08 && contents + 20 <= end
        }
    }

    /// Whether the frame carries IPv4 (0x0800) or IPv6 (0x86dd).
    @inline(__always)
    static func isInternet(_ frame: UnsafePointer<UInt8>) -> Bool {
        (frame[12] == 0x08 && frame[13] == 0x00) || (frame[12] == 0x86 && frame[13] == 0xdd)
    }

    @inline(__always)
    static func half(_ place: UnsafePointer<UInt8>) -> UInt16 {
        UInt16(place[0]) << 8 | UInt16(place[1])
    }

    @inline(__always)
    static func word(_ place: UnsafePointer<UInt8>) -> UInt32 {
        UInt32(half(place)) << 16 | UInt32(half(place + 2))
    }
}
