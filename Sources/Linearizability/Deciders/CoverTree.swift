/// For every instant by how many ranges it is covered; ranges are taken away, and instants that became free come out.
///
/// Instants are kept in blocks with what is common to a block apart; above the blocks stands a tree of minima whose
/// additions to whole subtrees stay where they were made.
struct CoverTree: ~Copyable {
    private static let blockShift: Int32 = 5
    private static let blockSize = 32
    /// What an instant counts that came out already.
    private static let taken = Int32.max / 2

    private let counts: FlatBuffer<Int32>
    /// The minimum of a subtree, without the additions above it; leaves are blocks.
    private let minimum: FlatBuffer<Int32>
    private let addition: FlatBuffer<Int32>
    private let leafCount: Int

    /// - Parameter covered: for every instant its number of ranges.
    init(covered: borrowing FlatBuffer<Int32>, count: Int) {
        let blocks = max((count + Self.blockSize - 1) / Self.blockSize, 1)
        var leaves = 1
        while leaves < blocks { leaves *= 2 }
        leafCount = leaves
        counts = FlatBuffer(count: blocks * Self.blockSize, repeating: Self.taken)
        minimum = FlatBuffer(count: 2 * leaves, repeating: Self.taken)
        addition = FlatBuffer(count: 2 * leaves, repeating: 0)
        for instant in 0..<count { counts[instant] = covered[instant] }
        for block in 0..<blocks { refresh(block) }
        for node in (1..<leaves).reversed() { minimum[node] = min(minimum[2 * node], minimum[2 * node + 1]) }
    }

    @inline(__always) private func refresh(_ block: Int) {
        var least = Self.taken
        for instant in block * Self.blockSize..<(block + 1) * Self.blockSize { least = min(least, counts[instant]) }
        minimum[leafCount + block] = least + addition[leafCount + block]
    }

    @inline(__always) private func climb(from block: Int) {
        var node = (leafCount + block) >> 1
        while node > 0 {
            minimum[node] = min(minimum[2 * node], minimum[2 * node + 1]) + addition[node]
            node >>= 1
        }
    }

    @inline(__always) private func subtract(_ start: Int, _ end: Int) {
        for instant in start..<end { counts[instant] -= 1 }
    }

    /// Takes away a range that was counted.
    func remove(_ start: Int32, _ end: Int32) {
        guard start < end else { return }
        let first = Int(start >> Self.blockShift)
        let last = Int((end - 1) >> Self.blockShift)
        if first == last {
            subtract(Int(start), Int(end))
            refresh(first)
            climb(from: first)
            return
        }
        subtract(Int(start), (first + 1) * Self.blockSize)
        refresh(first)
        subtract(last * Self.blockSize, Int(end))
        refresh(last)
        var left = leafCount + first + 1
        var right = leafCount + last
        while left < right {
            if left & 1 == 1 {
                addition[left] -= 1
                minimum[left] -= 1
                left += 1
            }
            if right & 1 == 1 {
                right -= 1
                addition[right] -= 1
                minimum[right] -= 1
            }
            left >>= 1
            right >>= 1
        }
        climb(from: first)
        climb(from: last)
        if last - first > 1 {
            climb(from: first + 1)
            climb(from: last - 1)
        }
    }

    /// Moves all instants that are free and did not come out yet to the end of `list`; returns its new length.
    func takeFree(into list: borrowing FlatBuffer<Int32>, from length: Int) -> Int {
        var length = length
        while minimum[1] == 0 {
            var node = 1
            var sum: Int32 = 0
            while node < leafCount {
                sum += addition[node]
                node *= 2
                if minimum[node] + sum != 0 { node += 1 }
            }
            sum += addition[node]
            let block = node - leafCount
            for instant in block * Self.blockSize..<(block + 1) * Self.blockSize where counts[instant] + sum == 0 {
                counts[instant] = Self.taken
                list[length] = Int32(instant)
                length += 1
            }
            refresh(block)
            climb(from: block)
        }
        return length
    }
}
