/// Decides sequential consistency as far as it can be done quickly: it is NP-hard in general (Gibbons and Korach,
/// "Testing shared memories", 1997), even when it is known which write each read saw.
struct SequentialSearch {
    enum Answer {
        /// An order of all operations, replayed.
        case order([Int32])
        case cycle(Arbitration, [Arbitration.Edge])
        case sawInitial(Arbitration, Inference)
        /// Every order was tried.
        case exhausted
        case undecided
    }

    private static var states: Int { 2_000 }
    private static var exhaustiveOperations: Int { 400 }

    /// - Parameter deadline: monotonic nanoseconds at which to give up.
    static func decide(_ execution: Execution, deadline: Int64) -> Answer {
        var inferences = initialReads(execution)
        if let order = greedy(execution, []) { return .order(order) }
        // Conclusions from conclusions, until there is a cycle or nothing new.
        while true {
            let graph = Arbitration(execution, inferences)
            if let cycle = graph.cycle() { return .cycle(graph, cycle) }
            let more = KnownPast.inferences(execution, known: inferences, isSequential: true, deadline: deadline)
            if let found = more.sawInitial { return .sawInitial(graph, found) }
            if more.isIncomplete { return .undecided }
            if more.all.isEmpty { break }
            inferences += more.all
            if inferences.count > 50_000_000 { return .undecided }
        }
        if let order = greedy(execution, inferences) { return .order(order) }
        guard execution.nodeCount <= exhaustiveOperations else { return .undecided }
        var search = SequentialOrder(execution, inferences)
        switch search.findExhaustively(states: states) {
        case true?: return SequentialOrder.replays(search.order, execution) ? .order(search.order) : .undecided
        case false?: return .exhausted
        case nil: return .undecided
        }
    }

    private static func greedy(_ execution: Execution, _ inferences: [Inference]) -> [Int32]? {
        var search = SequentialOrder(execution, inferences)
        guard search.findGreedily(), SequentialOrder.replays(search.order, execution) else { return nil }
        return search.order
    }

    /// Who saw the initial value comes before every write of the key: of each session its last such read and its first
    /// write say it all.
    private static func initialReads(_ execution: Execution) -> [Inference] {
        let entries = execution.trace.entries
        var result: [Inference] = []
        var lastRead = [Int32](repeating: -1, count: execution.trace.keys.count)
        for session in 0..<execution.trace.sessionCount {
            let members = execution.members[session]
            for place in members where execution.attribution.source[Int(place)] == Attribution.initial {
                lastRead[Int(entries[Int(place)].key)] = place
            }
            for place in members {
                let key = Int(entries[Int(place)].key)
                guard lastRead[key] == place else { continue }
                for number in Int(execution.firstRun[key])..<Int(execution.firstRun[key + 1]) {
                    let write = execution.writes[Int(execution.runs[number].start)]
                    if write == place { continue }
                    result.append(Inference(from: place, to: write, reader: -1, reason: .replaced))
                }
                lastRead[key] = -1
            }
        }
        return result
    }
}
