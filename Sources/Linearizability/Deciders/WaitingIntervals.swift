/// Intervals of instants that wait for one of theirs to become free; each comes out once.
///
/// A tree over the starts that knows the latest end of every subtree.
struct WaitingIntervals: ~Copyable {
    private let latestEnd: FlatBuffer<Int32>
    private let leafCount: Int

    init(count: Int) {
        var leaves = 1
        while leaves < count { leaves *= 2 }
        leafCount = leaves
        latestEnd = FlatBuffer(count: 2 * leaves, repeating: -1)
    }

    /// Notes an interval; `prepare` comes after the last one.
    @inline(__always) func add(start: Int32, end: Int32) { latestEnd[leafCount + Int(start)] = end }

    func prepare() {
        for node in (1..<leafCount).reversed() {
            latestEnd[node] = max(latestEnd[2 * node], latestEnd[2 * node + 1])
        }
    }

    /// Takes out an interval that contains an instant; returns its start, or -1.
    func take(containing instant: Int32) -> Int32 {
        // The nearest start at or before the instant with an end beyond it.
        var node = leafCount + Int(instant)
        while latestEnd[node] <= instant {
            while node & 1 == 0 {
                node >>= 1
                if node <= 1 { return -1 }
            }
            if node == 1 { return -1 }
            node -= 1
        }
        while node < leafCount {
            node = 2 * node + 1
            if latestEnd[node] <= instant { node -= 1 }
        }
        let start = Int32(node - leafCount)
        latestEnd[node] = -1
        node >>= 1
        while node > 0 {
            latestEnd[node] = max(latestEnd[2 * node], latestEnd[2 * node + 1])
            node >>= 1
        }
        return start
    }
}
