import CLinux

/// A skew as the clock stub wants it: the fields of `lab_clock_setting`, where the formula stands.
struct ClockSetting: Hashable {
    var offset: Int64
    /// The true time, in nanoseconds, from which rate, slew and strobe count.
    var reference: Int64
    var rate: Int64
    var slewDuration: Int64 = 0
    var slewRate: Int64 = 0
    var strobeStretch: Int64 = 0
    var strobeAmplitude: Int64 = 0

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
        func refuse(_ reason: String) -> ClusterError { ClusterError("bend the clock of", reason) }
        guard abs(Double(skew.ratePartsPerMillion)) <= Double(ClockSetting.largestRate) else {
            throw refuse("a rate of \(skew.ratePartsPerMillion) ppm; at most \(ClockSetting.largestRate)")
        }
        let amplitude = skew.strobe?.amplitude ?? 0
        let sums = [skew.offset, amplitude].map { now.addingReportingOverflow($0) }
        let together = skew.offset.addingReportingOverflow(amplitude)
        guard !sums.contains(where: \.overflow), !together.overflow,
            !now.addingReportingOverflow(together.partialValue).overflow
        else {
            throw refuse("an offset of \(skew.offset) ns is beyond what clocks can show")
        }
        if let slew = skew.slew {
            let limit = Int128(slew.duration) * Int128(ClockSetting.largestRate) / 1_000_000
            guard slew.duration > 0, abs(Int128(slew.gain)) <= limit else {
                throw refuse("a slew of \(slew.gain) ns over \(slew.duration) ns")
            }
            slewDuration = slew.duration
            slewRate = Int64(Int128(slew.gain) * (1 << 48) / Int128(slew.duration))
        }
        if let strobe = skew.strobe, strobe.period < 2 { throw refuse("a strobe of \(strobe.period) ns") }
        offset = skew.offset
        reference = now
        rate = Int64(Int128(skew.ratePartsPerMillion) * (1 << 48) / 1_000_000)
        strobeStretch = (skew.strobe?.period ?? 0) / 2
        strobeAmplitude = amplitude
    }

    /// As in memory.
    var bytes: [UInt8] {
        let raw = lab_clock_setting(
            offset: offset, reference: reference, rate: rate, slew_duration: slewDuration,
            strobe_stretch: strobeStretch, strobe_amplitude: strobeAmplitude, slew_rate: slewRate, unused: 0)
        return withUnsafeBytes(of: raw) { Array($0) }
    }

    init(bytes: [UInt8]) {
        let raw = bytes.withUnsafeBytes { $0.loadUnaligned(as: lab_clock_setting.self) }
        self.init(offset: raw.offset, reference: raw.reference, rate: raw.rate)
        slewDuration = raw.slew_duration
        slewRate = raw.slew_rate
        strobeStretch = raw.strobe_stretch
        strobeAmplitude = raw.strobe_amplitude
    }
}
