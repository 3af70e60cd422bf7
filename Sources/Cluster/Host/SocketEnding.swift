/// Ends TCP connections of this host with a peer, both ends of them: the kernel resets them.
struct SocketEnding {
    let programs: HostPrograms
    let exempt: [HostEnds.Exemption]

    /// - Returns: how many there were.
    func end(_ peer: HostEnds.End, _ ports: PortSet) throws(ClusterError) -> Int {
        guard programs.find("ss") != nil else {
            throw ClusterError(
                "reset connections", "neither nft nor ss is installed; install one: apt-get install nftables")
        }
        var ended = 0
        for address in peer.addresses {
            let outcome = try programs.run(
                ["ss", "-H", "-n", "-t", "-K"] + SocketEnding.filter(address, ports, exempt))
            guard outcome.isSuccess else { throw ClusterError("reset connections", outcome.complaint) }
            ended += outcome.output.split(separator: "\n").count
        }
        return ended
    }

    /// What `ss` selects sockets by.
    static func filter(_ address: String, _ ports: PortSet, _ exempt: [HostEnds.Exemption]) -> [String] {
        func bracketed(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }
        var words = ["dst", bracketed(address)]
        if let ranges = ports.ranges {
            let sides = ranges.flatMap { range in
                ["sport", "dport"].map {
                    "( \($0) >= :\(range.lowerBound) and \($0) <= :\(range.upperBound) )"
                }
            }
            words += "and ( \(sides.joined(separator: " or ")) )".split(separator: " ").map { String($0) }
        }
        for exemption in exempt where exemption.peer == address {
            words += "and not sport = :\(exemption.port)".split(separator: " ").map { String($0) }
        }
        return words
    }
}
