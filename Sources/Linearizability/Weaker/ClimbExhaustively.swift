import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// What a climb decides by trying everything, where it is little enough.
extension Climb {
    /// Operations that a proof lists when all of them belong to it.
    private static var listedOperations: Int { 24 }

    /// A level of one order of writes; nil where there is too much to try.
    func tryAll(_ level: ConsistencyLevel) -> LevelResult? {
        if level == .sequential, let holds = SmallSequentialSearch.decide(trace, deadline: deadline) {
            return holds
                ? held(level)
                : failure(level, "Every order of the operations was tried, and none suits all reads.")
        }
        if ambiguous == 0 { return nil }
        var search = SourceSearch(trace, deadline: deadline)
        var isUncertain = false
        let end = search.run(
            admits: { execution in
                switch answer(level, execution, proves: false) {
                case .holds: return true
                case .fails: return false
                case .undecided:
                    isUncertain = true
                    return true
                }
            },
            accepts: { execution in
                if case .holds = answer(level, execution, proves: false) { true } else { false }
            })
        switch end {
        case .found: return held(level)
        case .exhausted where !isUncertain:
            return failure(
                level, "\(ambiguity); whichever of its writes each of them saw, this level does not allow the history.")
        case .exhausted, .undecided: return nil
        }
    }

    /// The smallest staleness over all sources of the reads; nil where there is too much to try.
    func leastStaleness() -> LevelResult? {
        var best: (bound: StalenessBound, delta: Int64)?
        var search = SourceSearch(trace, deadline: deadline)
        let end = search.run(
            admits: { execution in
                // The more reads have a source, the more staleness there is.
                guard let delta = StalenessBound(execution).delta else { return false }
                return delta < best?.delta ?? .max
            },
            accepts: { execution in
                let bound = StalenessBound(execution)
                if let delta = bound.delta { best = (bound, delta) }
                return best?.delta == 0
            })
        if end == .undecided { return nil }
        guard let best else {
            return failure(
                .boundedStaleness,
                "\(ambiguity); whichever of its writes each of them saw, some read ended before the write that it saw "
                    + "began. No staleness explains that.")
        }
        return LevelResult(
            level: .boundedStaleness, verdict: .holds, detail: told(best.bound, best.delta) + "." + withoutRefusals,
            staleness: best.delta)
    }

    /// A failure whose proof is that everything was tried.
    private func failure(_ level: ConsistencyLevel, _ summary: String) -> LevelResult {
        let places = trace.entries.indices.map { Int32($0) }
        let listed = places.suffix(Self.listedOperations)
        var sentences = listed.map(sentence)
        if listed.count < places.count {
            sentences.insert("The last \(listed.count) of \(places.count) operations that were looked at:", at: 0)
        }
        let proof = Anomaly(
            name: "\(level.rawValue) violated",
            key: trace.keys.count == 1 ? trace.keys[0] : nil, summary: summary, explanation: sentences + [summary],
            operations: places.map(index))
        return LevelResult(
            level: level, verdict: .fails, detail: summary + (level == .sequential ? "" : withoutRefusals),
            proof: proof)
    }
}
