import CLinux

/// What a host does to its own links: cuts, losses and resets by the packet filter, delays by the kernel's queues.
///
/// Links that do not touch the host are left to others. A frame is judged, and counted, where it arrives, or, on its
/// way to the controller, where it leaves; it is delayed, spoiled and copied where it leaves. So the counters of all
/// hosts add up to those of the cluster. What stops a frame on its way to the controller is told to a program that
/// sends datagrams by an error, as local packet filters do.
package struct HostNetwork: Sendable {
    private let ends: HostEnds
    private let programs: HostPrograms
    private var firewall: HostFirewall
    private var control: HostTrafficControl

    /// Changes nothing yet.
    /// - Throws: what to install, where the host has no packet filter.
    package init(ends: HostEnds, programs: HostPrograms = HostPrograms()) throws(ClusterError) {
        self.ends = ends
        self.programs = programs
        firewall = try HostFirewall(ends: ends, programs: programs)
        control = HostTrafficControl(ends: ends, programs: programs)
    }

    /// The tool that governs the packet filter: `nft` or `iptables`.
    package var filterTool: String { firewall.toolName }

    /// Replaces the policies of all links that touch this host; links that are not named are whole. Each packet filter
    /// changes in one transaction; queues that frames are still in are emptied first, and go with the next change.
    /// - Returns: nanoseconds that the change took.
    package mutating func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64 {
        let start = lab_monotonic_time()
        let plan = try HostLinkPlan(policies, ends: ends)
        var rules = FilterRules(stages: plan.filters, copies: plan.copies)
        rules.queues = try control.prepare(plan.queues)
        try firewall.apply(rules)
        return lab_monotonic_time() - start
    }

    /// This host's part of the counters of its links; those of all hosts are to be added. Reordered are all frames
    /// that are held back, delayed all that pass queues; what is corrupted or reordered beside a limited rate is not
    /// counted.
    package mutating func counters() throws(ClusterError) -> [LinkCounters] {
        let counts = try firewall.counts()
        let drops = try control.drops()
        return FilteredLink.all(ends).map { filtered in
            let count = counts[filtered.link] ?? FilterCounts()
            let dropped = drops[filtered.link] ?? HostTrafficControl.Drops()
            var counters = LinkCounters(
                link: filtered.link, forwardedFrames: count.passedFrames, forwardedBytes: count.passedBytes,
                cutFrames: count.cut)
            counters.lostFrames = count.lost + dropped.lost
            counters.queueDrops = dropped.overflow
            counters.resets = count.resets
            counters.delayedFrames = count.queued
            counters.duplicatedFrames = count.copies
            counters.corruptedFrames = count.corrupted
            counters.reorderedFrames = count.reordered
            return counters
        }
    }

    /// What of a policy hosts cannot do on a link, in words; nil where they can do all of it.
    package static func problem(with policy: LinkPolicy, on link: Link) -> String? {
        HostLinkPlan.problem(with: policy, on: link)
    }

    /// Gives everything back. Harmless when called again; links can be set again.
    package mutating func remove() throws(ClusterError) {
        var failure: ClusterError?
        do throws(ClusterError) { try firewall.remove() } catch { failure = error }
        do throws(ClusterError) { try control.remove() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    /// Gives back what a process that is gone has left under this name, and all of Polygraph's queues.
    package static func removeEverything(id: String, programs: HostPrograms = HostPrograms()) throws(ClusterError) {
        var failure: ClusterError?
        do throws(ClusterError) { try HostFirewall.removeEverything(id: id, programs) } catch { failure = error }
        do throws(ClusterError) { try HostTrafficControl.removeEverything(programs) } catch {
            failure = failure ?? error
        }
        if let failure { throw failure }
    }
}

extension LinkCounters {
    /// Counters of one link from several hosts, added.
    package func adding(_ other: LinkCounters) -> LinkCounters {
        var sum = self
        for counter in LinkCounters.all { sum[keyPath: counter] &+= other[keyPath: counter] }
        return sum
    }
}
