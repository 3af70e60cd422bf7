import Glibc

/// Cuts, loses and resets what a host's links carry, by the packet filter that the host has: `nft`, else `iptables`.
/// Rules of others are never touched.
struct HostFirewall: Sendable {
    private var filter: any FrameFilter
    let toolName: String

    /// - Throws: what to install, where the host has no packet filter.
    init(ends: HostEnds, programs: HostPrograms) throws(ClusterError) {
        guard let tool = HostFirewall.tool(programs) else {
            throw ClusterError("change the packet filter", HostFirewall.remedy)
        }
        toolName = tool
        filter =
            tool == "nft"
            ? NetfilterTables(ends: ends, programs: programs) : FilterChains(ends: ends, programs: programs)
    }

    /// The tool that would be used; nil where there is none.
    static func tool(_ programs: HostPrograms) -> String? {
        if programs.find("nft") != nil { return "nft" }
        return ["iptables-restore", "iptables-save"].allSatisfy { programs.find($0) != nil } ? "iptables" : nil
    }

    static let remedy =
        "neither nft nor iptables is installed; install one of them, for instance with: apt-get install nftables"

    mutating func apply(_ rules: FilterRules) throws(ClusterError) { try filter.apply(rules) }

    mutating func counts() throws(ClusterError) -> [Link: FilterCounts] { try filter.counts() }

    mutating func remove() throws(ClusterError) { try filter.remove() }

    /// Removes what a run has left, by whichever tools there are.
    static func removeEverything(id: String, _ programs: HostPrograms) throws(ClusterError) {
        let hasTables = programs.find("nft") != nil
        if hasTables { try NetfilterTables.remove(id: id, programs) }
        // nft may have been installed since.
        try FilterChains.remove(id: id, programs, isSure: !hasTables)
    }

    /// A tool's complaint, and what to do about it.
    static func explain(_ outcome: HostPrograms.Outcome, tool: String) -> String {
        let complaint = "\(tool): \(outcome.complaint)"
        let text = outcome.errors + outcome.output
        if text.contains("Operation not permitted") || text.contains("Permission denied")
            || text.contains("you must be root")
        {
            return complaint + "; root is needed (`sudo: true`), and in a container the capability NET_ADMIN"
        }
        if text.contains("No such file or directory") || text.contains("not supported") {
            return complaint + "; the kernel may lack a module: modprobe -a nf_tables nft_numgen nft_reject_inet"
        }
        return complaint
    }
}
