/// What a leader owes: the requests that it has taken, from its own clients and from other members.
struct LeaderDesk {
    /// Where an answer goes: the member that asked, and the number that it gave the request.
    struct Origin: Equatable {
        var member: NodeID
        var number: UInt64
    }

    struct Delivery {
        var origin: Origin
        var outcome: Outcome
    }

    private let bugs: Set<RaftBug>
    private var writes: [LogIndex: (term: Term, origin: Origin)] = [:]
    private var reads: [UInt64: (key: String, origin: Origin)] = [:]
    private var lastToken: UInt64 = 0
    /// The term in which this node leads, as far as the desk has noticed.
    private var leadingTerm: Term?
    /// For the bugs that look at entries before they are committed.
    private var speculation: Speculation?
    private var acknowledgedIndex: LogIndex = 0

    /// Answers that are ready to go.
    private(set) var deliveries: [Delivery] = []

    init(bugs: Set<RaftBug>) { self.bugs = bugs }

    private var needsSpeculation: Bool { bugs.contains(.ackBeforeQuorum) || bugs.contains(.dirtyReads) }

    mutating func takeDeliveries() -> [Delivery] {
        defer { deliveries.removeAll(keepingCapacity: true) }
        return deliveries
    }

    /// Takes a request for which this node should be the leader.
    mutating func accept(
        _ operation: Operation, from origin: Origin, core: inout RaftCore, store: KeyValueStore,
        appliedIndex: LogIndex, _ now: RaftCore.Now
    ) {
        notice(core, store, appliedIndex: appliedIndex)
        switch operation {
        case .read(let key):
            if bugs.contains(.dirtyReads), let answer = speculation?.uncommittedAnswer(key, appliedIndex) {
                deliveries.append(Delivery(origin: origin, outcome: .answered(answer)))
                return
            }
            lastToken += 1
            if core.read(lastToken, now) {
                reads[lastToken] = (key, origin)
            } else {
                deliveries.append(Delivery(origin: origin, outcome: .refused))
            }
        case .change(let command):
            guard let index = core.propose(command.encoded) else {
                deliveries.append(Delivery(origin: origin, outcome: .refused))
                return
            }
            writes[index] = (core.term, origin)
            speculation?.apply(command, at: index)
        case .changeMembers(let change):
            // Whoever wants it asks again, so there is nothing to remember.
            let outcome: Outcome =
                switch core.change(change, now) {
                case .done: .answered(.done)
                case .underWay: .uncertain
                case .refused: .refused
                }
            deliveries.append(Delivery(origin: origin, outcome: outcome))
        }
    }

    /// Sees whether leadership has come or gone since the last call.
    mutating func notice(_ core: RaftCore, _ store: KeyValueStore, appliedIndex: LogIndex) {
        let term = core.role == .leader ? core.term : nil
        guard term != leadingTerm else { return }
        leadingTerm = term
        // Whether these will be committed is up to the next leader.
        for write in writes.values { deliveries.append(Delivery(origin: write.origin, outcome: .uncertain)) }
        writes.removeAll()
        speculation = nil
        guard term != nil, needsSpeculation else { return }
        speculation = Speculation(store: store, appliedIndex: appliedIndex, log: core.log)
        acknowledgedIndex = core.log.lastIndex
    }

    /// An entry has been committed and applied.
    mutating func applied(_ index: LogIndex, term: Term, answer: Answer?) {
        speculation?.forget(index)
        guard let write = writes.removeValue(forKey: index) else { return }
        let isOurs = write.term == term
        let outcome = isOurs ? answer.map(Outcome.answered) ?? .refused : .refused
        deliveries.append(Delivery(origin: write.origin, outcome: outcome))
    }

    /// The core has confirmed that the store is current, after the read arrived.
    mutating func readIsReady(_ token: UInt64, store: KeyValueStore) {
        guard let read = reads.removeValue(forKey: token) else { return }
        deliveries.append(Delivery(origin: read.origin, outcome: .answered(store.read(read.key))))
    }

    mutating func readHasFailed(_ token: UInt64) {
        guard let read = reads.removeValue(forKey: token) else { return }
        deliveries.append(Delivery(origin: read.origin, outcome: .refused))
    }

    /// Entries up to here are on the leader's own disk.
    mutating func synced(upTo index: LogIndex) {
        guard bugs.contains(.ackBeforeQuorum), leadingTerm != nil, index > acknowledgedIndex else { return }
        for written in (acknowledgedIndex + 1)...index {
            guard let answer = speculation?.takeAnswer(at: written),
                let write = writes.removeValue(forKey: written)
            else { continue }
            deliveries.append(Delivery(origin: write.origin, outcome: .answered(answer)))
        }
        acknowledgedIndex = index
    }
}
