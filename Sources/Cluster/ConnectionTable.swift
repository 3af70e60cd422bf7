/// The TCP connections over IPv4 that the switch has seen, one entry for each direction, so that they can be reset when
/// nothing is said on them. A table of fixed size: where too many fall on the same places the oldest are forgotten.
///
/// Belongs to the switch's thread.
struct ConnectionTable {
    /// One direction of a connection, as its last frame left it.
    struct Entry {
        /// As in the frame: in network byte order read byte by byte.
        var source: UInt32 = 0
        var target: UInt32 = 0
        var sourcePort: UInt16 = 0
        var targetPort: UInt16 = 0
        /// What the source will send next.
        var sequence: UInt32 = 0
        /// What the source expects next; 0 in its first frame.
        var acknowledged: UInt32 = 0
        var from: UInt8 = 0
        var to: UInt8 = 0
        /// The source has sent its last byte.
        var isFinished = false
        var isUsed = false
    }

    static let size = 4096
    private static let reach = 4
    let entries: UnsafeMutablePointer<Entry>

    init() {
        entries = .allocate(capacity: ConnectionTable.size)
        entries.initialize(repeating: Entry(), count: ConnectionTable.size)
    }

    func deallocate() { entries.deallocate() }

    /// Takes note of a frame on its way from one port of the switch to another.
    @inline(__always)
    func note(_ frame: UnsafePointer<UInt8>, _ length: Int, from: Int, to: Int) {
        // IPv4 with a header of 20 bytes, TCP: what all but exotic frames are.
        guard length >= 54, frame[12] == 0x08, frame[13] == 0, frame[14] == 0x45, frame[23] == 6 else { return }
        // A later fragment has no TCP header.
        guard frame[20] & 0x1f | frame[21] == 0 else { return }
        let segment = ConnectionTable.segment(frame)
        let place = find(segment)
        if segment.isReset {
            entries[place].isUsed = false
            return
        }
        let wasFinished = entries[place].isUsed && entries[place].isFinished && isSame(entries[place], segment)
        entries[place] = Entry(
            source: segment.source, target: segment.target, sourcePort: segment.sourcePort,
            targetPort: segment.targetPort, sequence: segment.next, acknowledged: segment.acknowledged,
            from: UInt8(truncatingIfNeeded: from), to: UInt8(truncatingIfNeeded: to),
            isFinished: segment.isLast || wasFinished && !segment.isFirst, isUsed: true)
    }

    /// What the target of a direction expects next; nil where it is not known.
    func expectedByTarget(of entry: Entry) -> UInt32? {
        guard let other = opposite(of: entry), other.acknowledged != 0 else { return nil }
        return other.acknowledged
    }

    /// Whether the other direction of a connection has come to its end, or is not known.
    func isFinished(oppositeOf entry: Entry) -> Bool { opposite(of: entry)?.isFinished ?? true }

    private func opposite(of entry: Entry) -> Entry? {
        var back = Segment()
        (back.source, back.target) = (entry.target, entry.source)
        (back.sourcePort, back.targetPort) = (entry.targetPort, entry.sourcePort)
        let other = entries[find(back)]
        return other.isUsed && isSame(other, back) ? other : nil
    }

    /// The TCP header of a frame, as far as resets need it.
    struct Segment {
        var source: UInt32 = 0
        var target: UInt32 = 0
        var sourcePort: UInt16 = 0
        var targetPort: UInt16 = 0
        var sequence: UInt32 = 0
        /// The sequence number behind the segment.
        var next: UInt32 = 0
        /// 0 where the frame acknowledges nothing.
        var acknowledged: UInt32 = 0
        var isReset = false
        var isFirst = false
        var isLast = false
    }

    /// Reads the header of a TCP frame over IPv4 without IP options.
    @inline(__always)
    static func segment(_ frame: UnsafePointer<UInt8>) -> Segment {
        let flags = frame[47]
        let contents = Int(FrameHeader.half(frame + 16)) - 20 - Int(frame[46] >> 4) * 4
        let sequence = FrameHeader.word(frame + 38)
        // SYN and FIN take a number each.
        let next = sequence &+ UInt32(max(0, contents)) &+ UInt32(flags >> 1 & 1) &+ UInt32(flags & 1)
        return Segment(
            source: FrameHeader.word(frame + 26), target: FrameHeader.word(frame + 30),
            sourcePort: FrameHeader.half(frame + 34), targetPort: FrameHeader.half(frame + 36), sequence: sequence,
            next: next, acknowledged: flags & 0x10 != 0 ? FrameHeader.word(frame + 42) : 0,
            isReset: flags & 0x04 != 0, isFirst: flags & 0x12 == 0x02, isLast: flags & 0x01 != 0)
    }

    @inline(__always)
    private func isSame(_ entry: Entry, _ segment: Segment) -> Bool {
        entry.source == segment.source && entry.target == segment.target && entry.sourcePort == segment.sourcePort
            && entry.targetPort == segment.targetPort
    }

    /// The direction's own place, else a free one, else the one that it takes from another.
    @inline(__always)
    private func find(_ segment: Segment) -> Int {
        var mixed = UInt64(segment.source) << 32 | UInt64(segment.target)
        mixed ^= (UInt64(segment.sourcePort) << 16 | UInt64(segment.targetPort)) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ mixed >> 29) &* 0xbf58_476d_1ce4_e5b9
        let home = Int(truncatingIfNeeded: mixed >> 40)
        var free = -1
        for step in 0..<ConnectionTable.reach {
            let place = (home + step) & (ConnectionTable.size - 1)
            if !entries[place].isUsed {
                if free < 0 { free = place }
            } else if isSame(entries[place], segment) {
                return place
            }
        }
        return free >= 0 ? free : (home + Int(segment.sourcePort & 3)) & (ConnectionTable.size - 1)
    }
}
