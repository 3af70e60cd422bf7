/// The store as it will be if everything in the leader's log is committed, for the bugs that cannot wait for that.
struct Speculation {
    private var store: KeyValueStore
    private var answers: [LogIndex: Answer] = [:]
    private var lastChange: [String: LogIndex] = [:]

    /// Begins with the applied store and what the log holds beyond it.
    init(store: KeyValueStore, appliedIndex: LogIndex, log: RaftLog) {
        self.store = store
        for (offset, entry) in log.suffix(after: appliedIndex).enumerated() where !entry.command.isEmpty {
            guard let command = try? Command(decoding: entry.command) else { continue }
            apply(command, at: appliedIndex + 1 + LogIndex(offset))
        }
    }

    mutating func apply(_ command: Command, at index: LogIndex) {
        answers[index] = store.apply(command, at: index)
        lastChange[command.key] = index
    }

    /// What a read of the key would get if nothing of the log were lost; nil where no uncommitted entry concerns it.
    func uncommittedAnswer(_ key: String, _ appliedIndex: LogIndex) -> Answer? {
        guard let index = lastChange[key], index > appliedIndex else { return nil }
        return store.read(key)
    }

    mutating func takeAnswer(at index: LogIndex) -> Answer? { answers.removeValue(forKey: index) }

    /// The entry is committed; what it did is no longer a guess.
    mutating func forget(_ index: LogIndex) { answers[index] = nil }
}
