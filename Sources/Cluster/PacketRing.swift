import Glibc
import Synchronization

/// Frames on their way from the switch's thread to the one that writes them down: a ring of bytes with one writer and
/// one reader, neither of which ever waits. What does not fit is counted.
struct PacketRing: @unchecked Sendable {
    // The memory is that of `PacketRecorder`, which outlives both threads. Between `tail` and `head` it belongs to the
    // reader, elsewhere to the writer.
    /// What stands before the bytes of a frame.
    struct Record {
        /// Nanoseconds of CLOCK_MONOTONIC.
        var time: Int64
        /// Nanoseconds until the frame leaves.
        var delay: Int64
        /// -1: the rest of the ring up to its end is empty.
        var length: Int32
        var from: UInt8
        var to: UInt8
        /// Bits of `LinkPipeline.Fate`.
        var fate: UInt8
    }

    private struct Positions: ~Copyable {
        let head = Atomic<Int>(0)
        let tail = Atomic<Int>(0)
        let missed = Atomic<Int>(0)
    }

    private let bytes: UnsafeMutableRawPointer
    private let positions: UnsafeMutablePointer<Positions>
    private let capacity: Int
    /// Room for a `Record`. Divides the ring, so that there is always a whole one left at its end.
    private static let recordSize = 32

    /// - Parameter capacity: bytes, a power of two.
    init(capacity: Int) {
        self.capacity = capacity
        bytes = .allocate(byteCount: capacity, alignment: 16)
        positions = .allocate(capacity: 1)
        positions.initialize(to: Positions())
    }

    func deallocate() {
        bytes.deallocate()
        positions.deinitialize(count: 1)
        positions.deallocate()
    }

    /// Frames that did not fit.
    var missed: Int { positions.pointee.missed.load(ordering: .relaxed) }

    // MARK: The switch's side

    func record(
        _ frame: UnsafePointer<UInt8>, _ length: Int, from: Int, to: Int, now: Int64, fate: UInt8, delay: Int64
    ) {
        let head = positions.pointee.head.load(ordering: .relaxed)
        let free = capacity - (head - positions.pointee.tail.load(ordering: .acquiring))
        let needed = PacketRing.space(length)
        let place = head & (capacity - 1)
        let rest = capacity - place
        guard free >= needed + (rest < needed ? rest : 0) else {
            _ = positions.pointee.missed.wrappingAdd(1, ordering: .relaxed)
            return
        }
        var start = place
        var end = head + needed
        if rest < needed {
            let filler = Record(time: 0, delay: 0, length: -1, from: 0, to: 0, fate: 0)
            bytes.storeBytes(of: filler, toByteOffset: place, as: Record.self)
            start = 0
            end += rest
        }
        let record = Record(
            time: now, delay: delay, length: Int32(length), from: UInt8(truncatingIfNeeded: from),
            to: UInt8(truncatingIfNeeded: to), fate: fate)
        bytes.storeBytes(of: record, toByteOffset: start, as: Record.self)
        (bytes + start + PacketRing.recordSize).copyMemory(from: frame, byteCount: length)
        positions.pointee.head.store(end, ordering: .releasing)
    }

    private static func space(_ length: Int) -> Int {
        (recordSize + length + recordSize - 1) / recordSize * recordSize
    }

    // MARK: The reader's side

    /// Gives the next frame to `body`.
    /// - Returns: false where there is none.
    func read(_ body: (Record, UnsafeRawBufferPointer) -> Void) -> Bool {
        var tail = positions.pointee.tail.load(ordering: .relaxed)
        let head = positions.pointee.head.load(ordering: .acquiring)
        guard tail < head else { return false }
        var record = bytes.load(fromByteOffset: tail & (capacity - 1), as: Record.self)
        if record.length < 0 {
            tail += capacity - (tail & (capacity - 1))
            record = bytes.load(fromByteOffset: 0, as: Record.self)
        }
        let place = bytes + (tail & (capacity - 1)) + PacketRing.recordSize
        body(record, UnsafeRawBufferPointer(start: place, count: Int(record.length)))
        positions.pointee.tail.store(tail + PacketRing.space(Int(record.length)), ordering: .releasing)
        return true
    }
}
