import Glibc

/// Frames that wait for their time: a binary heap of moments over a pool of frames of bounded size.
///
/// Belongs to the switch's thread. The pool is memory that the kernel gives page by page at the first use, so that a
/// switch without delays costs nothing.
struct DelayedFrames {
    /// What is known of a waiting frame beside its bytes.
    struct Slot {
        var link: Int32
        var target: Int32
        var length: Int32
        /// Whether it is one of the link's own frames, which count, and not a reset that the switch has made.
        var counts: Bool
        var arrival: Int64
        /// Its place among the link's frames.
        var order: UInt64
    }

    private struct Entry {
        var due: Int64
        /// Of two frames that are due at once the one that came first leaves first.
        var sequence: UInt64
        var slot: Int32
    }

    /// 64 MiB. What comes when all of it waits is lost, and counted like what a full queue loses.
    static let capacity = 32_768
    static let frameSize = 2048

    private let bytes: UnsafeMutablePointer<UInt8>
    private let slots: UnsafeMutablePointer<Slot>
    private let heap: UnsafeMutablePointer<Entry>
    private let free: UnsafeMutablePointer<Int32>
    private(set) var count = 0
    /// Slots that have been given back. Taken from the end, so that few pages are in use where few frames wait.
    private var freeCount = 0
    /// Slots that have ever been used.
    private var touched = 0
    private var sequence: UInt64 = 0

    init() {
        bytes = .allocate(capacity: DelayedFrames.capacity * DelayedFrames.frameSize)
        slots = .allocate(capacity: DelayedFrames.capacity)
        heap = .allocate(capacity: DelayedFrames.capacity)
        free = .allocate(capacity: DelayedFrames.capacity)
    }

    func deallocate() {
        bytes.deallocate()
        slots.deallocate()
        heap.deallocate()
        free.deallocate()
    }

    /// When the next frame is due; nil where none waits.
    @inline(__always)
    var nextDue: Int64? { count == 0 ? nil : heap[0].due }

    /// Copies a frame.
    /// - Returns: its bytes; nil where there is no room.
    @inline(__always)
    mutating func add(_ frame: UnsafePointer<UInt8>, _ slot: Slot, due: Int64) -> UnsafeMutablePointer<UInt8>? {
        guard let place = add(slot, due: due) else { return nil }
        place.update(from: frame, count: Int(slot.length))
        return place
    }

    /// Makes room for a frame that the caller writes.
    mutating func add(_ slot: Slot, due: Int64) -> UnsafeMutablePointer<UInt8>? {
        let index: Int
        if freeCount > 0 {
            freeCount -= 1
            index = Int(free[freeCount])
        } else if touched < DelayedFrames.capacity {
            index = touched
            touched += 1
        } else {
            return nil
        }
        guard Int(slot.length) <= DelayedFrames.frameSize else {
            give(back: index)
            return nil
        }
        slots[index] = slot
        push(Entry(due: due, sequence: sequence, slot: Int32(index)))
        sequence &+= 1
        return bytes + index * DelayedFrames.frameSize
    }

    /// Takes out the first frame that is due.
    /// - Returns: its slot, to be given back when its bytes are no longer needed; nil where none is due.
    @inline(__always)
    mutating func take(due now: Int64) -> Int? {
        guard count > 0, heap[0].due <= now else { return nil }
        return pop()
    }

    subscript(slot: Int) -> Slot { slots[slot] }

    func frame(_ slot: Int) -> UnsafePointer<UInt8> { UnsafePointer(bytes + slot * DelayedFrames.frameSize) }

    mutating func give(back slot: Int) {
        free[freeCount] = Int32(slot)
        freeCount += 1
    }

    @inline(__always)
    private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        left.due != right.due ? left.due < right.due : left.sequence < right.sequence
    }

    private mutating func push(_ entry: Entry) {
        var place = count
        count += 1
        while place > 0 {
            let above = (place - 1) / 2
            guard DelayedFrames.isBefore(entry, heap[above]) else { break }
            heap[place] = heap[above]
            place = above
        }
        heap[place] = entry
    }

    private mutating func pop() -> Int {
        let slot = Int(heap[0].slot)
        count -= 1
        let last = heap[count]
        var place = 0
        while true {
            var below = 2 * place + 1
            guard below < count else { break }
            if below + 1 < count, DelayedFrames.isBefore(heap[below + 1], heap[below]) { below += 1 }
            guard DelayedFrames.isBefore(heap[below], last) else { break }
            heap[place] = heap[below]
            place = below
        }
        heap[place] = last
        return slot
    }
}
