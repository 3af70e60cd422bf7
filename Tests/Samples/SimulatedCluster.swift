@testable import PolygraphSamples

/// A whole cluster on simulated time, network and disks, decided by a seed. It drives the real protocol core and the
/// real store, and checks after every step what Raft promises.
struct SimulatedCluster {
    enum Event {
        /// The message arrives at the node, to which its addressee's name may have led by mistake.
        case deliver(Envelope, at: NodeID)
        case flushed(NodeID, boot: Int)
        case tick(NodeID, boot: Int)
        case client(Int)
        case fault
        case administrator
        case restart(NodeID)
    }

    struct Node {
        var core: RaftCore?
        var boot = 0
        var disk: SimulatedDisk
        var isFlushing = false
        var store: KeyValueStore
        var applied: LogIndex = 0
        var pausedUntil: Int64 = 0
        var clockOffset: Int64 = 0
        var lastLeaderTerm: Term = 0
        var hasSettled = false
        /// What the names led to when the node started.
        var addresses: [NodeID: NodeID] = [:]
    }

    let bugs: Set<RaftBug>
    /// All nodes; at first all are members, or a part where members change.
    let members: [NodeID]
    let faults: SimulatedFaults
    let snapshotEvery: UInt64
    var random: SplitMix64
    var now: Int64 = 0
    var events = EventQueue<Event>()
    var nodes: [NodeID: Node] = [:]
    var cut: Set<[NodeID]> = []
    /// Names that lead to another node just now.
    var addresses: [NodeID: NodeID] = [:]
    var wish: MemberChange?
    var clients: [SimulatedClient]
    var promises = RaftPromises()
    var isCalm = false
    /// What has happened, to show that a run was not idle.
    var crashCount = 0
    var installedSnapshots = 0
    var memberChangeCount = 0

    init(seed: UInt64, bugs: Set<RaftBug> = [], faults: SimulatedFaults? = nil) {
        self.bugs = bugs
        var random = SplitMix64(seed: seed)
        let isSmall = Bool.random(using: &random) && faults?.memberChanges != true && faults?.wrongAddresses != true
        members = Array(1...(isSmall ? 3 : 5))
        self.faults =
            faults
            ?? SimulatedFaults(
                loss: Double.random(in: 0...0.15, using: &random),
                duplication: Double.random(in: 0...0.1, using: &random))
        snapshotEvery = UInt64.random(in: 3...40, using: &random)
        clients = (0..<4).map { SimulatedClient(name: "c\($0)") }
        self.random = random
    }

    /// Runs with faults for some simulated time, then heals everything and demands that the cluster works again.
    mutating func run(for duration: Int64) throws {
        for id in members {
            nodes[id] = Node(
                disk: SimulatedDisk(bugs: bugs), store: KeyValueStore(bugs: bugs, sessionLimit: 64))
            try start(id)
        }
        for index in clients.indices { events.push(.client(index), at: now + Int64(index)) }
        events.push(.fault, at: 300_000_000)
        if faults.memberChanges { events.push(.administrator, at: 300_000_000) }
        try run(until: duration)
        try heal()
        try run(until: now + 3_000_000_000)
        let marks = clients.map(\.finished)
        try run(until: now + 3_000_000_000)
        for (mark, client) in zip(marks, clients) where client.finished <= mark {
            throw BrokenPromise("after healing, \(client.name) got no answer in 3 s: the cluster is stuck")
        }
        try promises.checkAcknowledged(clients)
        try promises.checkLogs(nodes.values.compactMap { $0.core?.log })
    }

    private mutating func run(until end: Int64) throws {
        while let time = events.nextTime, time <= end, let (_, event) = events.pop() {
            now = max(now, time)
            try handle(event)
        }
        now = max(now, end)
    }

    private mutating func handle(_ event: Event) throws {
        switch event {
        case .deliver(let envelope, let receiver):
            try feed(receiver, event) { core, now in core.receive(envelope, now) }
        case .flushed(let id, let boot):
            guard let node = nodes[id], node.boot == boot, node.core != nil else { return }
            if node.pausedUntil > now { return events.push(event, at: node.pausedUntil) }
            nodes[id]?.isFlushing = false
            guard let sequence = nodes[id]?.disk.flush(at: now) else { return }
            try feed(id, event) { core, _ in core.persisted(upTo: sequence) }
        case .tick(let id, let boot):
            guard nodes[id]?.boot == boot else { return }
            try feed(id, event) { core, now in core.tick(now) }
            events.push(event, at: now + Int64.random(in: 1_000_000...15_000_000, using: &random))
        case .client(let index): try act(client: index)
        case .fault:
            guard !isCalm else { return }
            try injectFault()
            events.push(.fault, at: now + Int64.random(in: 20_000_000...500_000_000, using: &random))
        case .administrator: try administrate()
        case .restart(let id): try start(id)
        }
    }

