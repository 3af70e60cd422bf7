/// The least of values noted at places, over the places below a bound (a Fenwick tree).
struct MinimumTree: ~Copyable {
    /// The value and a mark that goes with it.
    private let values: FlatBuffer<UInt64>

    init(count: Int) { values = FlatBuffer(count: count + 1, repeating: UInt64.max) }

    func note(_ value: Int32, mark: Int32, at place: Int) {
        let entry = UInt64(UInt32(bitPattern: value)) << 32 | UInt64(UInt32(bitPattern: mark))
        var node = place + 1
        while node < values.count {
            values[node] = min(values[node], entry)
            node += node & -node
        }
    }

    /// The least value noted at a place below `bound`, with its mark.
    func least(below bound: Int) -> (value: Int32, mark: Int32)? {
        var best = UInt64.max
        var node = bound
        while node > 0 {
            best = min(best, values[node])
            node -= node & -node
        }
        guard best != UInt64.max else { return nil }
        return (Int32(truncatingIfNeeded: best >> 32), Int32(truncatingIfNeeded: best))
    }
}
