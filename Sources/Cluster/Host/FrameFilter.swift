/// Frames of a link that go through queues of their own.
struct ClassifiedFrames: Hashable {
    var ports: PortSet
    /// The number of the queues within their interface.
    var number: UInt16
    /// Of those that no line before has taken.
    var share = 1.0
    /// What happens to each of them there.
    var strikes: Set<QueueStrike> = []
}

/// What the packet filter is to do, all of it.
struct FilterRules: Hashable {
    /// Stages of links that arrive here or lead to the controller.
    var stages: [Link: [HostLinkPlan.FilterStage]] = [:]
    /// Stages that copy frames of links that begin here.
    var copies: [Link: [HostLinkPlan.FilterStage]] = [:]
    /// Queues of links that begin here.
    var queues: [Link: [ClassifiedFrames]] = [:]

    /// Whether a link's reset begins, with these rules after `earlier` ones.
    func beginsReset(_ link: Link, after earlier: FilterRules) -> Bool {
        resets(link).contains { !earlier.resets(link).contains($0) }
    }

    /// Connections are broken, if only once.
    func resets(_ link: Link) -> [HostLinkPlan.FilterStage] {
        (stages[link] ?? []).filter { if case .reset = $0.action { true } else { false } }
    }
}

/// What a packet filter has counted on one link.
struct FilterCounts: Hashable {
    var passedFrames: UInt64 = 0
    var passedBytes: UInt64 = 0
    var cut: UInt64 = 0
    var lost: UInt64 = 0
    var resets: UInt64 = 0
    /// Frames sent through queues.
    var queued: UInt64 = 0
    var copies: UInt64 = 0
    /// Frames sent through queues that change them, or that hold them back.
    var corrupted: UInt64 = 0
    var reordered: UInt64 = 0

    static func + (one: FilterCounts, other: FilterCounts) -> FilterCounts {
        FilterCounts(
            passedFrames: one.passedFrames &+ other.passedFrames, passedBytes: one.passedBytes &+ other.passedBytes,
            cut: one.cut &+ other.cut, lost: one.lost &+ other.lost, resets: one.resets &+ other.resets,
            queued: one.queued &+ other.queued, copies: one.copies &+ other.copies,
            corrupted: one.corrupted &+ other.corrupted,
            reordered: one.reordered &+ other.reordered)
    }
}

/// One of the kernel's packet filters, as far as Polygraph uses it.
protocol FrameFilter: Sendable {
    /// Replaces all rules, and keeps the counters.
    mutating func apply(_ rules: FilterRules) throws(ClusterError)
    /// What each link has counted so far.
    mutating func counts() throws(ClusterError) -> [Link: FilterCounts]
    /// Takes everything away.
    mutating func remove() throws(ClusterError)
}

/// The links of a host, numbered, with what is known of each.
struct FilteredLink: Hashable {
    var number: Int
    var link: Link
    var peer: HostEnds.End
    var isInward: Bool
    /// Whether its frames are judged and counted here.
    var isJudged: Bool

    static func all(_ ends: HostEnds) -> [FilteredLink] {
        ends.others.enumerated().flatMap { index, end in
            [
                FilteredLink(
                    number: index * 2, link: Link(from: end.endpoint, to: ends.own), peer: end, isInward: true,
                    isJudged: true),
                FilteredLink(
                    number: index * 2 + 1, link: Link(from: ends.own, to: end.endpoint), peer: end, isInward: false,
                    isJudged: end.endpoint == .controller),
            ]
        }
    }
}
