/// Which write every read saw.
///
/// Where a value was written once this is a fact. Where it was written more often it is open, or guessed: what holds for
/// a guess holds, what fails without the open reads fails.
struct Attribution: Sendable {
    /// The source of a read of the initial value, of a read that may have several, and of what reads nothing.
    static let initial: Int32 = -1
    static let open: Int32 = -2
    static let none: Int32 = -3

    /// Of each entry the entry that wrote what it saw, or one of the above.
    private(set) var source: [Int32]
    /// Whether the entry took effect: certain ones did, and those that were seen.
    private(set) var isLive: [Bool]
    /// Entries that saw what nobody can have written.
    private(set) var impossible: [Int32] = []
    /// Reads that have more than one possible source.
    private(set) var ambiguous = 0
    /// Of these the first one that was left open; -1 where there is none.
    private(set) var firstOpen: Int32 = -1

    /// - Parameters:
    ///   - guessing: whether reads that have several possible sources get one; otherwise they stay open.
    ///   - variant: 0 for the likeliest sources; other numbers mix in less likely ones, each number others.
    ///   - chosen: sources that some of the reads with several are taken to have.
    init(_ trace: RegisterTrace, guessing: Bool, variant: UInt64 = 0, chosen: [Int32: Int32] = [:]) {
        let entries = trace.entries
        source = [Int32](repeating: Self.none, count: entries.count)
        isLive = entries.map(\.isCertain)
        var pending = entries.indices.filter { entries[$0].isCertain }.map { Int32($0) }
        while let place = pending.popLast() {
            let entry = entries[Int(place)]
            guard entry.observed != RegisterTrace.nothing else { continue }
            let content = Int(entry.observed)
            let writers = trace.writers[content]
            let others = writers.count - (entry.written == entry.observed ? 1 : 0)
            let mayBeInitial = trace.isInitial[content]
            let found: Int32
            switch others + (mayBeInitial ? 1 : 0) {
            case 0:
                impossible.append(place)
                continue
            case 1: found = mayBeInitial ? Self.initial : writers.first { $0 != place } ?? Self.none
            default:
                ambiguous += 1
                found =
                    chosen[place]
                    ?? (guessing ? Self.guess(place, entry, writers, trace, mayBeInitial, variant) : Self.open)
                if found == Self.open, firstOpen < 0 || place < firstOpen { firstOpen = place }
            }
            source[Int(place)] = found
            if found >= 0, !isLive[Int(found)] {
                isLive[Int(found)] = true
                pending.append(found)
            }
        }
        impossible.sort()
    }

    /// All sources that a read may have, the likeliest first.
    static func candidates(_ place: Int32, _ trace: RegisterTrace) -> [Int32] {
        let entry = trace.entries[Int(place)]
        let content = Int(entry.observed)
        let writers = trace.writers[content].filter { $0 != place }
        let begun = writers.filter { trace.entries[Int($0)].invoked < entry.returned }
        let later = writers.filter { trace.entries[Int($0)].invoked >= entry.returned }
        return begun.reversed() + (trace.isInitial[content] ? [initial] : []) + later
    }

    /// The last one that began before the read ended, preferring those that certainly took effect.
    private static func guess(
        _ place: Int32, _ entry: RegisterTrace.Entry, _ writers: ArraySlice<Int32>, _ trace: RegisterTrace,
        _ mayBeInitial: Bool, _ variant: UInt64
    ) -> Int32 {
        // Of every four one goes back a step or more.
        var skips = 0
        if variant > 0 {
            var mixed = (variant &* 0x9E37_79B9_7F4A_7C15) ^ (UInt64(place) &* 0xBF58_476D_1CE4_E5B9)
            mixed = (mixed ^ (mixed >> 29)) &* 0x94D0_49BB_1331_11EB
            mixed ^= mixed >> 32
            skips = mixed & 3 == 0 ? Int(mixed >> 2 & 1) + 1 : 0
        }
        var low = writers.startIndex
        var high = writers.endIndex
        while low < high {
            let middle = (low + high) / 2
            if trace.entries[Int(writers[middle])].invoked < entry.returned { low = middle + 1 } else { high = middle }
        }
        var fallback: Int32?
        var rank = low - 1
        let oldest = max(writers.startIndex, low - 8)
        while rank >= oldest {
            let writer = writers[rank]
            rank -= 1
            if writer == place { continue }
            if skips > 0 {
                skips -= 1
                if fallback == nil { fallback = writer }
                continue
            }
            if trace.entries[Int(writer)].isCertain { return writer }
            if fallback == nil { fallback = writer }
        }
        if skips > 0, mayBeInitial { return initial }
        if let fallback { return fallback }
        return mayBeInitial ? initial : writers.first { $0 != place } ?? none
    }
}
