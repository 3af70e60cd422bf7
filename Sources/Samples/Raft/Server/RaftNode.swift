import Glibc

/// One running member: the event loop that connects the protocol core with disk, network, clock and clients.
///
/// One thread does everything but the disk. Each round takes what has arrived, lets the core decide, and then sends,
/// writes and answers, so that all that arrived together shares one append, one fsync and one round of confirmation.
final class RaftNode {
    let options: RaftOptions
    private let id: NodeID
    private let network: PeerNetwork
    private let clients: ClientConnections
    private let disk: DiskThread
    private var core: RaftCore
    private var store: KeyValueStore
    private var appliedIndex: LogIndex = 0
    private var desk: LeaderDesk
    private var router: RequestRouter
    private var knownLeader: NodeID?
    private var announced = ""
    private var nextIdleCheck: Nanoseconds = 0

    init(_ options: RaftOptions) throws(RaftError) {
        try options.validate()
        self.options = options
        let own = options.ownMember!
        id = NodeID(options.id)
        let storage = try Storage(directory: options.dataDirectory, bugs: options.bugs)
        let state = try storage.recover()
        disk = try DiskThread(storage)
        var random = SystemRandomNumberGenerator()
        core = RaftCore(
            configuration: RaftCore.Configuration(
                id: id, members: options.initialMembers.map(NodeID.init), bugs: options.bugs,
                electionTimeout: options.electionTimeout.nanoseconds),
            state: state, seed: random.next(), now: Clocks.now)
        store = KeyValueStore(bugs: options.bugs)
        desk = LeaderDesk(bugs: options.bugs)
        router = RequestRouter(options: options, seed: random.next())
        network = try PeerNetwork(options: options, own: own)
        clients = try ClientConnections(own: own)
    }

    /// Serves until a write to the disk fails.
    func run() throws(RaftError) -> Never {
        var set = PollSet()
        while true {
            set.removeAll()
            set.add(disk.completionDescriptor, POLLIN, .disk)
            network.addInterests(to: &set)
            clients.addInterests(to: &set)
            let deadline = min(core.nextDeadline, network.nextDeadline, router.nextDeadline)
            for (owner, events) in set.wait(nanoseconds: deadline - Clocks.monotonic) { try handle(owner, events) }
            let now = Clocks.now
            core.tick(now)
            network.tick(now.monotonic)
            try settle()
            network.flush(Clocks.monotonic)
            clients.flushAll()
            if now.monotonic >= nextIdleCheck {
                nextIdleCheck = now.monotonic + 1_000_000_000
                clients.closeIdle(now.monotonic)
            }
        }
    }

    // MARK: What arrives

    private func handle(_ owner: PollSet.Owner, _ events: Int32) throws(RaftError) {
        let now = Clocks.monotonic
        switch owner {
        case .disk:
            core.persisted(upTo: try disk.takeCompletion())
            desk.notice(core, store, appliedIndex: appliedIndex)
            desk.synced(upTo: core.syncedIndex)
        case .peerListener: network.acceptConnections()
        case .peerLink(let position):
            if let peer = network.handleLink(position, events, now) {
                core.connected(to: peer)
                if peer == core.leader { router.leaderChanged(to: peer, reconnected: true, now) }
            }
        case .peerIncoming(let descriptor):
            network.handleIncoming(descriptor) { frame, peer in handle(frame, from: peer) }
        case .clientListener: clients.acceptConnections(now)
        case .client(let descriptor): clients.handle(descriptor, now) { serve($0, $1) }
        }
    }

    private func handle(_ frame: PeerFrame, from peer: NodeID) {
        // The clock is read after the frame has arrived: a lease that is valid now covers what was asked before.
        let now = Clocks.now
        switch frame {
        case .hello: break
        case .raft(let envelope): core.receive(envelope, now)
        case .request(let number, let operation):
            let origin = LeaderDesk.Origin(member: peer, number: number)
            desk.accept(
                operation, from: origin, core: &core, store: store, appliedIndex: appliedIndex, now)
        case .outcome(let number, let outcome):
            perform(router.receive(outcome, number: number, now.monotonic))
        }
    }

    private func serve(_ request: HTTPRequest, _ ticket: ClientConnections.Ticket) {
        do throws(HTTPFailure) {
            let call = try ClientAPI.call(of: request)
            switch call {
            case .health: respond(ticket, healthResponse)
            case .role(let plain): respond(ticket, roleResponse(plain: plain))
            case .members: respond(ticket, membersResponse)
            case .changeMembers(.add(let node)) where !options.members.contains { $0.id == Int(node) }:
                throw HTTPFailure(400, "node \(node) is not in the list of peers")
            case .read, .change, .changeMembers:
                let now = Clocks.now
                let stamp = options.bugs.contains(.trustClockOrdering) ? now.wall : nil
                perform(router.submit(call, ticket, stamp: stamp, now.monotonic))
            }
        } catch {
            respond(ticket, .error(error.status, error.reason, definite: true))
        }
    }

