@testable import PolygraphSamples

/// A client that does one thing at a time and retries a write, under the same number, until somebody acknowledges it.
struct SimulatedClient {
    let name: String
    var request: UInt64 = 0
    var command: Command?
    /// Where the current write may be answered: node, its boot, the term and the index it was given.
    var proposals: [(node: NodeID, boot: Int, term: Term, index: LogIndex)] = []
    var acknowledged: [UInt64] = []
    var readToken: UInt64?
    var readingFrom: NodeID?
    /// What was certainly visible before the read began.
    var readFloor: LogIndex = 0
    var finished = 0

    init(name: String) { self.name = name }

    mutating func abandonRead() {
        readToken = nil
        readingFrom = nil
    }
}

extension SimulatedCluster {
    /// Begins, retries or waits.
    mutating func act(client index: Int) throws {
        let retryAfter = Int64.random(in: 1_000_000...60_000_000, using: &random)
        events.push(.client(index), at: now + retryAfter)
        guard clients[index].readToken == nil || Int.random(in: 0..<10, using: &random) == 0 else { return }
        clients[index].abandonRead()
        // Clients also talk to nodes that only believe that they lead.
        guard let id = members.filter({ nodes[$0]?.core?.role == .leader }).randomElement(using: &random),
            nodes[id]!.pausedUntil <= now
        else { return }
        if clients[index].command == nil, Bool.random(using: &random) {
            let token = UInt64.random(in: 0 ... .max, using: &random)
            clients[index].readToken = token
            clients[index].readingFrom = id
            clients[index].readFloor = promises.visible
            if !nodes[id]!.core!.read(token, clock(id)) { clients[index].abandonRead() }
            return try settle(id)
        }
        var command = clients[index].command ?? newCommand(for: index)
        if bugs.contains(.trustClockOrdering) { command.stamp = clock(id).wall }
        clients[index].command = command
        if let position = nodes[id]!.core!.propose(command.encoded) {
            let proposal = (id, nodes[id]!.boot, nodes[id]!.core!.term, position)
            clients[index].proposals.append(proposal)
        }
        try settle(id)
    }

    private mutating func newCommand(for index: Int) -> Command {
        clients[index].request += 1
        promises.issued["\(clients[index].name) \(clients[index].request)"] = now
        let key = "k\(Int.random(in: 0..<3, using: &random))"
        let value = "\(Int.random(in: 0..<4, using: &random))"
        let change: Command.Change =
            Bool.random(using: &random)
            ? .put(value: value)
            : .compareAndSet(from: "\(Int.random(in: 0..<4, using: &random))", to: value)
        return Command(client: clients[index].name, request: clients[index].request, key: key, change: change)
    }

    /// Answers the writes that this node has applied (or, with the bug, merely written), as the server does.
    mutating func acknowledge(_ id: NodeID) throws {
        guard let node = nodes[id], let core = node.core else { return }
        for index in clients.indices where clients[index].command != nil {
            for proposal in clients[index].proposals where proposal.node == id && proposal.boot == node.boot {
                let isApplied =
                    node.applied >= proposal.index && promises.termApplied(at: proposal.index) == proposal.term
                let isBelieved =
                    bugs.contains(.ackBeforeQuorum) && core.role == .leader && core.term == proposal.term
                    && core.syncedIndex >= proposal.index
                guard isApplied || isBelieved else { continue }
                if isApplied { promises.visible = max(promises.visible, proposal.index) }
                clients[index].acknowledged.append(clients[index].request)
                clients[index].command = nil
                clients[index].proposals.removeAll()
                clients[index].finished += 1
                break
            }
        }
    }

    mutating func finishRead(_ token: UInt64, at applied: LogIndex) throws {
        guard let index = clients.firstIndex(where: { $0.readToken == token }) else { return }
        guard applied >= clients[index].readFloor else {
            throw BrokenPromise("a read saw entry \(applied) although \(clients[index].readFloor) was visible before")
        }
        promises.visible = max(promises.visible, applied)
        clients[index].abandonRead()
        clients[index].finished += 1
    }

    mutating func dropRead(_ token: UInt64) {
        for index in clients.indices where clients[index].readToken == token { clients[index].abandonRead() }
    }
}