    /// Gives an input to a running node; a paused one gets it when it wakes.
    private mutating func feed(_ id: NodeID, _ event: Event, _ input: (inout RaftCore, RaftCore.Now) -> Void) throws {
        guard let node = nodes[id], node.core != nil else { return }
        if node.pausedUntil > now {
            if case .tick = event { return }
            return events.push(event, at: node.pausedUntil + Int64.random(in: 0...1_000_000, using: &random))
        }
        let time = clock(id)
        input(&nodes[id]!.core!, time)
        try settle(id)
    }

    func clock(_ id: NodeID) -> RaftCore.Now {
        RaftCore.Now(monotonic: now, wall: now + (nodes[id]?.clockOffset ?? 0))
    }

    /// Carries out what a node wants done, as the server does.
    mutating func settle(_ id: NodeID) throws {
        guard var node = nodes[id], var core = node.core else { return }
        while true {
            let effects = core.takeEffects(clock(id))
            if effects.isEmpty { break }
            if let snapshot = effects.restore {
                try node.store.restore(snapshot.state)
                node.applied = snapshot.index
                if core.commitIndex > 0, node.hasSettled { installedSnapshots += 1 }
            }
            node.hasSettled = true
            for message in effects.messages { post(message, by: id) }
            if !effects.writes.isEmpty { node.disk.enqueue(effects.writes, sequence: effects.writeSequence) }
            try promises.checkLeader(id, core, previously: &node.lastLeaderTerm)
            while node.applied < core.commitIndex {
                let index = node.applied + 1
                try promises.apply(core.log[index], at: index, to: &node.store, bugs: bugs, term: core.term, now)
                node.applied = index
            }
            for token in effects.readyReads { try finishRead(token, at: node.applied) }
            for token in effects.failedReads { dropRead(token) }
            if node.applied >= (core.snapshot?.index ?? 0) + snapshotEvery {
                core.compact(at: node.applied, state: node.store.serialised, keeping: snapshotEvery / 2)
            }
        }
        node.core = core
        nodes[id] = node
        if !node.isFlushing {
            nodes[id]?.isFlushing = true
            events.push(
                .flushed(id, boot: node.boot), at: now + Int64.random(in: 100_000...8_000_000, using: &random))
        }
        try acknowledge(id)
    }

    private mutating func post(_ envelope: Envelope, by sender: NodeID) {
        let known = bugs.contains(.dnsOnce) ? nodes[sender]?.addresses ?? [:] : addresses
        let receiver = known[envelope.to] ?? envelope.to
        guard receiver != sender, !cut.contains([sender, receiver]) else { return }
        if !isCalm, Double.random(in: 0..<1, using: &random) < faults.loss { return }
        let copies = !isCalm && Double.random(in: 0..<1, using: &random) < faults.duplication ? 2 : 1
        for _ in 0..<copies {
            let isSlow = !isCalm && Int.random(in: 0..<50, using: &random) == 0
            let delay = Int64.random(in: 50_000...(isSlow ? 400_000_000 : 4_000_000), using: &random)
            events.push(.deliver(envelope, at: receiver), at: now + delay)
        }
    }

    // MARK: Faults

    mutating func start(_ id: NodeID) throws {
        guard nodes[id]?.core == nil else { return }
        nodes[id]!.boot += 1
        nodes[id]!.isFlushing = false
        nodes[id]!.hasSettled = false
        nodes[id]!.pausedUntil = 0
        nodes[id]!.addresses = addresses
        let configuration = RaftCore.Configuration(
            id: id, members: faults.memberChanges ? Array(members.prefix(3)) : members, bugs: bugs,
            maximumMessageBytes: 200)
        nodes[id]!.core = RaftCore(
            configuration: configuration, state: nodes[id]!.disk.state,
            seed: UInt64.random(in: 0 ... .max, using: &random), now: clock(id))
        try nodes[id]!.store.restore([])
        nodes[id]!.applied = 0
        events.push(.tick(id, boot: nodes[id]!.boot), at: now)
        try settle(id)
    }

    private mutating func heal() throws {
        isCalm = true
        cut.removeAll()
        addresses.removeAll()
        for id in members {
            nodes[id]?.pausedUntil = 0
            try start(id)
        }
    }
}
