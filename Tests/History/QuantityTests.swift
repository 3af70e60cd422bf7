import PolygraphHistory
import Testing

@Suite struct QuantityTests {
    @Test(arguments: [
        ("60s", 60_000_000_000), ("500ms", 500_000_000), ("1m30s", 90_000_000_000), ("1h", 3_600_000_000_000),
        ("1.5s", 1_500_000_000), ("0.25 ms", 250_000), ("20us", 20_000), ("20µs", 20_000), ("20μs", 20_000),
        ("7ns", 7), ("0s", 0), ("1 min 30 s", 90_000_000_000), ("2d", 172_800_000_000_000),
        ("1h1ms", 3_600_001_000_000),
        ("9223372036854775807ns", Int64.max), ("0.000000001s", 1),
    ])
    func `Durations`(text: String, nanoseconds: Int64) { #expect(Quantity.parseDuration(text) == nanoseconds) }

    @Test(arguments: [
        "", "60", "s", "-1s", "+1s", "1.s", ".5s", "1,5s", "30s1m", "1s1s", "1 s x", "1.5ns", "1e3s", "٣s",
        "9223372036854775808ns", "200000000h", "1S", "1.0000000000000000s", " 1s",
    ])
    func `What is no duration`(text: String) {
        #expect(Quantity.parseDuration(text) == nil)
    }

    @Test(arguments: [
        ("500/s", 500.0), ("2.5/s", 2.5), ("30/min", 0.5), ("30/m", 0.5), ("36/h", 0.01), ("1 / ms", 1_000),
    ])
    func `Rates`(text: String, perSecond: Double) {
        #expect(abs(Quantity.parseRate(text)! - perSecond) < perSecond * 1e-12)
    }

    @Test(arguments: ["500", "0/s", "-1/s", "/s", "500/", "500/x", "500/s/s", "1/2s"])
    func `What is no rate`(text: String) { #expect(Quantity.parseRate(text) == nil) }

    @Test(arguments: [("5%", 0.05), ("0.25 %", 0.0025), ("100%", 1.0), ("0%", 0.0), ("250%", 2.5)])
    func `Percentages`(text: String, fraction: Double) { #expect(Quantity.parsePercent(text) == fraction) }

    @Test(arguments: ["5", "%", "-5%", "5%%", "5 percent"])
    func `What is no percentage`(text: String) { #expect(Quantity.parsePercent(text) == nil) }

    @Test(arguments: [
        (0, "0 ns"), (999, "999 ns"), (1_000, "1 µs"), (340_000, "340 µs"), (1_250_000_000, "1.25 s"),
        (999_999_600, "1 s"), (9_996_000, "10 ms"), (12_345_678, "12.3 ms"), (59_960_000_000, "1 min"),
        (90_000_000_000, "1 min 30 s"), (3_599_700_000_000, "1 h"), (7_500_000_000_000, "2 h 5 min"),
        (86_399_000_000_000, "1 d"), (-45_000_000_000, "-45 s"), (Int64.max, "106752 d"),
    ])
    func `Durations for people`(nanoseconds: Int64, text: String) {
        #expect(Quantity.describe(duration: nanoseconds) == text)
    }

    @Test func `A described duration is read back but for what was rounded away`() {
        var numbers = SeededNumbers(7)
        for _ in 0..<20_000 {
            let duration = Int64(numbers.next() >> UInt64.random(in: 1...63, using: &numbers))
            let text = Quantity.describe(duration: duration)
            let back = Quantity.parseDuration(text)
            #expect(back != nil, "\(text)")
            // The coarsest step is an hour in a day.
            #expect(abs(Double(back ?? 0) - Double(duration)) <= Double(duration) / 48, "\(duration): \(text)")
        }
    }

    @Test func `Rates and fractions for people`() {
        #expect(Quantity.describe(rate: 500) == "500/s")
        #expect(Quantity.describe(rate: 2.5) == "2.5/s")
        #expect(Quantity.describe(rate: 0.5) == "30/min")
        #expect(Quantity.describe(rate: 0.01) == "36/h")
        #expect(Quantity.describe(fraction: 0.05) == "5%")
        #expect(Quantity.describe(fraction: 0.0025) == "0.25%")
        #expect(Quantity.describe(fraction: -0.012) == "-1.2%")
    }
}