    private func respond(_ ticket: ClientConnections.Ticket, _ response: HTTPResponse) {
        clients.respond(ticket, response) { serve($0, $1) }
    }

    private var healthResponse: HTTPResponse {
        core.leader == nil ? .error(503, "no leader is known", definite: true) : HTTPResponse(200, "{}")
    }

    private var membersResponse: HTTPResponse {
        let members = core.members.current.map(String.init).joined(separator: ",")
        let isSettled =
            options.bugs.contains(.splitConfig)
            || core.members.lastChange <= core.commitIndex && core.learner == nil
        return HTTPResponse(200, #"{"members":[\#(members)],"settled":\#(isSettled)}"#)
    }

    private func roleResponse(plain: Bool) -> HTTPResponse {
        if plain { return HTTPResponse(200, roleName, contentType: "text/plain") }
        let leader = core.leader.map(String.init) ?? "null"
        return HTTPResponse(200, #"{"role":"\#(roleName)","term":\#(core.term),"leader":\#(leader)}"#)
    }

    private var roleName: String {
        switch core.role {
        case .leader: "leader"
        case .follower: "follower"
        case .candidate, .preCandidate: "candidate"
        }
    }

    // MARK: What follows

    /// Carries out what the core wants, until it wants nothing more.
    private func settle() throws(RaftError) {
        while true {
            desk.notice(core, store, appliedIndex: appliedIndex)
            noticeLeader()
            let now = Clocks.monotonic
            perform(router.tick(now, leader: core.leader) { $0 == id || network.isConnected(to: $0) })
            let effects = core.takeEffects(Clocks.now)
            let isIdle = effects.isEmpty && appliedIndex == core.commitIndex
            if let snapshot = effects.restore { try restore(snapshot) }
            for envelope in effects.messages { network.send(.raft(envelope), to: envelope.to, now) }
            if !effects.writes.isEmpty { disk.submit(effects.writes, sequence: effects.writeSequence) }
            try applyCommitted()
            for token in effects.readyReads { desk.readIsReady(token, store: store) }
            for token in effects.failedReads { desk.readHasFailed(token) }
            deliverAnswers(now)
            takeSnapshotIfDue()
            if isIdle { return }
        }
    }

    private func applyCommitted() throws(RaftError) {
        while appliedIndex < core.commitIndex {
            let index = appliedIndex + 1
            let entry = core.log[index]
            var answer: Answer?
            if !entry.command.isEmpty, entry.members == nil {
                if let command = try? Command(decoding: entry.command) {
                    answer = store.apply(command, at: index)
                } else if !options.bugs.contains(.tornLog) {
                    throw RaftError("the log entry \(index) cannot be read")
                }
            }
            appliedIndex = index
            desk.applied(index, term: entry.term, answer: answer)
        }
    }

    private func restore(_ snapshot: Snapshot) throws(RaftError) {
        do throws(DecodingFailure) {
            try store.restore(snapshot.state)
        } catch {
            throw RaftError("the snapshot at \(snapshot.index) cannot be read")
        }
        appliedIndex = snapshot.index
    }

    private func takeSnapshotIfDue() {
        let interval = LogIndex(options.snapshotEvery)
        guard appliedIndex >= (core.snapshot?.index ?? 0) + interval else { return }
        core.compact(at: appliedIndex, state: store.serialised, keeping: interval / 4)
    }

    private func deliverAnswers(_ now: Nanoseconds) {
        for delivery in desk.takeDeliveries() {
            let (member, number) = (delivery.origin.member, delivery.origin.number)
            if member == id {
                perform(router.receive(delivery.outcome, number: number, now))
            } else {
                network.send(.outcome(number: number, outcome: delivery.outcome), to: member, now)
            }
        }
    }

    private func perform(_ actions: [RequestRouter.Action]) {
        for action in actions {
            switch action {
            case .respond(let ticket, let response): respond(ticket, response)
            case .deliver(let number, let operation, let leader):
                if leader == id {
                    let origin = LeaderDesk.Origin(member: id, number: number)
                    desk.accept(
                        operation, from: origin, core: &core, store: store, appliedIndex: appliedIndex, Clocks.now)
                } else {
                    network.send(.request(number: number, operation: operation), to: leader, Clocks.monotonic)
                }
            }
        }
    }

    private func noticeLeader() {
        if core.leader != knownLeader {
            knownLeader = core.leader
            if let leader = knownLeader { router.leaderChanged(to: leader, reconnected: false, Clocks.monotonic) }
        }
        let state = "\(roleName) in term \(core.term), leader \(core.leader.map(String.init) ?? "unknown")"
        guard state != announced else { return }
        announced = state
        let line = Array("node \(id): \(state)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
