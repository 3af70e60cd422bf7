import CLinux
import Glibc

extension HostServer {
    /// Does what is asked.
    /// - Returns: the words of the answer.
    func carryOut(_ request: HostRequest) throws(ClusterError) -> [String] {
        switch request {
        case .agent(let words):
            guard let asked = NodeRequest(words: words) else {
                throw ClusterError("understand", "its helper does not know \(words.prefix(2))")
            }
            return try agent.ask(asked).words
        case .setup(let setup):
            try take(setup)
        case .links(let policies):
            try withNetwork { network throws(ClusterError) in _ = try network.setLinks(policies) }
        case .counters:
            var counters: [LinkCounters] = []
            try withNetwork { network throws(ClusterError) in counters = try network.counters() }
            return ["counters"] + counters.flatMap(\.words)
        case .openProbe(let port):
            guard let setup else { throw notSetUp }
            let opened = try HostProbe(address: setup.address, port: port)
            let number = opened.port
            probe = consume opened
            return ["port", String(number)]
        case .runProbe(let number, let own, let targets, let patience):
            let arrivals = probe?.run(
                number: number, own: own, targets: targets, patience: min(patience, 5_000_000_000))
            probe = nil
            return ["arrivals"]
                + (arrivals ?? []).flatMap { [String($0.from), String($0.sentAt), String($0.receivedAt)] }
        case .setSystemClock(let skew): return try setSystemClock(skew).words
        case .readSystemClock:
            if clock == nil { clock = try HostClock() }
            return NodeAnswer.clock(clock!.read()).words
        case .trueTime(let time): try HostHealing.restoreClockOfEarlierBoot(folder, trueTime: time)
        case .time: return ["time"] + HostTime.now.words
        case .groups: return ["groups"] + groups.places(of: setup?.node ?? "node").words
        case .tail(let lines, let from):
            for (log, beginning) in zip(folder.outputs, from) {
                let last = LogTail.lines(log, count: lines, from: beginning)
                if !last.isEmpty { return ["lines"] + last }
            }
            return ["lines"]
        case .outputLengths: return ["lengths"] + folder.outputs.map { String(LogTail.length($0)) }
        case .collect(let patterns, let limit): return try HostLogs.collect(patterns, limit: limit, into: folder)
        case .ping: break
        case .end:
            let failed = undo()
            hasEnded = true
            if let failure = failed.first {
                HostServer.complain("asked to end, and something is left")
                throw ClusterError("undo everything on", failed.count == 1 ? failure : failed.joined(separator: "; "))
            }
        }
        return NodeAnswer.done.words
    }

    private var notSetUp: ClusterError { ClusterError("set up", "its helper has not been set up") }

    private func take(_ setup: HostRequest.Setup) throws(ClusterError) {
        self.setup = setup
        _ = try agent.ask(.configureHost(name: setup.node, folder: folder.path, programs: folder.system))
    }

    /// The packet filter is looked for when it is needed first: a run without such faults does without.
    private func withNetwork(
        _ body: (inout HostNetwork) throws(ClusterError) -> Void
    ) throws(ClusterError) {
        if network == nil {
            guard let setup else { throw notSetUp }
            try journal.append([.links(id: setup.id)])
            network = try HostNetwork(
                ends: HostEnds(own: setup.own, ends: setup.ends, exempt: setup.exempt, id: setup.id))
        }
        try body(&network!)
    }

    private func setSystemClock(_ skew: ClockSkew) throws(ClusterError) -> NodeAnswer {
        if clock == nil { clock = try HostClock() }
        try clock!.stopServices()
        // Before: a helper that is killed in between leaves a wrong clock that can be set right.
        try journal.append([.clock(clock!.record)])
        return .clock(try clock!.set(skew))
    }

    /// Ends the node, and gives back everything that was changed on the host.
    /// - Returns: what failed, which stays in the journal.
    func undo() -> [String] {
        var failed: [String] = []
        func attempt(_ body: () throws(ClusterError) -> Void) {
            do throws(ClusterError) { try body() } catch {
                failed.append(error.description)
                HostServer.complain(error.description)
            }
        }
        // The network first: others may be waiting for it.
        if network != nil { attempt { () throws(ClusterError) in try network!.remove() } }
        if clock != nil { attempt { () throws(ClusterError) in try clock!.restore() } }
        attempt { () throws(ClusterError) in _ = try agent.ask(.kill) }
        groups.remove()
        if failed.isEmpty { attempt { () throws(ClusterError) in try journal.append([.undone]) } }
        return failed
    }
}
