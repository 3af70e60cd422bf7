import CLinux

extension HostTransport {
    public func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 {
        try setLinks(Dictionary(uniqueKeysWithValues: cuts.map { ($0, .cut) }))
    }

    /// On all hosts at once.
    /// - Returns: nanoseconds from the first request to the last host's answer: at most so much lay between the first
    ///   host's change and the last one's.
    public func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) -> Int64 {
        let changed = policies.filter { !$0.value.isWhole }
        for (link, policy) in changed {
            if let problem = HostNetwork.problem(with: policy, on: link) {
                throw ClusterError("change the link from \(link.from) to \(link.to)", problem)
            }
        }
        let start = lab_monotonic_time()
        try HostTransport.forAll(Array(zip(nodes, handles))) { node, handle throws(ClusterError) in
            let own = Endpoint.node(node.index)
            try handle.setLinks(changed.filter { $0.key.from == own || $0.key.to == own })
        }
        return lab_monotonic_time() - start
    }

    public func prepareLinks(_ node: Node) throws(ClusterError) { _ = try handle(of: node).ask(.links([:])) }

    public func linkCounters() -> [LinkCounters] {
        let answers = OnThreads.run(handles) { handle in handle.glance(.counters) ?? [] }
        var sums: [Link: LinkCounters] = [:]
        for answer in answers {
            let words = answer.dropFirst()
            for place in stride(from: words.startIndex, to: words.endIndex, by: LinkCounters.wordCount) {
                let end = min(place + LinkCounters.wordCount, words.endIndex)
                guard let counters = LinkCounters(words: words[place..<end]) else { continue }
                sums[counters.link] = sums[counters.link]?.adding(counters) ?? counters
            }
        }
        return Array(sums.values)
    }

    public func reachability(port: UInt16?, patience: Int64) throws(ClusterError) -> Reachability {
        let nodes = nodes
        let pairs = Array(zip(nodes, handles))
        let offsets = try HostTransport.onAll(handles) { handle throws(ClusterError) in
            try HostClockOffset(handle).monotonic
        }
        let ports = try HostTransport.onAll(handles) { handle throws(ClusterError) in
            let words = try handle.ask(.openProbe(port: port))
            guard words.count == 2, let number = UInt16(words[1]) else {
                throw ClusterError("open a socket for probes on", node: handle.node, "its helper answers \(words)")
            }
            return number
        }
        let targets = nodes.map { HostProbe.Target(index: $0.index, address: $0.address, port: ports[$0.index]) }
        let number = UInt64.random(in: .min ... .max)
        let arrivals = try HostTransport.onAll(pairs) { node, handle throws(ClusterError) in
            let words = try handle.ask(
                .runProbe(
                    number: number, own: node.index, targets: targets.filter { $0.index != node.index },
                    patience: patience)
            ).dropFirst().compactMap { Int64($0) }
            return stride(from: 0, to: words.count - 2, by: 3).map {
                HostProbe.Arrival(from: Int(words[$0]), sentAt: words[$0 + 1], receivedAt: words[$0 + 2])
            }
        }
        return Reachability(
            ends: nodes.map { Endpoint.node($0.index) }, arrivals: arrivals.map { $0 }, clocks: offsets)
    }

    public func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
        guard configuration.clocks == .system else { return try setProcessClock(node, skew) }
        let request = HostRequest.setSystemClock(skew)
        try handle(of: node).keep(skew == .none ? nil : request, as: .clock)
        return try systemClock(node, request)
    }

    public func readClock(_ node: Node) throws(ClusterError) -> ClockProof {
        guard configuration.clocks == .system else { return try readProcessClock(node) }
        return try systemClock(node, .readSystemClock)
    }

    private func systemClock(_ node: Node, _ request: HostRequest) throws(ClusterError) -> ClockProof {
        let words = try handle(of: node).ask(request)
        guard case .clock(let proof)? = NodeAnswer(words: words) else { throw misunderstood(node) }
        return proof
    }

    /// In this machine's time, which the host's monotonic clock keeps up with only where nobody bends the rate of both.
    public func durability(of node: Node) throws(ClusterError) -> DurabilityCounters {
        guard configuration.clocks == .processes else {
            throw ClusterError(
                "audit the durability of", node: node.name, "the host's clocks run at rates that faults have bent")
        }
        let offset = try HostClockOffset(handle(of: node)).monotonic
        guard var counters = DurabilityCounters(words: try disk(node, ["durability"]).dropFirst()) else {
            throw misunderstood(node)
        }
        counters.syncTimes = counters.syncTimes.map { $0 - offset }
        return counters
    }

    public func clockWarnings(_ node: Node) -> [String] {
        configuration.clocks == .system ? [] : processClockWarnings(node)
    }
}
