/// Durations, rates and percentages as people write them in workload files, and as reports show them to people.
public enum Quantity {
    // MARK: Reading

    /// Nanoseconds of a duration like `60s`, `500ms`, `1m30s`, `1.5 h`: one or more numbers, each with its unit (`d`,
    /// `h`, `m` or `min`, `s`, `ms`, `us` or `µs`, `ns`), the larger unit first.
    ///
    /// Nil for anything else: a number without a unit, a negative one, a part of a nanosecond, more than 292 years.
    public static func parseDuration(_ text: String) -> Int64? {
        var rest = Substring(text)
        var total: Int64 = 0
        var lastUnit = Int64.max
        repeat {
            guard let number = takeDecimal(&rest) else { return nil }
            rest = rest.drop { $0 == " " }
            let name = rest.prefix { $0.isLetter }
            rest = rest[name.endIndex...].drop { $0 == " " }
            guard let unit = unit(name), unit < lastUnit, let part = number.times(unit) else { return nil }
            lastUnit = unit
            let (sum, overflow) = total.addingReportingOverflow(part)
            if overflow { return nil }
            total = sum
        } while !rest.isEmpty
        return total
    }

    /// How often per second, from a rate like `500/s`, `2.5/s`, `30/min` or `1/h`; nil for anything else and for 0.
    public static func parseRate(_ text: String) -> Double? {
        var rest = Substring(text)
        guard let number = takeDecimal(&rest)?.value, number > 0 else { return nil }
        rest = rest.drop { $0 == " " }
        guard rest.first == "/" else { return nil }
        guard let unit = unit(rest.dropFirst().drop { $0 == " " }) else { return nil }
        return number * (1e9 / Double(unit))
    }

    /// The fraction (1 is the whole) that a percentage like `5%` or `0.25 %` stands for; nil for anything else.
    public static func parsePercent(_ text: String) -> Double? {
        var rest = Substring(text)
        guard let number = takeDecimal(&rest)?.value else { return nil }
        return rest.drop { $0 == " " } == "%" ? number / 100 : nil
    }

    /// Bytes of an amount like `64KiB`, `1.5GB` or `512 B`, by decimal (`kB` `MB` `GB` `TB`) and binary (`KiB` `MiB` `GiB`
    /// `TiB`) units; nil for anything else, and for more than an `Int64`.
    public static func parseBytes(_ text: String) -> Int64? {
        var rest = Substring(text)
        guard let number = takeDecimal(&rest) else { return nil }
        let units: [Substring: Int64] = [
            "B": 1, "kB": 1_000, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
            "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
        ]
        return units[rest.drop { $0 == " " }].flatMap { number.times($0) }
    }

    /// A decimal number as written.
    private struct Decimal {
        /// The digits, without the point.
        var digits: Int64
        /// How many of them stand behind the point.
        var places: Int

        /// The product as a whole number, or nil when it is none or too large.
        func times(_ unit: Int64) -> Int64? {
            var divisor: Int64 = 1
            for _ in 0..<places { divisor *= 10 }
            let product = digits.multipliedFullWidth(by: unit)
            guard product.high < divisor else { return nil }
            let (quotient, remainder) = divisor.dividingFullWidth(product)
            return remainder == 0 && quotient >= 0 ? quotient : nil
        }

        var value: Double {
            var divisor = 1.0
            for _ in 0..<places { divisor *= 10 }
            return Double(digits) / divisor
        }
    }

    private static func takeDecimal(_ text: inout Substring) -> Decimal? {
        let whole = text.prefix { $0.isASCII && $0.isNumber }
        guard !whole.isEmpty else { return nil }
        text = text[whole.endIndex...]
        var fraction = Substring()
        if text.first == "." {
            fraction = text.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard !fraction.isEmpty, fraction.count <= 15 else { return nil }
            text = text[fraction.endIndex...]
        }
        guard let digits = Int64(whole + fraction) else { return nil }
        return Decimal(digits: digits, places: fraction.count)
    }

    private static func unit(_ name: Substring) -> Int64? {
        switch name {
        case "ns": 1
        // The micro sign and the Greek letter.
        case "us", "\u{B5}s", "\u{3BC}s": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m", "min": 60_000_000_000
        case "h": 3_600_000_000_000
        case "d": 86_400_000_000_000
        default: nil
        }
    }

