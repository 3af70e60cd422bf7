/// A growing set of instants that answers which member is next: a trie of 64-bit words.
struct InstantSet: ~Copyable {
    /// The words of all levels, the finest first.
    private let words: FlatBuffer<UInt64>
    private let starts: [Int]

    init(count: Int) {
        var starts: [Int] = []
        var total = 0
        var size = max(count, 1)
        repeat {
            size = (size + 63) / 64
            starts.append(total)
            total += size
        } while size > 1
        self.starts = starts
        words = FlatBuffer(count: total, repeating: 0)
    }

    func insert(_ instant: Int32) {
        var place = Int(instant)
        for start in starts {
            let word = words[start + place >> 6]
            words[start + place >> 6] = word | 1 << UInt64(place & 63)
            if word != 0 { return }
            place >>= 6
        }
    }

    /// The least member that is not below `instant`.
    func first(from instant: Int32) -> Int32? {
        var place = Int(instant)
        for level in starts.indices {
            if place >> 6 < size(of: level) {
                let rest = words[starts[level] + place >> 6] >> UInt64(place & 63)
                if rest != 0 { return descend(place + rest.trailingZeroBitCount, from: level, last: false) }
            }
            place = place >> 6 + 1
        }
        return nil
    }

    /// The greatest member that is not above `instant`.
    func last(to instant: Int32) -> Int32? {
        var place = Int(instant)
        for level in starts.indices {
            guard place >= 0 else { return nil }
            let rest = words[starts[level] + place >> 6] << UInt64(63 - place & 63)
            if rest != 0 { return descend(place - rest.leadingZeroBitCount, from: level, last: true) }
            place = place >> 6 - 1
        }
        return nil
    }

    private func size(of level: Int) -> Int {
        (level + 1 < starts.count ? starts[level + 1] : words.count) - starts[level]
    }

    private func descend(_ place: Int, from level: Int, last: Bool) -> Int32 {
        var place = place
        for level in (0..<level).reversed() {
            let word = words[starts[level] + place]
            place = place << 6 + (last ? 63 - word.leadingZeroBitCount : word.trailingZeroBitCount)
        }
        return Int32(place)
    }
}
