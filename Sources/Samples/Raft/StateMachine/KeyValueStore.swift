/// The replicated store: keys, values, and the sessions that make retries exactly-once.
struct KeyValueStore: Equatable, Sendable {
    private(set) var values: [String: String] = [:]
    private(set) var sessions: SessionTable
    private let bugs: Set<RaftBug>

    init(bugs: Set<RaftBug> = [], sessionLimit: Int = 16_384) {
        self.bugs = bugs
        sessions = SessionTable(limit: sessionLimit)
    }

    func read(_ key: String) -> Answer { values[key].map(Answer.value) ?? .absent }

    /// Applies the entry at `index`; a retry of the client's last request gets the same answer and changes nothing.
    mutating func apply(_ command: Command, at index: LogIndex) -> Answer {
        let remembered = sessions.answer(to: command.request, of: command.client)
        if let remembered, !bugs.contains(.doubleApply) { return remembered }
        let answer = change(command)
        sessions.record(answer, to: command.request, of: command.client, at: index)
        return answer
    }

    private mutating func change(_ command: Command) -> Answer {
        switch command.change {
        case .put(let value):
            values[command.key] = value
            return .done
        case .compareAndSet(let from, let to):
            guard values[command.key] == from else { return .mismatch }
            values[command.key] = to
            return .done
        }
    }

    // MARK: Snapshots

    /// The whole store, sessions included, in bytes.
    var serialised: [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt32(values.count))
        for (key, value) in values {
            writer.write(key)
            writer.write(value)
        }
        sessions.write(to: &writer)
        return writer.bytes
    }

    /// Replaces everything by a snapshot; no bytes at all mean an empty store.
    mutating func restore(_ bytes: [UInt8]) throws(DecodingFailure) {
        var restored = KeyValueStore(bugs: bugs, sessionLimit: sessions.limit)
        if !bytes.isEmpty {
            var reader = ByteReader(bytes)
            let count: UInt32 = try reader.number()
            for _ in 0..<count {
                let key = try reader.text()
                restored.values[key] = try reader.text()
            }
            try restored.sessions.read(from: &reader)
            guard reader.isAtEnd else { throw DecodingFailure() }
        }
        self = restored
    }
}
