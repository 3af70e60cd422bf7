/// The replicated store: keys, values, and the sessions that make retries exactly-once.
struct KeyValueStore: Equatable, Sendable {
    private(set) var values: [String: String] = [:]
    private(set) var sessions: SessionTable
    /// When each key was last put, as the stamps have it; `trust-clock-ordering` only.
    private var stamps: [String: Nanoseconds] = [:]
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
            if bugs.contains(.trustClockOrdering), isOutdated(command) { return .done }
            values[command.key] = value
            return .done
        case .compareAndSet(let from, let to):
            guard values[command.key] == from else { return .mismatch }
            values[command.key] = to
            return .done
        }
    }

    /// Last write wins, and which is the last the clocks decide. While they all are right that is even linearizable: a
    /// put that is dropped was under way when the one that it lost against took effect.
    private mutating func isOutdated(_ command: Command) -> Bool {
        guard let stamp = command.stamp else { return false }
        if let last = stamps[command.key], stamp < last { return true }
        stamps[command.key] = stamp
        return false
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
        writer.write(UInt32(stamps.count))
        for (key, stamp) in stamps {
            writer.write(key)
            writer.write(stamp)
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
            let stampCount: UInt32 = try reader.number()
            for _ in 0..<stampCount {
                let key = try reader.text()
                restored.stamps[key] = try reader.number()
            }
            try restored.sessions.read(from: &reader)
            guard reader.isAtEnd else { throw DecodingFailure() }
        }
        self = restored
    }
}
