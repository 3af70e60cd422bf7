/// What a leader knows about one follower, and how it sends to it.
struct PeerProgress: Equatable {
    enum Mode: Equatable {
        /// Looking for the point where the logs agree: one append at a time.
        case probing(waiting: Bool)
        /// Appends are sent ahead of their answers.
        case streaming
        /// The log no longer reaches back to the follower; it gets the snapshot in parts.
        case snapshot(Snapshot, offset: UInt64)
    }

    /// Appends that may be under way to one follower.
    static let window = 8

    var mode = Mode.probing(waiting: false)
    /// The follower has everything up to here on disk.
    var matched: LogIndex = 0
    /// The next entry to send.
    var next: LogIndex
    /// The last index of each append under way, oldest first.
    var underWay: [LogIndex] = []
    /// When the follower last showed progress, or something was sent to it after a silence (monotonic).
    var lastProgress: Nanoseconds
    /// When the follower last answered anything in this term (monotonic).
    var lastAnswer: Nanoseconds
    /// The latest heartbeat round that the follower has answered.
    var answeredRound: UInt64 = 0

    init(next: LogIndex, now: Nanoseconds) {
        self.next = next
        lastProgress = now
        lastAnswer = now
    }

    var expectsAnswer: Bool {
        switch mode {
        case .probing(let waiting): waiting
        case .streaming: !underWay.isEmpty
        case .snapshot: true
        }
    }

    /// Forgets what is under way and begins again after the last entry that the follower certainly has.
    mutating func restart(from index: LogIndex) {
        mode = .probing(waiting: false)
        next = index
        underWay.removeAll(keepingCapacity: true)
    }

    mutating func acknowledge(upTo index: LogIndex, now: Nanoseconds) {
        matched = max(matched, index)
        next = max(next, matched + 1)
        underWay.removeAll { $0 <= index }
        lastProgress = now
        if case .snapshot(let snapshot, _) = mode, index < snapshot.index { return }
        mode = .streaming
    }
}
