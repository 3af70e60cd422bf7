// Rounding calls the C library of mathematics, which this import links.
import Glibc

/// Numbers and times as people read them.
enum Units {
    /// A number with a fixed number of decimals (0–9).
    static func fixed(_ number: Double, _ decimals: Int) -> String {
        guard number.isFinite else { return "–" }
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (number.magnitude * Double(scale)).rounded()
        guard scaled < 9e18 else { return "\(number)" }
        let whole = Int64(scaled)
        let sign = number < 0 && whole > 0 ? "-" : ""
        guard decimals > 0 else { return sign + "\(whole)" }
        let fraction = String(whole % scale)
        return sign + "\(whole / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// A count with a comma between thousands: `300,000`.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (digits.count - position) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// A moment of the run in seconds with milliseconds: `12.345 s`.
    static func moment(_ nanoseconds: Int64) -> String {
        // A history without times has its positions for nanoseconds.
        if nanoseconds != 0 && nanoseconds.magnitude < 1_000_000 { return duration(nanoseconds) }
        return fixed(Double(nanoseconds) / 1e9, 3) + " s"
    }

    /// A stretch of time with about three digits in the unit that fits: `84 µs`, `4.21 ms`, `1.5 s`, `2 min 5 s`.
    static func duration(_ nanoseconds: Int64) -> String {
        let size = Double(nanoseconds.magnitude)
        let sign = nanoseconds < 0 ? "-" : ""
        if size < 1e3 { return sign + "\(nanoseconds.magnitude) ns" }
        if size < 999.5e3 { return sign + significant(size / 1e3) + " µs" }
        if size < 999.5e6 { return sign + significant(size / 1e6) + " ms" }
        if size < 59.95e9 { return sign + significant(size / 1e9) + " s" }
        let seconds = Int((size / 1e9).rounded())
        if seconds < 3600 { return sign + "\(seconds / 60) min" + (seconds % 60 == 0 ? "" : " \(seconds % 60) s") }
        let minutes = seconds / 60
        return sign + "\(minutes / 60) h" + (minutes % 60 == 0 ? "" : " \(minutes % 60) min")
    }

    /// Three significant digits, without zeros at the end.
    private static func significant(_ number: Double) -> String {
        var text = fixed(number, number < 9.995 ? 2 : number < 99.95 ? 1 : 0)
        guard text.contains(".") else { return text }
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    /// Operations a second.
    static func rate(_ operations: Int, in nanoseconds: Int64) -> String {
        guard nanoseconds > 0 else { return "–" }
        let rate = Double(operations) * 1e9 / Double(nanoseconds)
        return (rate < 10 ? fixed(rate, 1) : count(Int(rate.rounded()))) + "/s"
    }

    /// `1 fault`, `2 faults`.
    static func plural(_ number: Int, _ noun: String, _ nouns: String? = nil) -> String {
        count(number) + " " + (number == 1 ? noun : nouns ?? noun + "s")
    }
}

/// Sentences put together from parts.
enum Sentence {
    /// The same text with its first letter in upper case.
    static func capitalised(_ text: String) -> String {
        guard let first = text.first else { return text }
        return first.uppercased() + text.dropFirst()
    }
}
