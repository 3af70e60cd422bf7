/// The log in memory: entries after `baseIndex`, what came before is in a snapshot.
struct RaftLog: Equatable, Sendable {
    /// Index of the last entry that has been cut away, and its term.
    private(set) var baseIndex: LogIndex
    private(set) var baseTerm: Term
    private var entries: [LogEntry]

    init(baseIndex: LogIndex = 0, baseTerm: Term = 0, entries: [LogEntry] = []) {
        self.baseIndex = baseIndex
        self.baseTerm = baseTerm
        self.entries = entries
    }

    var lastIndex: LogIndex { baseIndex + LogIndex(entries.count) }
    var lastTerm: Term { entries.last?.term ?? baseTerm }

    /// The term at `index`, or nil where the log does not reach (any more).
    func term(at index: LogIndex) -> Term? {
        if index == baseIndex { return baseTerm }
        guard index > baseIndex, index <= lastIndex else { return nil }
        return entries[offset(index)].term
    }

    /// The entry at `index`, which must be after the base and within the log.
    subscript(index: LogIndex) -> LogEntry { entries[offset(index)] }

    /// Entries from `first` on, as many as fit into `maximumBytes`, at least one where there is one.
    func batch(from first: LogIndex, maximumCount: Int, maximumBytes: Int) -> [LogEntry] {
        guard first <= lastIndex else { return [] }
        let start = offset(first)
        var end = start
        var bytes = 0
        while end < entries.count, end - start < maximumCount {
            bytes += entries[end].command.count + 16
            if bytes > maximumBytes, end > start { break }
            end += 1
        }
        return Array(entries[start..<end])
    }

    /// All entries after `index`.
    func suffix(after index: LogIndex) -> [LogEntry] {
        index >= lastIndex ? [] : Array(entries[offset(index + 1)...])
    }

    mutating func append(_ entry: LogEntry) { entries.append(entry) }

    mutating func append(_ more: ArraySlice<LogEntry>) { entries.append(contentsOf: more) }

    /// Drops `index` and everything after it.
    mutating func truncate(from index: LogIndex) {
        precondition(index > baseIndex, "entries in a snapshot cannot be taken back")
        guard index <= lastIndex else { return }
        entries.removeSubrange(offset(index)...)
    }

    /// Cuts away everything up to `index`, which must be in the log.
    mutating func compact(to index: LogIndex) {
        guard index > baseIndex, let term = term(at: index) else { return }
        entries.removeSubrange(..<(offset(index) + 1))
        baseIndex = index
        baseTerm = term
    }

    /// Whether a log that ends with `index` and `term` has all that this one has (Raft §5.4.1).
    func isNotAhead(ofLastIndex index: LogIndex, term: Term) -> Bool {
        term != lastTerm ? term > lastTerm : index >= lastIndex
    }

    /// The last index before `index` whose term differs from the one at `index`: where to try next after a conflict.
    func endOfTermBefore(_ index: LogIndex, notBelow floor: LogIndex) -> LogIndex {
        guard let conflicting = term(at: index) else { return min(lastIndex, index) }
        var candidate = index
        while candidate > max(floor, baseIndex), term(at: candidate) == conflicting { candidate -= 1 }
        return candidate
    }

    private func offset(_ index: LogIndex) -> Int { Int(index - baseIndex) - 1 }
}
