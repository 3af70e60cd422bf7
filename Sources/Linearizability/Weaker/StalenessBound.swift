/// The smallest Δ for which a history is Δ-atomic: linearizable if every read may have begun Δ earlier than it did
/// (Golab, Li and Shah, "Analyzing consistency properties for fun and profit", 2011).
///
/// A value together with its readers is a cluster, and a history of distinct values is atomic if and only if no two
/// clusters each have something that ended before something of the other began (Gibbons and Korach, 1997). Moving the
/// reads' beginnings back takes such conflicts away one by one. Times count here, not the order of record; a cas is a
/// read and a write over the same span.
struct StalenessBound {
    struct Cluster: Sendable {
        var key: Int32
        /// The writing entry, or `Attribution.initial`.
        var writer: Int32
        /// When it was written at the earliest, when the first of its operations ended, when the last read began.
        var written: Int64
        var firstEnd: Int64
        var lastRead: Int64
        /// Who ended first and who read last; -1 for nobody.
        var firstEnder: Int32
        var lastReader: Int32

        /// The latest beginning when reads may begin `delta` earlier.
        @inline(__always)
        func lastBegin(_ delta: Int64) -> Int64 {
            lastReader < 0 ? written : max(written, lastRead - delta)
        }
    }

    /// Nanoseconds; nil where no Δ is enough.
    private(set) var delta: Int64?
    /// The two clusters that no smaller Δ reconciles; nil where Δ is 0.
    private(set) var decisive: (Cluster, Cluster)?
    /// A read that ended before the write that it saw began.
    private(set) var futureReader: Int32?

    private static let distantPast = Int64.min / 4

    init(_ execution: Execution) {
        let clusters = Self.clusters(execution)
        for cluster in clusters where cluster.firstEnd < cluster.written {
            futureReader = cluster.firstEnder
            return
        }
        guard Self.conflict(clusters, delta: 0) != nil else {
            delta = 0
            return
        }
        var low: Int64 = 0
        let last = clusters.reduce(Int64(0)) { max($0, $1.lastRead, $1.written) }
        var high = last - (execution.trace.entries.first?.began ?? 0) + 1
        guard Self.conflict(clusters, delta: high) == nil else { return }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if Self.conflict(clusters, delta: middle) == nil { high = middle } else { low = middle }
        }
        delta = high
        decisive = Self.conflict(clusters, delta: low)
    }

    /// The clusters of each key, by the first end.
    private static func clusters(_ execution: Execution) -> [Cluster] {
        let trace = execution.trace
        var clusters: [Cluster] = []
        var number = [Int32](repeating: -1, count: trace.entries.count)
        for key in trace.keys.indices {
            clusters.append(
                Cluster(
                    key: Int32(key), writer: Attribution.initial, written: distantPast, firstEnd: distantPast,
                    lastRead: distantPast, firstEnder: -1, lastReader: -1))
        }
        for place in execution.writes {
            let entry = trace.entries[Int(place)]
            number[Int(place)] = Int32(clusters.count)
            clusters.append(
                Cluster(
                    key: entry.key, writer: place, written: entry.began, firstEnd: entry.ended,
                    lastRead: distantPast, firstEnder: place, lastReader: -1))
        }
        for (place, entry) in trace.entries.enumerated() where execution.attribution.isLive[place] {
            let source = execution.attribution.source[place]
            guard source >= Attribution.initial else { continue }
            let cluster = source >= 0 ? Int(number[Int(source)]) : Int(entry.key)
            if entry.ended < clusters[cluster].firstEnd {
                clusters[cluster].firstEnd = entry.ended
                clusters[cluster].firstEnder = Int32(place)
            }
            if entry.began > clusters[cluster].lastRead {
                clusters[cluster].lastRead = entry.began
                clusters[cluster].lastReader = Int32(place)
            }
        }
        return clusters.sorted { ($0.key, $0.firstEnd, $0.writer) < ($1.key, $1.firstEnd, $1.writer) }
    }

    /// Two clusters that cannot be ordered. As long as there is no conflict, at most one cluster is not yet over at
    /// each first end, so the one that lasts longest is the only one to compare with.
    private static func conflict(_ clusters: [Cluster], delta: Int64) -> (Cluster, Cluster)? {
        var longest = 0
        var longestEnd = Int64.min
        for place in clusters.indices {
            let end = clusters[place].lastBegin(delta)
            if place > 0, clusters[place].key == clusters[longest].key {
                if clusters[place].firstEnd < longestEnd && clusters[longest].firstEnd < end {
                    return (clusters[longest], clusters[place])
                }
                if end <= longestEnd { continue }
            }
            longest = place
            longestEnd = end
        }
        return nil
    }
}
