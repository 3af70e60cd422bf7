/// A rank for every write: in a linearizable history their order by rank is one that all reads agree with.
///
/// The zones of Gibbons and Korach ("Testing shared memories", 1997): a value of which something ended before something
/// else of it began was in place between these two (a forward zone), and its write stands at the first end. Any other
/// write stands where its last operation began or, when that lies in another value's zone, at the end of that zone.
struct LikelyOrder {
    private(set) var rank: [Int32]

    init(_ execution: Execution) {
        let entries = execution.trace.entries
        let source = execution.attribution.source
        var firstEnd = entries.map(\.returned)
        var lastBegin = entries.map(\.invoked)
        for (place, entry) in entries.enumerated() where source[place] >= 0 {
            let writer = Int(source[place])
            firstEnd[writer] = min(firstEnd[writer], entry.returned)
            lastBegin[writer] = max(lastBegin[writer], entry.invoked)
        }
        rank = firstEnd
        for key in execution.trace.keys.indices {
            let runs = execution.runs[Int(execution.firstRun[key])..<Int(execution.firstRun[key + 1])]
            guard let first = runs.first, let last = runs.last else { continue }
            let writes = execution.writes[Int(first.start)..<Int(last.end)]
            let zones = writes.filter { firstEnd[Int($0)] < lastBegin[Int($0)] }
                .sorted { firstEnd[Int($0)] < firstEnd[Int($1)] }
            let others = writes.filter { firstEnd[Int($0)] >= lastBegin[Int($0)] }
                .sorted { lastBegin[Int($0)] < lastBegin[Int($1)] }
            var next = 0
            for write in others {
                let begin = lastBegin[Int(write)]
                while next < zones.count, firstEnd[Int(zones[next])] < begin { next += 1 }
                rank[Int(write)] = begin
                guard next > 0 else { continue }
                // A value cannot have stayed beyond the beginning of the next zone.
                let end = lastBegin[Int(zones[next - 1])]
                let limit = next < zones.count ? firstEnd[Int(zones[next])] : .max
                rank[Int(write)] = max(begin, min(end, limit))
            }
        }
    }
}
