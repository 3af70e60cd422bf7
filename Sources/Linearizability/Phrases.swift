import PolygraphHistory

/// Small pieces of sentences.
enum Phrases {
    /// Nanoseconds since the run began as seconds with milliseconds: `12.345 s`; what is less than one in a smaller
    /// unit.
    static func seconds(_ nanoseconds: Int64) -> String {
        if nanoseconds != 0 && nanoseconds.magnitude < 1_000_000 {
            return nanoseconds.magnitude < 1_000 ? "\(nanoseconds) ns" : "\(nanoseconds / 1_000) µs"
        }
        let sign = nanoseconds < 0 ? "-" : ""
        let milliseconds = (nanoseconds.magnitude + 500_000) / 1_000_000
        let rest = String(milliseconds % 1000)
        return "\(sign)\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest) s"
    }

    /// A span in the unit that fits: `60 s`, `1.5 s`, `250 ms`, `40 µs`, `7 ns`.
    static func span(_ nanoseconds: Int64) -> String {
        let size = nanoseconds.magnitude
        if size >= 1_000_000_000 { return "\(decimal(size, per: 1_000_000_000)) s" }
        if size >= 1_000_000 { return "\(decimal(size, per: 1_000_000)) ms" }
        return size >= 1000 ? "\(size / 1000) µs" : "\(size) ns"
    }

    /// As `span`, but never less than it is.
    static func spanRoundedUp(_ nanoseconds: Int64) -> String {
        let unit: Int64 =
            nanoseconds >= 1_000_000_000
            ? 100_000_000 : nanoseconds >= 1_000_000 ? 100_000 : nanoseconds >= 1000 ? 1000 : 1
        return span((nanoseconds + unit - 1) / unit * unit)
    }

    /// With one digit after the point where it is not zero.
    private static func decimal(_ size: UInt64, per unit: UInt64) -> String {
        let tenths = (size + unit / 20) / (unit / 10)
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ parts: [String]) -> String {
        if parts.count < 2 { return parts.first ?? "" }
        return parts.dropLast().joined(separator: ", ") + " and " + parts[parts.count - 1]
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
