/// Searches the pieces of one long history side by side for an order.
///
/// A piece but the first starts a little earlier, from all states, with everything that is open there as free as can be.
/// That allows more than is possible; but after some events what the first of them left no longer matters, and the
/// frontier is the one that a search from the very beginning would have. Where a configuration at the end of one piece
/// equals one that the next piece started from, the steps of the one can follow the steps of the other. Where none
/// does, the piece is searched again from the end of the one before.
///
/// It only ever finds orders; where it finds none, nothing is said. The pieces depend on the history alone, so that the
/// order is the same whatever the number of threads.
struct SegmentedSearch<Steps: Transitions>: Sendable {
    /// States from which a search can start all at once.
    private static var mostStates: Int32 { 256 }

    private let schedule: Schedule
    private let table: LabelTable
    private let steps: Steps
    private let budget: Budget
    private let effort: SearchEffort
    /// The first event of each piece, and the end of the last.
    private let bounds: [Int]

    /// What the search found, and what it took.
    struct Outcome {
        /// The steps of an order.
        var path: [(step: WitnessArena.Step, event: Int32)]?
        var visited = 0
        var largestFrontier = 0
        /// Pieces that were searched again.
        var repeated = 0
    }

    /// Nil where the history is too short, or not of the kind that can be cut.
    init?(_ schedule: Schedule, table: LabelTable, steps: Steps, budget: Budget, effort: SearchEffort) {
        let events = schedule.events.count
        let pieces = events / max(1, effort.segment)
        guard pieces > 1, effort.beam != .max, Steps.areShaped, schedule.lanes.isEmpty,
            table.stateCount <= Self.mostStates
        else { return nil }
        self.schedule = schedule
        self.table = table
        self.steps = steps
        self.budget = Budget(deadline: budget.deadline, bytes: budget.bytes / max(1, min(pieces, effort.threads)))
        self.effort = effort
        bounds = (0...pieces).map { events * $0 / pieces }
    }

    func run() -> Outcome {
        let moments = moments()
        var segments = WorkerPool.map(bounds.count - 1, threads: effort.threads) { piece in
            search(piece == 0 ? .beginning : .anywhere(moments[2 * piece]), piece)
        }
        var outcome = Outcome()
        for segment in segments {
            outcome.visited += segment?.visited ?? 0
            outcome.largestFrontier = max(outcome.largestFrontier, segment?.largestFrontier ?? 0)
        }
        // Of each piece the ends that can be reached from the beginning, and for each start the end before it.
        var ends: [Int] = []
        var origins: [[Int]] = []
        for piece in segments.indices {
            var origin = piece == 0 ? [0] : segments[piece].map { match(segments[piece - 1], ends, $0) } ?? []
            if !origin.contains(where: { $0 >= 0 }) {
                guard piece > 0, let before = segments[piece - 1] else { return outcome }
                let width = before.ends.count / before.nodes.count
                let words = ends.flatMap { before.ends[$0 * width..<($0 + 1) * width] }
                segments[piece] = search(.configurations(words, moments[2 * piece + 1]), piece)
                outcome.visited += segments[piece]?.visited ?? 0
                outcome.repeated += 1
                origin = ends
            }
            guard let segment = segments[piece] else { return outcome }
            ends = segment.nodes.indices.filter { origin[Int(segment.startOfEnd[$0])] >= 0 }
            if ends.isEmpty { return outcome }
            origins.append(origin)
        }
        outcome.path = path(to: ends[0], segments, origins)
        return outcome
    }

    private func search(_ beginning: FrontierSegment.Beginning, _ piece: Int) -> FrontierSegment? {
        let search = FrontierSearch(
            schedule, table: table, steps: steps, budget: budget, beam: effort.beam, fallsBack: false)
        return search.searchSegment(beginning, from: bounds[piece], to: bounds[piece + 1])
    }

    /// Of each start of a piece the first of `ends` of the piece before that equals it, or -1.
    private func match(_ before: FrontierSegment?, _ ends: [Int], _ segment: FrontierSegment) -> [Int] {
        guard let before, !before.nodes.isEmpty else { return [] }
        let width = before.ends.count / before.nodes.count
        return stride(from: 0, to: segment.starts.count, by: width).map { start in
            let words = segment.starts[start..<start + width]
            return ends.first { before.ends[$0 * width..<($0 + 1) * width].elementsEqual(words) } ?? -1
        }
    }

    private func path(
        to end: Int, _ segments: [FrontierSegment?], _ origins: [[Int]]
    ) -> [(step: WitnessArena.Step, event: Int32)] {
        var chosen: [Int] = []
        var end = end
        for piece in segments.indices.reversed() {
            chosen.append(end)
            if let segment = segments[piece] { end = origins[piece][Int(segment.startOfEnd[end])] }
        }
        var path: [(step: WitnessArena.Step, event: Int32)] = []
        path.reserveCapacity(schedule.operations.count)
        for (segment, end) in zip(segments, chosen.reversed()) { path += segment?.path(to: end) ?? [] }
        return path
    }

    /// For each piece the moment at which its search starts, and that of its first event.
    private func moments() -> [FrontierSegment.Moment] {
        let places = (0..<bounds.count - 1).flatMap { [max(0, bounds[$0] - effort.warmUp), bounds[$0]] }
        var mutators = [Int32](repeating: -1, count: schedule.mutatorWords * 64)
        var observers = [Int32](repeating: -1, count: schedule.observerWords * 64)
        var forgotten: [(position: Int, state: Int32)] = []
        var moments: [FrontierSegment.Moment] = []
        // A long warm-up may start before the piece in front does.
        let sorted = places.indices.sorted { (places[$0], $0) < (places[$1], $1) }
        for (position, event) in schedule.events.enumerated() {
            while moments.count < sorted.count, places[sorted[moments.count]] == position {
                moments.append(
                    .init(
                        event: position, mutators: mutators.filter { $0 >= 0 }, observers: observers.filter { $0 >= 0 },
                        forgotten: forgotten))
            }
            if moments.count == sorted.count { break }
            switch event.kind {
            case .invokeMutator: mutators[Int(schedule.slot[Int(event.argument)])] = event.argument
            case .invokeObserver: observers[Int(schedule.slot[Int(event.argument)])] = event.argument
            case .returnMutator: mutators[Int(schedule.slot[Int(event.argument)])] = -1
            case .returnObserver: observers[Int(schedule.slot[Int(event.argument)])] = -1
            case .forgetState: forgotten.append((position, event.argument))
            case .invokeOptional, .mergeLane, .closeLane: break
            }
        }
        var inOrder = moments
        for (number, place) in sorted.enumerated() { inOrder[place] = moments[number] }
        return inOrder
    }
}
