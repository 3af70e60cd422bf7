/// Decides sequential consistency of small histories by trying every order, from the values alone: whose write a read
/// saw does not have to be known, and an operation of unknown outcome may take place or not.
struct SmallSequentialSearch {
    private struct Situation: Hashable {
        /// Of each session how many operations are behind.
        var cursor: [Int32]
        /// Of each key the content in place; `RegisterTrace.nothing` before any write.
        var contents: [Int32]
    }

    private let trace: RegisterTrace
    private let members: GroupedPositions
    private let deadline: Int64
    private var seen: Set<Situation> = []

    private static var operations: Int { 64 }
    private static var situations: Int { 300_000 }

    /// Whether there is an order; nil where the history is too large or the time is up.
    static func decide(_ trace: RegisterTrace, deadline: Int64) -> Bool? {
        guard trace.entries.count <= operations else { return nil }
        var search = SmallSequentialSearch(trace, deadline)
        return search.extend(
            Situation(
                cursor: Array(repeating: 0, count: trace.sessionCount),
                contents: Array(repeating: RegisterTrace.nothing, count: trace.keys.count)))
    }

    private init(_ trace: RegisterTrace, _ deadline: Int64) {
        self.trace = trace
        self.deadline = deadline
        members = GroupedPositions(rows: trace.sessionCount, row: trace.entries.map(\.session))
    }

    private func head(_ situation: Situation, _ session: Int) -> RegisterTrace.Entry? {
        let place = members[session].startIndex + Int(situation.cursor[session])
        return place < members[session].endIndex ? trace.entries[Int(members[session][place])] : nil
    }

    private func isPossible(_ entry: RegisterTrace.Entry, _ situation: Situation) -> Bool {
        let now = situation.contents[Int(entry.key)]
        func isThere(_ content: Int32) -> Bool {
            now == RegisterTrace.nothing ? trace.isInitial[Int(content)] : now == content
        }
        if entry.observed != RegisterTrace.nothing, !isThere(entry.observed) { return false }
        return entry.excluded == RegisterTrace.nothing || !isThere(entry.excluded)
    }

    private mutating func extend(_ start: Situation) -> Bool? {
        var situation = start
        // What changes nothing can only help by taking place as soon as it can.
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for session in situation.cursor.indices {
                while let entry = head(situation, session), !entry.isWrite, isPossible(entry, situation) {
                    situation.cursor[session] += 1
                    hasMoved = true
                }
            }
        }
        // Nothing comes after an operation of unknown outcome in its session, so that it need not be skipped.
        if situation.cursor.indices.allSatisfy({ !(head(situation, $0)?.isCertain ?? false) }) { return true }
        if !seen.insert(situation).inserted { return false }
        if seen.count > Self.situations || Budget.now() > deadline { return nil }
        for session in situation.cursor.indices {
            guard let entry = head(situation, session), isPossible(entry, situation) else { continue }
            var next = situation
            next.cursor[session] += 1
            if entry.isWrite { next.contents[Int(entry.key)] = entry.written }
            let answer = extend(next)
            if answer != false { return answer }
        }
        return false
    }
}
