/// Decides regularity (Lamport, "On interprocess communication", 1986; for many writers as "MWRegWeak" of Shao, Pierce
/// and Welch, 2003): every read returns a write that began before it ended and that no other write had certainly
/// replaced: none that began after that write's end and ended before the read's beginning. It is exact for values that
/// were written more than once, too.
///
/// A cas reads like a read. Only what was answered is asked to be right.
struct RegularReads {
    /// A read that returned what was certainly replaced, or not yet begun.
    struct Violation {
        var reader: Int32
        /// Who wrote the value, or `Attribution.initial`.
        var writer: Int32
        /// The write that had replaced it, or -1 where the writer had not begun.
        var newer: Int32
        /// Nanoseconds between the end of that write and the beginning of the read.
        var staleness: Int64
    }

    private(set) var violations: [Violation] = []

    init(_ trace: RegisterTrace) {
        let entries = trace.entries
        let latestBefore = Self.latestInvocations(trace)
        let writersOfKey = GroupedPositions(
            rows: trace.keys.count, row: entries.map { $0.isWrite && $0.isCertain ? $0.key : -1 })
        // Of each content's writers the greatest end of the first ones.
        var greatestEnd = [Int32](repeating: 0, count: entries.count)
        for content in trace.values.indices {
            var greatest: Int32 = -1
            for writer in trace.writers[content] {
                greatest = max(greatest, entries[Int(writer)].returned)
                greatestEnd[Int(writer)] = greatest
            }
        }
        var earliestEnds: [[Int32]?] = Array(repeating: nil, count: trace.keys.count)
        for (place, entry) in entries.enumerated()
        where entry.isCertain && entry.observed != RegisterTrace.nothing {
            let latest = latestBefore[place]
            let content = Int(entry.observed)
            if trace.isInitial[content], latest < 0 { continue }
            let writers = trace.writers[content]
            let candidates = Self.count(writers, before: entry.returned, entries)
            if candidates > 0, Self.hasCandidate(writers.prefix(candidates), place, latest, greatestEnd, entries) {
                continue
            }
            let key = Int(entry.key)
            let ends = earliestEnds[key] ?? Self.earliestEnds(writersOfKey[key], entries)
            earliestEnds[key] = ends
            violations.append(
                Self.violation(place, trace, writersOfKey[key], earliestEnds: ends, candidates: candidates))
        }
    }

    /// Of each entry the latest beginning of a write of its key that ended before it began; -1 for none.
    private static func latestInvocations(_ trace: RegisterTrace) -> [Int32] {
        let entries = trace.entries
        let ends = entries.indices.filter { entries[$0].isWrite && entries[$0].isCertain }.sorted {
            entries[$0].returned < entries[$1].returned
        }
        var latest = [Int32](repeating: -1, count: trace.keys.count)
        var result = [Int32](repeating: -1, count: entries.count)
        var done = 0
        for (place, entry) in entries.enumerated() {
            while done < ends.count, entries[ends[done]].returned < entry.invoked {
                let write = entries[ends[done]]
                latest[Int(write.key)] = max(latest[Int(write.key)], write.invoked)
                done += 1
            }
            result[place] = latest[Int(entry.key)]
        }
        return result
    }

    private static func hasCandidate(
        _ writers: ArraySlice<Int32>, _ place: Int, _ latest: Int32, _ greatestEnd: [Int32],
        _ entries: [RegisterTrace.Entry]
    ) -> Bool {
        guard let last = writers.last, greatestEnd[Int(last)] > latest else { return false }
        // An operation does not read what it writes itself.
        if entries[place].written != entries[place].observed { return true }
        return writers.contains { $0 != place && entries[Int($0)].returned > latest }
    }

    /// How many of the entries, which are in order of invocation, began before `rank`.
    private static func count(
        _ places: ArraySlice<Int32>, before rank: Int32, _ entries: [RegisterTrace.Entry]
    ) -> Int {
        var low = places.startIndex
        var high = places.endIndex
        while low < high {
            let middle = (low + high) / 2
            if entries[Int(places[middle])].invoked < rank { low = middle + 1 } else { high = middle }
        }
        return low - places.startIndex
    }

    /// Of each place in the list the entry that ended first from there on.
    private static func earliestEnds(_ writes: ArraySlice<Int32>, _ entries: [RegisterTrace.Entry]) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(writes.count)
        for write in writes.reversed() {
            if let last = result.last, entries[Int(last)].returned < entries[Int(write)].returned {
                result.append(last)
            } else {
                result.append(write)
            }
        }
        return result.reversed()
    }

    private static func violation(
        _ place: Int, _ trace: RegisterTrace, _ writes: ArraySlice<Int32>, earliestEnds: [Int32], candidates: Int
    ) -> Violation {
        let entries = trace.entries
        let entry = entries[place]
        // The latest possible source is the least stale one.
        let writers = trace.writers[Int(entry.observed)].prefix(candidates).filter { $0 != place }
        let writer = writers.max { entries[Int($0)].returned < entries[Int($1)].returned }
        let end: Int32
        if let writer {
            end = entries[Int(writer)].returned
        } else if trace.isInitial[Int(entry.observed)] {
            end = -1
        } else {
            let source = trace.writers[Int(entry.observed)].first { $0 != place } ?? Attribution.none
            return Violation(reader: Int32(place), writer: source, newer: -1, staleness: 0)
        }
        let skipped = count(writes, before: end + 1, entries)
        guard skipped < earliestEnds.count else {
            return Violation(reader: Int32(place), writer: writer ?? Attribution.initial, newer: -1, staleness: 0)
        }
        let newer = earliestEnds[skipped]
        return Violation(
            reader: Int32(place), writer: writer ?? Attribution.initial, newer: newer,
            staleness: max(0, entry.began - entries[Int(newer)].ended))
    }
}
