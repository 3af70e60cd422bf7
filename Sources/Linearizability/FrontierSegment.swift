/// What a search of one piece of a history found.
struct FrontierSegment: Sendable {
    /// What is open before an event, and which states are not told from others any more.
    struct Moment: Sendable {
        var event = 0
        var mutators: [Int32] = []
        var observers: [Int32] = []
        var forgotten: [(position: Int, state: Int32)] = []
    }

    /// Where a piece starts.
    enum Beginning: Sendable {
        /// Wherever the events from this moment up to the piece lead, from any state. Whatever is open then may have
        /// taken effect or not.
        case anywhere(Moment)
        /// With the history.
        case beginning
        /// At these configurations.
        case configurations([UInt64], Moment)
    }

    /// The configurations that it started from, words of one after words of another, without their steps.
    var starts: [UInt64] = []
    /// The configurations at its end.
    var ends: [UInt64] = []
    /// Of each end the number of the start that led there, and its last step.
    var startOfEnd: [Int32] = []
    var nodes: [Int32] = []
    var arena = WitnessArena()
    var visited = 0
    var largestFrontier = 0

    /// The steps to an end, from its start on.
    func path(to end: Int) -> [(step: WitnessArena.Step, event: Int32)] {
        // The first stands for the start.
        Array(arena.path(to: nodes[end]).dropFirst())
    }
}

/// The search of one piece.
extension FrontierSearch {
    /// Searches the events from `start` up to `end`, which the history's schedule numbers.
    /// - Returns: nil when it did not get through.
    func searchSegment(_ beginning: FrontierSegment.Beginning, from start: Int, to end: Int) -> FrontierSegment? {
        layout.setNode(current, WitnessArena.root)
        switch beginning {
        case .anywhere(let moment):
            enter(moment)
            for operation in moment.mutators {
                let slot = open.slot(operation)
                current[layout.freeAt + slot >> 6] |= 1 << UInt64(slot & 63)
            }
            for operation in moment.observers {
                let slot = open.slot(operation)
                current[layout.seenAt + slot >> 6] |= 1 << UInt64(slot & 63)
            }
            for state in 0..<table.stateCount where name(state) == state {
                layout.setState(current, state)
                frontier.append(current)
            }
            isComplete = false
            takeSnapshot(event: moment.event)
            if advance(from: moment.event, to: start) != nil { return nil }
        case .beginning:
            layout.setState(current, name(steps.initial))
            frontier.append(current)
        case .configurations(let words, let moment):
            enter(moment)
            for first in stride(from: 0, to: words.count, by: layout.linkAt) {
                for word in 0..<layout.linkAt { current[word] = words[first + word] }
                frontier.append(current)
            }
        }
        var segment = FrontierSegment(starts: words)
        arena = WitnessArena()
        for place in 0..<frontier.count {
            layout.setNode(frontier[place], arena.append(.lane(Int32(place)), event: -1, after: WitnessArena.root))
        }
        // No way back leads to before the piece.
        isComplete = false
        snapshots = SnapshotHistory(width: layout.width)
        takeSnapshot(event: start)
        if advance(from: start, to: end) != nil { return nil }
        segment.ends = words
        segment.nodes = (0..<frontier.count).map { layout.node(frontier[$0]) }
        segment.startOfEnd = arena.firstSteps(of: segment.nodes).map { step in
            if case .lane(let place) = step { place } else { -1 }
        }
        segment.arena = arena
        segment.visited = visited
        segment.largestFrontier = largestFrontier
        return segment
    }

    private func enter(_ moment: FrontierSegment.Moment) {
        open.restore((mutators: moment.mutators, observers: moment.observers))
        forgotten = moment.forgotten
        for (_, state) in forgotten { stateNames[Int(state)] = LabelTable.indistinct }
    }

    /// The configurations of the frontier without their steps.
    private var words: [UInt64] {
        var words: [UInt64] = []
        words.reserveCapacity(frontier.count * layout.linkAt)
        for place in 0..<frontier.count {
            for word in 0..<layout.linkAt { words.append(frontier[place][word]) }
        }
        return words
    }
}
