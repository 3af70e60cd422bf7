/// A set of lists of 32-bit integers in flat memory.
struct IntegerListSet {
    /// The lists one after the other, each after its length.
    private var words: [Int32] = []
    /// Where each list starts in `words`, by open addressing; -1 where a place is free.
    private var starts = [Int](repeating: -1, count: 256)
    private(set) var count = 0

    /// Bytes held.
    var bytes: Int { words.capacity * 4 + starts.count * 8 }

    func contains(_ list: UnsafeBufferPointer<Int32>) -> Bool { starts[place(of: list)] >= 0 }

    mutating func insert(_ list: UnsafeBufferPointer<Int32>) {
        if count * 2 >= starts.count { grow() }
        let place = place(of: list)
        guard starts[place] < 0 else { return }
        starts[place] = words.count
        words.append(Int32(list.count))
        words.append(contentsOf: list)
        count += 1
    }

    private func place(of list: UnsafeBufferPointer<Int32>) -> Int {
        let mask = starts.count - 1
        var place = Self.hash(list) & mask
        while starts[place] >= 0, !isEqual(starts[place], list) { place = (place + 1) & mask }
        return place
    }

    private func isEqual(_ start: Int, _ list: UnsafeBufferPointer<Int32>) -> Bool {
        guard Int(words[start]) == list.count else { return false }
        for number in list.indices where words[start + 1 + number] != list[number] { return false }
        return true
    }

    private mutating func grow() {
        let old = starts
        starts = [Int](repeating: -1, count: old.count * 2)
        let mask = starts.count - 1
        words.withUnsafeBufferPointer { words in
            for start in old where start >= 0 {
                let list = UnsafeBufferPointer(rebasing: words[(start + 1)..<(start + 1 + Int(words[start]))])
                var place = Self.hash(list) & mask
                while starts[place] >= 0 { place = (place + 1) & mask }
                starts[place] = start
            }
        }
    }

    private static func hash(_ list: UnsafeBufferPointer<Int32>) -> Int {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for word in list { hash = mix(hash ^ UInt64(UInt32(bitPattern: word))) }
        return Int(truncatingIfNeeded: hash)
    }
}
