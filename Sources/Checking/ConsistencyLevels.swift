/// A promise that is weaker than linearizability.
///
/// Sequential implies causal, causal implies PRAM and writes-follow-reads, PRAM implies the three other session
/// guarantees. Bounded staleness and regularity speak of real time and stand beside them.
public enum ConsistencyLevel: String, Sendable, Hashable, CaseIterable {
    /// Atomic if every read may have begun Δ earlier (Δ-atomicity; Golab, Li and Shah, 2011). It holds for some Δ
    /// unless a read saw what was never there; the Δ is what matters.
    case boundedStaleness = "bounded staleness"
    /// Every read returns a concurrent write or one that no later write had certainly replaced (Lamport, 1986, for
    /// many writers).
    case regular = "regular"
    /// One order of all operations of all keys that respects each process's own order (Lamport, 1979).
    case sequential = "sequential"
    /// Causal convergence: what a process can know of is never unseen again, and all agree on one order of writes.
    case causal = "causal"
    /// As causal, but knowledge travels one step only: what a process wrote, read, and what the writers of that had
    /// written before (pipelined random access memory, with one order of writes).
    case pram = "PRAM"
    case readYourWrites = "read your writes"
    case monotonicReads = "monotonic reads"
    case monotonicWrites = "monotonic writes"
    case writesFollowReads = "writes follow reads"

    /// Whether every history that has this level has `other` too.
    public func implies(_ other: ConsistencyLevel) -> Bool {
        if self == other { return true }
        switch self {
        case .sequential: return other == .causal || ConsistencyLevel.causal.implies(other)
        case .causal: return other == .pram || other == .writesFollowReads || ConsistencyLevel.pram.implies(other)
        case .pram: return [.readYourWrites, .monotonicReads, .monotonicWrites].contains(other)
        default: return false
        }
    }
}

/// Whether a weaker level still holds in a history that is not linearizable.
public struct LevelResult: Sendable, Hashable {
    public enum Verdict: String, Sendable, Hashable, CaseIterable {
        case holds
        case fails
        /// Not decided; the detail says why.
        case unknown
    }

    public var level: ConsistencyLevel
    public var verdict: Verdict
    /// One sentence: what the verdict rests on, or why there is none.
    public var detail: String
    /// For bounded staleness that holds: nanoseconds by which reads are stale at most.
    public var staleness: Int64?
    /// For a level that fails: the few operations that contradict it.
    public var proof: Anomaly?

    public init(
        level: ConsistencyLevel, verdict: Verdict, detail: String, staleness: Int64? = nil, proof: Anomaly? = nil
    ) {
        self.level = level
        self.verdict = verdict
        self.detail = detail
        self.staleness = staleness
        self.proof = proof
    }

    /// The levels that hold and follow from no other that holds, strongest first.
    public static func strongest(_ levels: [LevelResult]) -> [LevelResult] {
        let held = levels.filter { $0.verdict == .holds }
        return held.filter { result in
            !held.contains { $0.level != result.level && $0.level.implies(result.level) }
        }
    }

    /// What still holds, in one sentence.
    public static func summary(_ levels: [LevelResult]) -> String {
        let names = strongest(levels).filter { $0.level != .boundedStaleness }.map(\.level.rawValue)
        let undecided = levels.filter { $0.verdict == .unknown }.map(\.level.rawValue)
        var parts: [String] = []
        switch names.count {
        case 0: parts.append("no weaker level that was looked at holds for certain")
        case 1: parts.append("\(names[0]) holds")
        default: parts.append(names.dropLast().joined(separator: ", ") + " and \(names[names.count - 1]) hold")
        }
        if let staleness = levels.first(where: { $0.verdict == .holds && $0.staleness != nil })?.staleness {
            parts.append("reads are at most \(roundedUp(staleness)) stale")
        }
        if !undecided.isEmpty { parts.append("not decided: \(undecided.joined(separator: ", "))") }
        let text = parts.joined(separator: "; ")
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }

    /// A span in the unit that fits, never less than it is: `6 µs`, `12 ms`, `3 s`.
    private static func roundedUp(_ nanoseconds: Int64) -> String {
        for (unit, name) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")] as [(Int64, String)]
        where nanoseconds >= unit {
            // From ten on whole numbers say enough.
            if nanoseconds >= 10 * unit { return "\((nanoseconds + unit - 1) / unit) \(name)" }
            let tenths = (nanoseconds + unit / 10 - 1) / (unit / 10)
            return "\(tenths / 10)\(tenths % 10 == 0 ? "" : ".\(tenths % 10)") \(name)"
        }
        return "\(nanoseconds) ns"
    }
}
