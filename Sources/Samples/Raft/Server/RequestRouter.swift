/// Carries the requests of this node's clients to the leader, again and again until there is an answer or no time
/// left. A change keeps its identity through all attempts, so that it is applied once.
struct RequestRouter {
    typealias Ticket = ClientConnections.Ticket

    /// What the router wants done.
    enum Action {
        /// Give this to the leader, which may be this node.
        case deliver(number: UInt64, operation: Operation, to: NodeID)
        case respond(Ticket, HTTPResponse)
    }

    private struct Pending {
        var ticket: Ticket
        var operation: Operation
        var deadline: Nanoseconds
        /// Without a leader that could be asked, the client hears so at this time rather than at the deadline.
        var patienceEnds: Nanoseconds
        var retryAt: Nanoseconds
        var retryInterval = RequestRouter.firstRetry
        var askedMember: NodeID?
        /// Deliveries of a change of which nobody has said that they came to nothing.
        var openDeliveries = 0
        var sessionSlot: Int?
    }

    /// More would not be answered in time anyway.
    private static let maximumPending = 4096
    /// After so long without an answer the leader, or its successor, is asked again; then twice as long, and so on.
    private static let firstRetry: Nanoseconds = 100_000_000
    private static let longestRetry: Nanoseconds = 800_000_000
    private static let refusalDelay: Nanoseconds = 20_000_000

    private let requestTimeout: Nanoseconds
    private let leaderPatience: Nanoseconds
    private var pending: [UInt64: Pending] = [:]
    private var lastNumber: UInt64
    private var names: SessionNames
    private(set) var nextDeadline: Nanoseconds = .max

    init(options: RaftOptions, seed: UInt64) {
        requestTimeout = options.requestTimeout.nanoseconds
        leaderPatience = min(requestTimeout, 4 * options.electionTimeout.nanoseconds)
        // Answers to an earlier run of this node must not be taken for answers to this one.
        lastNumber = seed
        names = SessionNames(member: options.id, run: seed)
    }

    /// Takes a client's request. A change without an identity of its own is given one.
    ///
    /// - Parameter stamp: what a change is stamped with, where changes are.
    mutating func submit(
        _ call: ClientAPI.Call, _ ticket: Ticket, stamp: Nanoseconds? = nil, _ now: Nanoseconds
    ) -> [Action] {
        guard pending.count < Self.maximumPending else {
            return [.respond(ticket, .error(503, "too many requests", definite: true))]
        }
        var slot: Int?
        let operation: Operation
        switch call {
        case .health, .role, .members: return []
        case .read(let key): operation = .read(key: key)
        case .changeMembers(let change): operation = .changeMembers(change)
        case .change(let key, let change, let identity):
            var command: Command
            if let identity {
                command = Command(client: identity.client, request: identity.request, key: key, change: change)
            } else {
                let name = names.take()
                slot = name.slot
                command = Command(client: name.client, request: name.request, key: key, change: change)
            }
            command.stamp = stamp
            operation = .change(command)
        }
        lastNumber &+= 1
        pending[lastNumber] = Pending(
            ticket: ticket, operation: operation, deadline: now + requestTimeout, patienceEnds: now + leaderPatience,
            retryAt: now, sessionSlot: slot)
        nextDeadline = now
        return []
    }

    /// Sends what is due to the leader, and gives up what is out of time.
    mutating func tick(_ now: Nanoseconds, leader: NodeID?, canReach: (NodeID) -> Bool) -> [Action] {
        guard now >= nextDeadline else { return [] }
        var actions: [Action] = []
        nextDeadline = .max
        let reachable = leader.flatMap { canReach($0) ? $0 : nil }
        for (number, var request) in pending {
            if now >= request.deadline || (now >= request.patienceEnds && isUnasked(request, reachable)) {
                finish(number)
                actions.append(.respond(request.ticket, timeoutResponse(request)))
                continue
            }
            if now >= request.retryAt, let reachable {
                request.askedMember = reachable
                request.retryAt = now + request.retryInterval
                request.retryInterval = min(2 * request.retryInterval, Self.longestRetry)
                if case .read = request.operation {} else { request.openDeliveries += 1 }
                actions.append(.deliver(number: number, operation: request.operation, to: reachable))
            } else if now >= request.retryAt {
                request.retryAt = now + Self.refusalDelay
            }
            pending[number] = request
            nextDeadline = min(nextDeadline, request.retryAt, request.deadline)
            if request.patienceEnds > now { nextDeadline = min(nextDeadline, request.patienceEnds) }
        }
        return actions
    }

    /// A new leader, or a new way to it: whoever waits for another answer asks there at once.
    mutating func leaderChanged(to leader: NodeID, reconnected: Bool, _ now: Nanoseconds) {
        for (number, request) in pending where reconnected || request.askedMember != leader {
            pending[number]?.retryAt = now
            nextDeadline = now
        }
    }

    /// Takes what a leader says about a request.
    mutating func receive(_ outcome: Outcome, number: UInt64, _ now: Nanoseconds) -> [Action] {
        guard let request = pending[number] else { return [] }
        switch outcome {
        case .answered(let answer):
            finish(number)
            return [.respond(request.ticket, ClientAPI.response(to: answer))]
        case .refused:
            pending[number]!.openDeliveries = max(0, request.openDeliveries - 1)
            pending[number]!.retryAt = now + Self.refusalDelay
            pending[number]!.askedMember = nil
        case .uncertain:
            pending[number]!.retryAt = now + Self.refusalDelay
            pending[number]!.askedMember = nil
        }
        nextDeadline = min(nextDeadline, now + Self.refusalDelay)
        return []
    }

    private func isUnasked(_ request: Pending, _ reachable: NodeID?) -> Bool {
        reachable == nil && request.openDeliveries == 0 && request.askedMember == nil
    }

    private mutating func finish(_ number: UInt64) {
        if let slot = pending[number]?.sessionSlot { names.giveBack(slot) }
        pending[number] = nil
    }

    private func timeoutResponse(_ request: Pending) -> HTTPResponse {
        if case .read = request.operation { return .error(503, "no leader answered in time", definite: true) }
        return request.openDeliveries == 0
            ? .error(503, "no leader took the request", definite: true)
            : .error(504, "the outcome is not known", definite: false)
    }
}

/// Identities for changes whose clients gave none: as few names as requests are in progress, so that the session table
/// stays small, with numbers that grow per name.
struct SessionNames {
    private let prefix: String
    private var requests: [UInt64] = []
    private var free: [Int] = []

    /// `run` tells this run of the member from its earlier ones.
    init(member: Int, run: UInt64) { prefix = "@\(member)-\(String(run, radix: 36))-" }

    mutating func take() -> (slot: Int, client: String, request: UInt64) {
        if free.isEmpty {
            free.append(requests.count)
            requests.append(0)
        }
        let slot = free.removeLast()
        requests[slot] += 1
        return (slot, prefix + String(slot), requests[slot])
    }

    mutating func giveBack(_ slot: Int) { free.append(slot) }
}
