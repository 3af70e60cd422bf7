/// Finds what somebody meant to write.
package enum Spelling {
    /// `; did you mean …?` with the nearest of the words, or nothing when none is near.
    package static func suggestion(for word: String, among words: [String]) -> String {
        nearest(to: word, among: words).map { "; did you mean `\($0)`?" } ?? ""
    }

    /// The word that is at most a third of its letters away, or nil.
    package static func nearest(to word: String, among words: [String]) -> String? {
        let scored = words.map { (distance(word.lowercased(), $0.lowercased()), $0) }
        guard let best = scored.min(by: { $0.0 < $1.0 }) else { return nil }
        return best.0 <= max(1, max(word.count, best.1.count) / 3) ? best.1 : nil
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other
    /// (optimal string alignment distance).
    package static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.unicodeScalars)
        let b = Array(right.unicodeScalars)
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
