/// The operations that wait, the one with the smallest key first (a binary heap).
struct RankHeap: ~Copyable {
    private let entries: FlatBuffer<UInt64>
    private(set) var count = 0

    init(capacity: Int) { entries = FlatBuffer(count: capacity, repeating: 0) }

    mutating func insert(_ operation: Int32, key: Int32) {
        let entry = UInt64(UInt32(bitPattern: key)) << 32 | UInt64(UInt32(bitPattern: operation))
        var place = count
        count += 1
        while place > 0, entries[(place - 1) / 2] > entry {
            entries[place] = entries[(place - 1) / 2]
            place = (place - 1) / 2
        }
        entries[place] = entry
    }

    /// Takes out the operation with the smallest key; -1 if there is none.
    mutating func removeFirst() -> Int32 {
        guard count > 0 else { return -1 }
        let first = Int32(truncatingIfNeeded: entries[0])
        count -= 1
        let last = entries[count]
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < count else { break }
            if child + 1 < count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < last else { break }
            entries[place] = entries[child]
            place = child
        }
        entries[place] = last
        return first
    }
}