    // MARK: Writing

    /// A duration in nanoseconds with at most three digits that matter: `340 µs`, `1.25 s`, `1 min 30 s`, `2 h 5 min`.
    /// `parseDuration` reads it back, but for the sign and what was rounded away.
    public static func describe(duration nanoseconds: Int64) -> String {
        let sign = nanoseconds < 0 ? "-" : ""
        let size = nanoseconds.magnitude
        if size < 1_000 { return "\(sign)\(size) ns" }
        for (unit, name) in [(UInt64(1_000), "µs"), (1_000_000, "ms"), (1_000_000_000, "s")] {
            // Compared after rounding, so that 999.9996 ms becomes 1 s.
            let limit: UInt64 = name == "s" ? 60 : 1_000
            if let number = threeDigits(size, of: unit, below: limit) { return "\(sign)\(number) \(name)" }
        }
        let pairs: [(UInt64, String, UInt64, String)] = [
            (60_000_000_000, "min", 1_000_000_000, "s"), (3_600_000_000_000, "h", 60_000_000_000, "min"),
            (86_400_000_000_000, "d", 3_600_000_000_000, "h"),
        ]
        for (position, (large, largeName, small, smallName)) in pairs.enumerated() {
            let rounded = (size + small / 2) / small
            let perLarge = large / small
            if position + 1 < pairs.count, rounded * small >= pairs[position + 1].0 { continue }
            let rest = rounded % perLarge
            return "\(sign)\(rounded / perLarge) \(largeName)" + (rest == 0 ? "" : " \(rest) \(smallName)")
        }
        preconditionFailure("the last pair takes every duration")
    }

    /// An amount of bytes with decimal units: `1MB`, `2.5GB`, `100B`.
    public static func describe(bytes: Int64) -> String {
        for (unit, name) in [(1_000_000_000_000.0, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
        where Double(bytes.magnitude) >= unit {
            return threePlaces(Double(bytes) / unit) + name
        }
        return "\(bytes)B"
    }

    /// How often per second, as a rate: `500/s`, `2.5/s`; below one a second per minute or hour.
    public static func describe(rate perSecond: Double) -> String {
        if perSecond >= 1 || perSecond <= 0 { return "\(threePlaces(perSecond))/s" }
        return perSecond * 60 >= 1 ? "\(threePlaces(perSecond * 60))/min" : "\(threePlaces(perSecond * 3_600))/h"
    }

    /// A fraction as a percentage: `5%`, `0.25%`.
    public static func describe(fraction: Double) -> String { "\(threePlaces(fraction * 100))%" }

    /// `size` in `unit`s with three digits that matter, or nil when that would be `limit` or more.
    private static func threeDigits(_ size: UInt64, of unit: UInt64, below limit: UInt64) -> String? {
        guard size < unit * limit else { return nil }
        for (places, below) in [(2, UInt64(10)), (1, 100), (0, .max)] {
            let scale: UInt64 = places == 2 ? 100 : places == 1 ? 10 : 1
            // At most 10^12 times 100: no overflow.
            let rounded = (size * scale + unit / 2) / unit
            if rounded >= below &* scale, places > 0 { continue }
            if rounded >= limit * scale { return nil }
            return decimal(rounded, places: places)
        }
        return nil
    }

    /// At most three digits behind the point.
    private static func threePlaces(_ number: Double) -> String {
        guard abs(number) < 1e15 else { return "\(number)" }
        let thousandths = (number * 1_000).rounded()
        return (thousandths < 0 ? "-" : "") + decimal(UInt64(abs(thousandths)), places: 3)
    }

    /// `number` divided by 10 to the power of `places`, without zeros at the end.
    private static func decimal(_ number: UInt64, places: Int) -> String {
        var number = number
        var places = places
        while places > 0, number % 10 == 0 {
            number /= 10
            places -= 1
        }
        guard places > 0 else { return "\(number)" }
        let digits = "\(number)"
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return "\(padded.dropLast(places)).\(padded.suffix(places))"
    }
}
