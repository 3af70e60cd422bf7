import Glibc

/// Ids of pieces of text, by their bytes, of which the index keeps its own copy: open addressing.
struct ByteIndex: Sendable {
    private struct Slot {
        /// 0 where the slot is free.
        var hash: UInt64 = 0
        var start = 0
        var count: Int32 = 0
        var id: Int32 = 0
    }

    private var slots = [Slot](repeating: Slot(), count: 16)
    private var spellings: [UInt8] = []
    private(set) var count = 0

    /// How many bytes the pieces have together.
    var byteCount: Int { spellings.count }

    // MARK: - Hashes

    /// A hash of `count` bytes, never 0; after wyhash (github.com/wangyi-fudan/wyhash), eight bytes at a time.
    @inline(__always)
    static func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        let memory = UnsafeRawPointer(bytes)
        var hash = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
        if count >= 8 {
            var offset = 0
            while offset + 8 < count {
                hash = mixed(hash ^ memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            // The last eight bytes, of which some may have been there before.
            hash = mixed(hash ^ memory.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
        } else if count >= 4 {
            let low = UInt64(memory.loadUnaligned(as: UInt32.self))
            let high = UInt64(memory.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            hash = mixed(hash ^ (high << 32 | low))
        } else if count > 0 {
            let word = UInt64(bytes[0]) << 16 | UInt64(bytes[count >> 1]) << 8 | UInt64(bytes[count - 1])
            hash = mixed(hash ^ word)
        }
        return hash | 1
    }

    @inline(__always)
    private static func mixed(_ word: UInt64) -> UInt64 {
        let product = (word ^ 0xe703_7ed1_a0b4_28db).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low
    }

    // MARK: - Pieces

    /// The id of a piece, or -1.
    @inline(__always)
    func find(_ bytes: UnsafePointer<UInt8>, _ count: Int, hash: UInt64) -> Int32 {
        let mask = slots.count - 1
        return slots.withUnsafeBufferPointer { slots in
            var place = Int(truncatingIfNeeded: hash >> 20) & mask
            while true {
                let slot = slots[place]
                if slot.hash == 0 { return -1 }
                if slot.hash == hash, slot.count == count {
                    let same = spellings.withUnsafeBufferPointer { spellings in
                        guard let base = spellings.baseAddress else { return true }
                        return memcmp(base + slot.start, bytes, count) == 0
                    }
                    if same { return slot.id }
                }
                place = (place + 1) & mask
            }
        }
    }

    /// Adds a piece that `find` did not find.
    mutating func insert(_ bytes: UnsafePointer<UInt8>, _ count: Int, hash: UInt64, id: Int32) {
        if self.count * 2 >= slots.count { grow() }
        place(Slot(hash: hash, start: spellings.count, count: Int32(count), id: id))
        spellings.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        self.count += 1
    }

    private mutating func place(_ slot: Slot) {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: slot.hash >> 20) & mask
        while slots[place].hash != 0 { place = (place + 1) & mask }
        slots[place] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: old.count * 2)
        for slot in old where slot.hash != 0 { place(slot) }
    }
}
