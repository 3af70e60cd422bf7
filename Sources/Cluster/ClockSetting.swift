import CLinux

/// A skew as the clock stub wants it: shown = true + offset + (true - reference) × rate / 2^48.
struct ClockSetting: Hashable {
    var offset: Int64
    /// The true time, in nanoseconds, from which the rate counts.
    var reference: Int64
    var rate: Int64

    static let none = ClockSetting(offset: 0, reference: 0, rate: 0)
    static let byteCount = MemoryLayout<lab_clock_setting>.size
    /// A clock that runs a thousand times too fast should be enough; more would leave no room for the multiplication.
    static let largestRate: Int64 = 1_000_000_000

    init(offset: Int64, reference: Int64, rate: Int64) {
        self.offset = offset
        self.reference = reference
        self.rate = rate
    }

    /// The skew, from `now` on.
    init(_ skew: ClockSkew, now: Int64) throws(ClusterError) {
        guard abs(Double(skew.ratePartsPerMillion)) <= Double(ClockSetting.largestRate) else {
            throw ClusterError(
                "bend the clock of", "a rate of \(skew.ratePartsPerMillion) ppm; at most \(ClockSetting.largestRate)")
        }
        guard !now.addingReportingOverflow(skew.offset).overflow else {
            throw ClusterError("bend the clock of", "an offset of \(skew.offset) ns is beyond what clocks can show")
        }
        offset = skew.offset
        reference = now
        rate = Int64(Int128(skew.ratePartsPerMillion) * (1 << 48) / 1_000_000)
    }

    /// As in memory.
    var bytes: [UInt8] {
        withUnsafeBytes(of: lab_clock_setting(offset: offset, reference: reference, rate: rate, unused: 0)) {
            Array($0)
        }
    }

    init(bytes: [UInt8]) {
        let raw = bytes.withUnsafeBytes { $0.loadUnaligned(as: lab_clock_setting.self) }
        self.init(offset: raw.offset, reference: raw.reference, rate: raw.rate)
    }
}
