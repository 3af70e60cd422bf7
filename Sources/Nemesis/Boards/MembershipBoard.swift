import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// Who is a member of the cluster, and which change is pending.
///
/// There is one change at a time: the next one waits until the members have confirmed the last one, where they can be
/// asked. No change is made that would leave the cluster without a running majority, or with fewer members than a
/// majority of all nodes. Who is asked for a change first is whoever has said for longest that it leads: a leader of old
/// that has been cut off must know better than to make one.
public final class MembershipBoard {
    private let transport: any Transport
    private let membership: (any Membership)?
    private let now: () -> Int64
    private let primaries: () -> [Int]
    private let pause: (Int64) -> Void

    /// Nil until somebody has asked.
    private var known: Set<Int>?
    /// The change that nobody has confirmed, and nodes whose word does not count, because they showed its outcome before
    /// anybody was asked: they have not heard of earlier changes.
    private var pending: (change: MemberChange, node: Int, outdated: Set<Int>)?

    /// Nanoseconds that members may take to show a change. Other faults wait meanwhile, and so does the end of the one
    /// that keeps the members from hearing of it.
    private static let patience: Int64 = 1_000_000_000

    init(
        _ transport: any Transport, _ membership: (any Membership)?, now: @escaping () -> Int64,
        primaries: @escaping () -> [Int], pause: @escaping (Int64) -> Void
    ) {
        self.transport = transport
        self.membership = membership
        self.now = now
        self.primaries = primaries
        self.pause = pause
    }

    private var nodes: [Node] { transport.nodes }

    private func requiredMembership() throws(ClusterError) -> any Membership {
        guard let membership else {
            throw ClusterError("change members", "the system definition has no `membership`")
        }
        return membership
    }

    /// The members, by index: as running nodes have them, or as the last changes have left them.
    public func members() -> Set<Int> {
        let everybody = Set(nodes.indices)
        let answers = witnesses(among: known ?? everybody).lazy.compactMap { [membership, nodes] index in
            membership?.view(of: nodes[index], nodes: nodes)
        }
        if let view = answers.first(where: \.isSettled) ?? answers.first, !view.members.isEmpty { known = view.members }
        return known ?? everybody
    }

    /// Nodes that are no members.
    public func outsiders() -> [Int] {
        let members = members()
        return nodes.indices.filter { !members.contains($0) }
    }

    /// Running members, whoever leads first: the newest leader knows best who is a member.
    private func witnesses(among members: Set<Int>) -> [Int] { running(members, leaders: primaries()) }

    /// Running members, in the order in which they are asked for a change.
    private func askers(among members: Set<Int>) -> [Int] { running(members, leaders: primaries().reversed()) }

    private func running(_ members: Set<Int>, leaders: [Int]) -> [Int] {
        let running = members.sorted().filter {
            if case .running = transport.state(of: nodes[$0]) { true } else { false }
        }
        return leaders.filter(running.contains) + running.filter { !leaders.contains($0) }
    }

    /// Whether so many members are left that one more may leave.
    public var canSpareOne: Bool { members().count > nodes.count / 2 + 1 }

    /// Lets a member leave. Harmless for a node that is no member.
    /// - Returns: facts.
    public func leave(_ node: Int) throws(ClusterError) -> [String: Value] {
        try settle()
        let before = members()
        guard before.contains(node) else { return ["note": "was no member"] }
        let rest = before.subtracting([node])
        let running = askers(among: rest).count
        guard rest.count >= nodes.count / 2 + 1 else {
            throw ClusterError(
                "remove", node: nodes[node].name,
                "\(rest.count) members would be left of \(nodes.count) nodes, fewer than a majority")
        }
        guard running >= rest.count / 2 + 1 else {
            throw ClusterError(
                "remove", node: nodes[node].name,
                "only \(running) of the \(rest.count) members that would be left run, fewer than a majority")
        }
        return try carryOut(.leave, node, asking: askers(among: rest))
    }

