/// The instants of a timeline that are not yet covered by any of a growing number of ranges.
///
/// A union-find forest over instants (Tarjan): the root of a covered instant is the next free one.
struct FreeInstants: ~Copyable {
    private let next: FlatBuffer<Int32>

    init(count: Int) {
        next = FlatBuffer(count: count + 1, repeating: 0)
        for instant in 0...count { next[instant] = Int32(instant) }
    }

    /// The first free instant from `instant` on; the number of instants if there is none.
    @inline(__always) func first(from instant: Int32) -> Int32 {
        var place = instant
        while next[place] != place {
            next[place] = next[next[place]]
            place = next[place]
        }
        return place
    }

    @inline(__always) func cover(_ start: Int32, _ end: Int32) {
        let last = min(end, Int32(next.count - 1))
        var place = first(from: start)
        while place < last {
            next[place] = place + 1
            place = first(from: place + 1)
        }
    }
}
