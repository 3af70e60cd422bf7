/// Patterns of `Host` lines and of `known_hosts`: `*` and `?` stand for any text and any character, `!` excludes.
enum HostPattern {
    /// Whether a list of patterns holds for a name: one that matches, and none with `!` that does. Case is ignored.
    static func matches(_ name: String, list: [String]) -> Bool {
        var found = false
        for pattern in list {
            if pattern.hasPrefix("!") {
                if matches(name, String(pattern.dropFirst())) { return false }
            } else if matches(name, pattern) {
                found = true
            }
        }
        return found
    }

    static func matches(_ name: String, _ pattern: String) -> Bool {
        let text = Array(name.lowercased().utf8)
        let words = Array(pattern.lowercased().utf8)
        var position = 0
        var next = 0
        // Where to go on when what follows the last `*` does not fit.
        var star: (next: Int, position: Int)?
        while position < text.count {
            if next < words.count, words[next] == UInt8(ascii: "*") {
                star = (next + 1, position)
                next += 1
            } else if next < words.count, words[next] == UInt8(ascii: "?") || words[next] == text[position] {
                next += 1
                position += 1
            } else if let last = star {
                star = (last.next, last.position + 1)
                next = last.next
                position = last.position + 1
            } else {
                return false
            }
        }
        return words[next...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
