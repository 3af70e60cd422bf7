/// What the wall clock of a node's processes shows, against the true time, as a function of the true time since it was
/// set: a jump, a wrong rate, a slew and a strobe, all at once.
public struct ClockSkew: Hashable, Sendable {
    /// Nanoseconds ahead (positive) or behind (negative) at the moment it is set.
    public var offset: Int64
    /// Parts per million too fast (positive) or too slow (negative) from then on.
    public var ratePartsPerMillion: Int64
    /// An error that comes without a jump; nil: none.
    public var slew: ClockSlew?
    /// A clock that jumps to and fro; nil: none.
    public var strobe: ClockStrobe?

    public init(
        offset: Int64, ratePartsPerMillion: Int64 = 0, slew: ClockSlew? = nil, strobe: ClockStrobe? = nil
    ) {
        self.offset = offset
        self.ratePartsPerMillion = ratePartsPerMillion
        self.slew = slew
        self.strobe = strobe
    }

    /// The true time.
    public static let none = ClockSkew(offset: 0)

    /// A clock that stands still at the time that it shows, `offset` nanoseconds ahead of the true time.
    public static func frozen(at offset: Int64 = 0) -> ClockSkew {
        ClockSkew(offset: offset, ratePartsPerMillion: -1_000_000)
    }

    /// Whether it stands still.
    public var isFrozen: Bool { ratePartsPerMillion == -1_000_000 && slew == nil && strobe == nil }

    /// Nanoseconds ahead of the true time, so many nanoseconds after it was set.
    public func error(after elapsed: Int64) -> Int64 {
        let drifted = Int128(elapsed) * Int128(ratePartsPerMillion) / 1_000_000
        let ahead = strobe.map { elapsed / max(1, $0.period / 2) % 2 != 0 ? $0.amplitude : 0 } ?? 0
        return Int64(clamping: Int128(offset) + drifted + Int128(slew?.gained(after: elapsed) ?? 0) + Int128(ahead))
    }
}

/// An error that grows evenly for a while, and stays.
public struct ClockSlew: Hashable, Sendable {
    /// Nanoseconds ahead (positive) or behind (negative) in the end.
    public var gain: Int64
    /// Nanoseconds of true time that it takes.
    public var duration: Int64

    public init(gain: Int64, duration: Int64) {
        self.gain = gain
        self.duration = duration
    }

    /// How much of it there is after so many nanoseconds.
    public func gained(after elapsed: Int64) -> Int64 {
        elapsed >= duration ? gain : Int64(Int128(gain) * Int128(elapsed) / Int128(duration))
    }
}

/// A clock that jumps ahead and back again, for ever.
public struct ClockStrobe: Hashable, Sendable {
    /// Nanoseconds from one jump ahead to the next; it shows the time without the jump in the first half.
    public var period: Int64
    /// Nanoseconds of the jump ahead (positive) or behind (negative).
    public var amplitude: Int64

    public init(period: Int64, amplitude: Int64) {
        self.period = period
        self.amplitude = amplitude
    }
}

extension ClockSkew {
    /// As words of a request to a node's agent.
    var requestWords: [String] {
        [
            String(offset), String(ratePartsPerMillion), slew.map { String($0.gain) } ?? "",
            slew.map { String($0.duration) } ?? "", strobe.map { String($0.period) } ?? "",
            strobe.map { String($0.amplitude) } ?? "",
        ]
    }

    init?(requestWords words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count == 6, let offset = Int64(words[0]), let rate = Int64(words[1]) else { return nil }
        self.init(offset: offset, ratePartsPerMillion: rate)
        if let gain = Int64(words[2]), let duration = Int64(words[3]) {
            slew = ClockSlew(gain: gain, duration: duration)
        }
        if let period = Int64(words[4]), let amplitude = Int64(words[5]) {
            strobe = ClockStrobe(period: period, amplitude: amplitude)
        }
    }
}
