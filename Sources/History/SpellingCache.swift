import Glibc

/// Remembers which id a piece of text was given, by its bytes: what is spelled the same need not be parsed again.
///
/// Open addressing over bytes that the cache owns. It forgets everything when it has grown too large, which costs
/// time and nothing else.
struct SpellingCache {
    /// Longer spellings are not worth remembering.
    static let longest = 512
    private static let mostBytes = 64 << 20
    private static let mostEntries = 1 << 21

    private struct Slot {
        /// 0 where the slot is free.
        var hash: UInt64 = 0
        var start: Int32 = 0
        var count: Int32 = 0
        var id: Int32 = 0
    }

    private var slots = [Slot](repeating: Slot(), count: 64)
    private var spellings: [UInt8] = []
    private var count = 0

    /// A hash of `count` bytes, never 0. Eight bytes at a time are read, up to seven behind the last one.
    @inline(__always)
    static func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
        let memory = UnsafeRawPointer(bytes)
        var offset = 0
        while offset + 8 <= count {
            hash = mixed(hash ^ memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        if offset < count {
            let rest = memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            // Of a little-endian word the first bytes are the low ones.
            hash = mixed(hash ^ (UInt64(littleEndian: rest) & (1 << UInt64(8 * (count - offset)) - 1)))
        }
        return hash | 1
    }

    @inline(__always)
    private static func mixed(_ word: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low
    }

    /// The id of a spelling, or -1.
    @inline(__always)
    func find(_ bytes: UnsafePointer<UInt8>, _ count: Int, hash: UInt64) -> Int32 {
        let mask = slots.count - 1
        return slots.withUnsafeBufferPointer { slots in
            var place = Int(truncatingIfNeeded: hash >> 20) & mask
            while true {
                let slot = slots[place]
                if slot.hash == 0 { return -1 }
                if slot.hash == hash, slot.count == count {
                    let same = spellings.withUnsafeBufferPointer {
                        memcmp($0.baseAddress! + Int(slot.start), bytes, count) == 0
                    }
                    if same { return slot.id }
                }
                place = (place + 1) & mask
            }
        }
    }

    /// Remembers the id of a spelling that `find` did not find.
    mutating func insert(_ bytes: UnsafePointer<UInt8>, _ count: Int, hash: UInt64, id: Int32) {
        if count > Self.longest { return }
        if spellings.count > Self.mostBytes || self.count > Self.mostEntries { self = SpellingCache() }
        if self.count * 2 >= slots.count { grow() }
        place(Slot(hash: hash, start: Int32(spellings.count), count: Int32(count), id: id))
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
