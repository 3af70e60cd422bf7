import PolygraphHistory

/// How many operations met another on the same key while one of the two could change it. Where none did, the history
/// is sequential for every key, and races were never tried.
struct KeyConcurrency {
    /// Fewer than one in this many operations is too little.
    private static let oneIn = 1_000
    /// So many are needed however short the run.
    private static let fewest = 10

    /// Operations (invocations) of clients.
    private(set) var operations = 0
    private(set) var overlapping = 0

    /// What is open on one key.
    private struct Open {
        /// Positions of invocations.
        var updates: [Int] = []
        var reads: [Int] = []
    }

    init(_ history: History, readOnly: Set<String>) {
        let columns = history.columns
        let changesNothing = columns.functionNames.map(readOnly.contains)
        var open: [Int32: Open] = [:]
        var hasMet = [Bool](repeating: false, count: columns.count)
        for position in 0..<columns.count where columns.processes[position] != EventColumns.nemesis {
            let isRead = changesNothing[Int(columns.functions[position])]
            guard columns.kinds[position] == .invoke else {
                let invocation = Int(columns.partner[position])
                guard invocation >= 0 else { continue }
                let key = columns.keys[invocation]
                if isRead {
                    open[key]?.reads.removeAll { $0 == invocation }
                } else {
                    open[key]?.updates.removeAll { $0 == invocation }
                }
                continue
            }
            operations += 1
            let key = columns.keys[position]
            var here = open.removeValue(forKey: key) ?? Open()
            for other in here.updates { hasMet[other] = true }
            hasMet[position] = !here.updates.isEmpty
            if isRead {
                here.reads.append(position)
            } else {
                for other in here.reads { hasMet[other] = true }
                if !here.reads.isEmpty { hasMet[position] = true }
                here.updates.append(position)
            }
            open[key] = here
        }
        overlapping = hasMet.count { $0 }
    }

    var finding: TameFinding? {
        guard overlapping < max(Self.fewest, operations / Self.oneIn) else { return nil }
        let how = overlapping == 0 ? "No operation" : "Only \(overlapping) of \(operations) operations"
        return TameFinding(
            name: "too little concurrency",
            sentence: "\(how) met another on the same key while one of the two could change it: more clients, a higher "
                + "rate or fewer keys are needed")
    }
}