    /// Lets a node join. Harmless for a member.
    /// - Returns: facts.
    public func join(_ node: Int) throws(ClusterError) -> [String: Value] {
        try settle()
        let before = members()
        guard !before.contains(node) else { return ["note": "was a member already"] }
        let running = askers(among: before)
        guard running.count >= before.count / 2 + 1 else {
            throw ClusterError(
                "add", node: nodes[node].name,
                "only \(running.count) of \(before.count) members run, fewer than a majority")
        }
        return try carryOut(.join, node, asking: running)
    }

    private func carryOut(
        _ change: MemberChange, _ node: Int, asking members: [Int]
    ) throws(ClusterError) -> [String: Value] {
        let membership = try requiredMembership()
        let start = now()
        pending = (change, node, [])
        let outdated = Set(showing())
        pending = (change, node, outdated)
        var refusals: [String] = []
        for member in members {
            let answer = membership.change(
                change, of: nodes[node], asking: nodes[member], nodes: nodes, transport: transport)
            guard case .no(let reason) = answer else {
                note(change, node)
                var facts: [String: Value] = [
                    "asked": .string(nodes[member].name), "answered_after_ns": .integer(now() - start),
                ]
                if awaitConfirmation() {
                    facts["confirmed_after_ns"] = .integer(now() - start)
                } else {
                    facts["confirmed"] = pending == nil ? "the system cannot be asked" : "not in time"
                }
                return facts
            }
            refusals.append("\(nodes[member].name): \(reason)")
            // It may have come about all the same: what a client is not told may be so.
            if isConfirmed() {
                note(change, node)
                pending = nil
                return ["asked": .string(nodes[member].name), "answer": .string(reason)]
            }
        }
        // Nobody can say whether a refused change is still on its way, where the members cannot be asked.
        if !canAsk(members) { pending = nil }
        throw ClusterError(
            change == .join ? "add" : "remove", node: nodes[node].name,
            refusals.isEmpty ? "no member runs that could be asked" : refusals.joined(separator: "; "))
    }

    private func note(_ change: MemberChange, _ node: Int) {
        var members = known ?? Set(nodes.indices)
        if change == .join { members.insert(node) } else { members.remove(node) }
        known = members
    }

    private func canAsk(_ members: [Int]) -> Bool {
        members.contains { membership?.view(of: nodes[$0], nodes: nodes) != nil }
    }

    /// Whether a node shows the pending change as done, which did not before.
    private func isConfirmed() -> Bool { showing().contains { _ in true } }

    /// The nodes that show the pending change as done, but for those whose word does not count; looked for one by one.
    private func showing() -> some Sequence<Int> {
        let others = Set(nodes.indices).subtracting([pending?.node ?? -1]).subtracting(pending?.outdated ?? [])
        return witnesses(among: others).lazy.filter { [pending, membership, nodes] index in
            guard let pending, let view = membership?.view(of: nodes[index], nodes: nodes), view.isSettled else {
                return false
            }
            return view.members.contains(pending.node) == (pending.change == .join)
        }
    }

    /// - Returns: whether a member has confirmed it; false too where none can be asked, and then it counts as done.
    private func awaitConfirmation() -> Bool {
        let deadline = now() + Self.patience
        if !canAsk(askers(among: known ?? [])) {
            pending = nil
            return false
        }
        while now() < deadline {
            if isConfirmed() {
                pending = nil
                return true
            }
            pause(20_000_000)
        }
        return false
    }

    /// Waits for the change that is pending.
    private func settle() throws(ClusterError) {
        guard let pending else { return }
        if awaitConfirmation() || self.pending == nil { return }
        // What the members say now is what counts, if they agree that nothing is under way.
        let views = witnesses(among: Set(nodes.indices)).compactMap { index in
            membership?.view(of: nodes[index], nodes: nodes)
        }
        if !views.isEmpty, views.allSatisfy(\.isSettled) {
            self.pending = nil
            return
        }
        throw ClusterError(
            "change members",
            "that \(nodes[pending.node].name) \(pending.change == .join ? "joins" : "leaves") is still pending")
    }
}
