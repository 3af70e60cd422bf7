/// Looks for one order of all operations that respects the order of each process and lets every read see the latest
/// write, when it is known which write each read saw.
///
/// A read can only help by taking place as soon as it can, and a write cannot take place while readers of the value that
/// it would replace are still to come; so only the order of the writes is searched.
struct SequentialOrder {
    private let execution: Execution
    private let entries: [RegisterTrace.Entry]
    private let source: [Int32]
    /// Of each session how many operations took place.
    private var cursor: [Int32]
    /// Of each key the entry whose value is in place, or `Attribution.initial`.
    private var current: [Int32]
    /// Readers of each write, and of each key's initial value, that are still to come.
    private var pending: [Int32]
    private var pendingInitial: [Int32]
    /// Operations that must come before each one by conclusions, and are still to come.
    private var blockers: [Int32]
    private let inferences: [Inference]
    private let outgoing: GroupedPositions
    private(set) var order: [Int32] = []

    init(_ execution: Execution, _ inferences: [Inference]) {
        self.execution = execution
        self.inferences = inferences
        entries = execution.trace.entries
        source = execution.attribution.source
        cursor = Array(repeating: 0, count: execution.trace.sessionCount)
        current = Array(repeating: Attribution.initial, count: execution.trace.keys.count)
        pending = (0..<execution.nodeCount).map { Int32(execution.readers.count($0)) }
        pendingInitial = Array(repeating: 0, count: execution.trace.keys.count)
        blockers = Array(repeating: 0, count: execution.nodeCount)
        outgoing = GroupedPositions(rows: execution.nodeCount, row: inferences.map(\.from))
        for place in entries.indices where execution.attribution.isLive[place] {
            if source[place] == Attribution.initial { pendingInitial[Int(entries[place].key)] += 1 }
        }
        for inference in inferences { blockers[Int(inference.to)] += 1 }
    }

    /// The next operation of a session, or -1.
    @inline(__always)
    private func head(_ session: Int) -> Int32 {
        let members = execution.members[session]
        let place = members.startIndex + Int(cursor[session])
        return place < members.endIndex ? members[place] : -1
    }

    private func isPossible(_ place: Int32) -> Bool {
        let entry = entries[Int(place)]
        if blockers[Int(place)] > 0 { return false }
        let now = current[Int(entry.key)]
        if entry.excluded != RegisterTrace.nothing {
            return now >= 0
                ? entries[Int(now)].written != entry.excluded : !execution.trace.isInitial[Int(entry.excluded)]
        }
        let seen = source[Int(place)]
        if seen >= Attribution.initial, seen != now { return false }
        if !entry.isWrite { return true }
        let left = now >= 0 ? pending[Int(now)] : pendingInitial[Int(entry.key)]
        return left == (seen >= Attribution.initial ? 1 : 0)
    }

    /// Lets the operation take place; the sessions that may go on because of it are appended to `woken`.
    private mutating func take(_ place: Int32, _ woken: inout [Int32]) {
        let entry = entries[Int(place)]
        cursor[Int(entry.session)] += 1
        order.append(place)
        let seen = source[Int(place)]
        if seen >= 0 {
            pending[Int(seen)] -= 1
        } else if seen == Attribution.initial {
            pendingInitial[Int(entry.key)] -= 1
        }
        if entry.isWrite { current[Int(entry.key)] = place }
        for position in outgoing[Int(place)] {
            let target = inferences[Int(position)].to
            blockers[Int(target)] -= 1
            if blockers[Int(target)] == 0 { woken.append(entries[Int(target)].session) }
        }
    }

