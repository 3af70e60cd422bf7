/// How long a machine has been running: a clock that a command can read, and that nobody sets.
enum HostUptime {
    static let file = "/proc/uptime"

    /// Nanoseconds, to a hundredth of a second.
    static var now: Int64? { readFile(file).flatMap { parse(String(decoding: $0, as: UTF8.self)) } }

    /// What the file says: `350735.47 234388.90`.
    static func parse(_ text: String) -> Int64? {
        let parts = text.prefix { $0 != " " && $0 != "\n" }.split(separator: ".")
        guard parts.count == 2, parts[1].utf8.count == 2, let seconds = Int64(parts[0]),
            let hundredths = Int64(parts[1])
        else { return nil }
        return seconds * 1_000_000_000 + hundredths * 10_000_000
    }
}
