@testable import PolygraphSamples

struct BrokenPromise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The safety properties of Raft (figure 3 of the paper) and exactly-once application, checked from outside.
struct RaftPromises {
    private var leaders: [Term: NodeID] = [:]
    private var applied: [LogIndex: LogEntry] = [:]
    /// The term in which an entry was first applied, which is the one in which it was committed or a later one.
    private var committedIn: [LogIndex: Term] = [:]
    private var stores: [LogIndex: [String: String]] = [:]
    private var executed: [String: LogIndex] = [:]
    /// When each request was first made, and when a put of each key last took effect.
    var issued: [String: Nanoseconds] = [:]
    private var lastPut: [String: Nanoseconds] = [:]
    private var lastApplied: LogIndex = 0
    /// The latest entry that some client has seen the effect of.
    var visible: LogIndex = 0

    var leaderCount: Int { leaders.count }

    func termApplied(at index: LogIndex) -> Term? { applied[index]?.term }

    /// Election safety and leader completeness.
    mutating func checkLeader(_ id: NodeID, _ core: RaftCore, previously term: inout Term) throws {
        guard core.role == .leader, core.term != term else { return }
        term = core.term
        if let other = leaders[core.term], other != id {
            throw BrokenPromise("nodes \(other) and \(id) both lead term \(core.term)")
        }
        leaders[core.term] = id
        for index in stride(from: lastApplied, to: core.log.baseIndex, by: -1) {
            // Whoever has slept since it was elected may still lead an earlier term than that of the commit.
            guard let entry = applied[index], committedIn[index, default: 0] < core.term else { continue }
            guard core.log.term(at: index) == entry.term else {
                throw BrokenPromise("the leader of term \(core.term) lacks the committed entry \(index)")
            }
        }
    }

    /// State machine safety, equality of the stores, exactly-once, and that every put is visible at some time.
    mutating func apply(
        _ entry: LogEntry, at index: LogIndex, to store: inout KeyValueStore, bugs: Set<RaftBug>, term: Term,
        _ now: Nanoseconds
    ) throws {
        let isFirst = applied[index] == nil
        if isFirst { committedIn[index] = term }
        if let other = applied[index], other != entry {
            throw BrokenPromise("two different entries were applied at \(index)")
        }
        applied[index] = entry
        lastApplied = max(lastApplied, index)
        if !entry.command.isEmpty, entry.members == nil {
            guard let command = try? Command(decoding: entry.command) else {
                throw BrokenPromise("entry \(index) was applied and cannot be read")
            }
            let isNew = store.sessions.answer(to: command.request, of: command.client) == nil
            _ = store.apply(command, at: index)
            let name = "\(command.client) \(command.request)"
            if isNew || bugs.contains(.doubleApply) {
                if let before = executed[name], before != index {
                    throw BrokenPromise("request \(name) took effect at \(before) and again at \(index)")
                }
                executed[name] = index
                if isFirst { try checkEffect(of: command, name, on: store, now) }
            }
        }
        if let known = stores[index], known != store.values {
            throw BrokenPromise("two stores differ after entry \(index)")
        }
        stores[index] = store.values
    }

    /// A put without effect is as if overwritten at once; so it must have been under way when the other one came.
    private mutating func checkEffect(
        of command: Command, _ name: String, on store: KeyValueStore, _ now: Nanoseconds
    ) throws {
        guard case .put(let value) = command.change else { return }
        if store.values[command.key] == value {
            lastPut[command.key] = now
        } else if let issue = issued[name], let other = lastPut[command.key], issue > other {
            throw BrokenPromise("the put \(name) had no effect although it came after the one that is visible")
        }
    }

    /// Nothing that was acknowledged is lost.
    func checkAcknowledged(_ clients: [SimulatedClient]) throws {
        for client in clients {
            for request in client.acknowledged where executed["\(client.name) \(request)"] == nil {
                throw BrokenPromise("request \(client.name) \(request) was acknowledged and never applied")
            }
        }
    }

    /// Log matching: logs that have an entry of one term at one index are equal up to there.
    func checkLogs(_ logs: [RaftLog]) throws {
        for (position, left) in logs.enumerated() {
            for right in logs[(position + 1)...] {
                var mustMatch = false
                let floor = max(left.baseIndex, right.baseIndex)
                for index in stride(from: min(left.lastIndex, right.lastIndex), to: floor, by: -1) {
                    if left[index].term == right[index].term { mustMatch = true }
                    if mustMatch, left[index] != right[index] {
                        throw BrokenPromise("logs differ at \(index) although a later entry matches")
                    }
                }
            }
        }
    }
}
