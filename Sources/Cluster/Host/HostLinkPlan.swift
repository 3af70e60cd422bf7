/// What a host does to the frames of its links, in words that packet filters and queues can follow.
///
/// Every frame is judged, and counted, at one host only: where it arrives, or, on its way to the controller, which has
/// no helper, where it leaves. So a loss strikes once, a cut does not depend on two hosts, and counters of all hosts
/// add up. Frames are delayed and spoiled where they leave.
struct HostLinkPlan: Hashable {
    /// What the packet filter does to some frames of a link.
    struct FilterStage: Hashable {
        enum Action: Hashable {
            case cut
            case loss(share: Double)
            /// Connections that were there before it begins, and then a share of the frames.
            case reset(share: Double)
            /// Frames are sent twice.
            case copy(share: Double)
        }

        var action: Action
        var ports: PortSet
    }

    /// Frames that go through a chain of queues of their own.
    struct QueueStage: Hashable {
        var effects: [LinkEffect]
        var ports: PortSet
        /// The share of those frames of these ports that no stage before has taken.
        var share = 1.0
        /// What happens to every frame, so that the packet filter can count it.
        var strikes: Set<QueueStrike> = []
    }

    var filters: [Link: [FilterStage]] = [:]
    /// Copies are made where frames leave: two netem queues of one interface must not both duplicate.
    var copies: [Link: [FilterStage]] = [:]
    var queues: [Link: [QueueStage]] = [:]

    /// - Parameter policies: those of links that do not touch this host are left to others.
    init(_ policies: [Link: LinkPolicy], ends: HostEnds) throws(ClusterError) {
        for other in ends.others {
            let inward = Link(from: other.endpoint, to: ends.own)
            let outward = Link(from: ends.own, to: other.endpoint)
            for link in [inward, outward] {
                guard let policy = policies[link], !policy.isWhole else { continue }
                if let problem = HostLinkPlan.problem(with: policy, on: link) {
                    throw ClusterError("change the link from \(link.from) to \(link.to)", problem)
                }
                if link == inward || link.to == .controller {
                    filters[link] = policy.stages.compactMap(HostLinkPlan.filterStage)
                }
                if link == outward {
                    queues[outward] = try HostLinkPlan.queueStages(policy.stages, on: link)
                    copies[outward] = policy.stages.compactMap(HostLinkPlan.copyStage)
                }
            }
            // The controller cannot delay what it sends: what goes back to it waits for both ways.
            if other.endpoint == .controller, let policy = policies[inward] {
                let delays = policy.stages.filter { HostLinkPlan.isDelay($0.effect) }
                if !delays.isEmpty {
                    let both = (policies[outward]?.stages ?? []) + delays
                    queues[outward] = try HostLinkPlan.queueStages(both, on: outward)
                }
            }
        }
        filters = filters.filter { !$0.value.isEmpty }
        queues = queues.filter { !$0.value.isEmpty }
        copies = copies.filter { !$0.value.isEmpty }
    }

    /// What of a policy hosts cannot do on a link, and what they can; nil where they can do all of it.
    static func problem(with policy: LinkPolicy, on link: Link) -> String? {
        for stage in policy.stages {
            if case .flap = stage.effect {
                return "hosts cannot make a link come and go; cut it and release it by turns, as `partition` does"
            }
            if link.from == .controller, isOutward(stage.effect), !isDelay(stage.effect) {
                return "\(name(stage.effect)) begins where frames leave, and nothing is changed on the controller's "
                    + "machine; take the direction from the node"
            }
            if case .pareto(_, let shape)? = delay(stage.effect), shape <= 0 { return "a shape of \(shape)" }
        }
        return nil
    }

    private static func filterStage(_ stage: LinkPolicy.Stage) -> FilterStage? {
        switch stage.effect {
        case .cut: FilterStage(action: .cut, ports: stage.ports)
        case .loss(let share): FilterStage(action: .loss(share: share), ports: stage.ports)
        case .reset(let share): FilterStage(action: .reset(share: share), ports: stage.ports)
        default: nil
        }
    }

    private static func copyStage(_ stage: LinkPolicy.Stage) -> FilterStage? {
        if case .duplication(let share) = stage.effect {
            FilterStage(action: .copy(share: share), ports: stage.ports)
        } else {
            nil
        }
    }

    /// One for each set of ports: frames of some ports get what is for them and what is for all.
    private static func queueStages(
        _ stages: [LinkPolicy.Stage], on link: Link
    ) throws(ClusterError) -> [QueueStage] {
        let queueing = stages.filter { isQueueing($0.effect) }
        let sets = Set(queueing.map { $0.ports })
        func drawn(_ ports: PortSet, _ stages: [LinkPolicy.Stage]) -> [QueueStage] {
            QueueStage(effects: stages.map { $0.effect }, ports: ports).drawn
        }
        let narrow = sets.subtracting([.all]).sorted { ($0.ranges ?? []).description < ($1.ranges ?? []).description }
        for (index, one) in narrow.enumerated() {
            for other in narrow[(index + 1)...] where one.overlaps(other) {
                throw ClusterError(
                    "change the link from \(link.from) to \(link.to)",
                    "two faults delay or spoil frames of different sets of ports that have ports in common; "
                        + "let them follow each other")
            }
        }
        var result = narrow.flatMap { ports in
            drawn(ports, queueing.filter { $0.ports == ports || $0.ports == .all })
        }
        if sets.contains(.all) { result += drawn(.all, queueing.filter { $0.ports == .all }) }
        return result
    }

    private static func isQueueing(_ effect: LinkEffect) -> Bool {
        switch effect {
        case .cut, .flap, .reset, .loss, .duplication: false
        case .burstLoss, .corruption, .rate, .delay, .reordering: true
        }
    }

    private static func isOutward(_ effect: LinkEffect) -> Bool {
        if case .duplication = effect { true } else { isQueueing(effect) }
    }

    private static func delay(_ effect: LinkEffect) -> DelayDistribution? {
        if case .delay(let distribution, _, _) = effect { distribution } else { nil }
    }

    private static func isDelay(_ effect: LinkEffect) -> Bool { delay(effect) != nil }

    private static func name(_ effect: LinkEffect) -> String {
        switch effect {
        case .burstLoss: "loss in bursts"
        case .corruption: "corruption"
        case .duplication: "duplication"
        case .rate: "a limited rate"
        case .reordering: "reordering"
        default: "this"
        }
    }
}

extension PortSet {
    /// Whether some port is in both; the set of everything overlaps with nothing.
    func overlaps(_ other: PortSet) -> Bool {
        guard let ranges, let others = other.ranges else { return false }
        return ranges.contains { range in others.contains { $0.overlaps(range) } }
    }
}