    /// Takes every write as soon as it is possible; of several the one that comes first in the likely order.
    /// - Returns: whether all operations found their place; `order` is it then.
    mutating func findGreedily() -> Bool {
        var awake = (0..<Int32(cursor.count)).reversed().map { $0 }
        var waiting = [[Int32]](repeating: [], count: current.count)
        var writes = EarliestFirst(rank: LikelyOrder(execution).rank)
        while true {
            while let session = awake.popLast() {
                while case let place = head(Int(session)), place >= 0 {
                    let entry = entries[Int(place)]
                    guard isPossible(place) else {
                        waiting[Int(entry.key)].append(session)
                        break
                    }
                    if entry.isWrite {
                        writes.insert(place)
                        break
                    }
                    take(place, &awake)
                    if source[Int(place)] >= Attribution.initial {
                        awake += waiting[Int(entry.key)]
                        waiting[Int(entry.key)].removeAll(keepingCapacity: true)
                    }
                }
            }
            guard let place = writes.popFirst() else { break }
            let entry = entries[Int(place)]
            guard head(Int(entry.session)) == place else { continue }
            guard isPossible(place) else {
                waiting[Int(entry.key)].append(entry.session)
                continue
            }
            take(place, &awake)
            awake += waiting[Int(entry.key)]
            waiting[Int(entry.key)].removeAll(keepingCapacity: true)
            awake.append(entry.session)
        }
        return isComplete
    }

    private var isComplete: Bool {
        cursor.indices.allSatisfy { Int(cursor[$0]) == execution.members.count($0) }
    }

    /// Tries every order of the writes.
    /// - Parameter states: how many situations may be looked at.
    /// - Returns: whether there is an order (`order` is it then); nil when there were too many situations.
    mutating func findExhaustively(states: Int) -> Bool? {
        var seen: Set<[Int32]> = []
        return extend(&seen, states)
    }

    private mutating func extend(_ seen: inout Set<[Int32]>, _ limit: Int) -> Bool? {
        var ignored: [Int32] = []
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for session in cursor.indices {
                while case let place = head(session), place >= 0, !entries[Int(place)].isWrite, isPossible(place) {
                    take(place, &ignored)
                    hasMoved = true
                }
            }
        }
        if isComplete { return true }
        if !seen.insert(cursor + current).inserted { return false }
        if seen.count > limit { return nil }
        for session in cursor.indices {
            let place = head(session)
            guard place >= 0, isPossible(place) else { continue }
            var next = self
            next.take(place, &ignored)
            let answer = next.extend(&seen, limit)
            if answer == true { order = next.order }
            if answer != false { return answer }
        }
        return false
    }

    /// Whether the order holds every live operation once, keeps the order of each process, and lets every operation see
    /// the value that it saw. It looks at values only, not at who is thought to have written them.
    static func replays(_ order: [Int32], _ execution: Execution) -> Bool {
        let trace = execution.trace
        var content = [Int32](repeating: RegisterTrace.nothing, count: trace.keys.count)
        var done = [Int32](repeating: 0, count: trace.sessionCount)
        for place in order {
            let entry = trace.entries[Int(place)]
            guard execution.index[Int(place)] == done[Int(entry.session)] else { return false }
            done[Int(entry.session)] += 1
            let now = content[Int(entry.key)]
            func isThere(_ asked: Int32) -> Bool {
                now == RegisterTrace.nothing ? trace.isInitial[Int(asked)] : now == asked
            }
            if entry.observed != RegisterTrace.nothing, !isThere(entry.observed) { return false }
            if entry.excluded != RegisterTrace.nothing, isThere(entry.excluded) { return false }
            if entry.isWrite { content[Int(entry.key)] = entry.written }
        }
        return done.indices.allSatisfy { Int(done[$0]) == execution.members.count($0) }
    }
}

/// A heap of entries: the one of the lowest rank comes first.
private struct EarliestFirst {
    let rank: [Int32]
    private var heap: [Int32] = []

    init(rank: [Int32]) { self.rank = rank }

    private func isEarlier(_ first: Int, _ second: Int) -> Bool {
        rank[Int(heap[first])] < rank[Int(heap[second])]
    }

    mutating func insert(_ place: Int32) {
        heap.append(place)
        var child = heap.count - 1
        while child > 0, isEarlier(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> Int32? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if heap.isEmpty { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isEarlier(child, least) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(least, parent)
            parent = least
        }
    }
}
