import CLinux
import Glibc

extension AgentTransport {
    public func terminate(_ node: Node, grace: Int64) throws(ClusterError) -> Termination {
        let start = lab_monotonic_time()
        let processes = processCount(node)
        if processes == 0 { return Termination(isGraceful: true, processes: 0, killed: 0, elapsed: 0) }
        _ = try process(.signal(SIGTERM, ends: true), node)
        while lab_monotonic_time() - start < grace {
            if processCount(node) == 0 { break }
            usleep(3000)
        }
        let killed = try kill(node)
        return Termination(
            isGraceful: killed == 0, processes: processes, killed: killed, elapsed: lab_monotonic_time() - start)
    }

    private func processCount(_ node: Node) -> Int {
        switch state(of: node) {
        case .running(let pids), .paused(let pids): pids.count
        case .notStarted, .exited, .unreachable: 0
        }
    }

    public func signal(_ node: Node, _ number: Int32) throws(ClusterError) -> Int {
        guard case .count(let count) = try process(.signal(number, ends: number == SIGKILL || number == SIGTERM), node)
        else { throw misunderstood(node) }
        return count
    }

    public func start(
        _ node: Node, _ launch: Launch, killedAfter delay: Int64
    ) throws(ClusterError) -> InterruptedStart {
        let request = ProcessRequest.start(whole(launch), folder: node.dataDirectory, killedAfter: delay)
        guard case .process(.interrupted(let start)) = try process(request, node) else {
            throw misunderstood(node)
        }
        return start
    }

    public func execute(_ node: Node, _ launch: Launch, timeout: Int64) throws(ClusterError) -> CommandOutcome {
        let request = ProcessRequest.execute(whole(launch), folder: node.dataDirectory, timeout: timeout)
        guard case .process(.executed(let outcome)) = try process(request, node) else { throw misunderstood(node) }
        return outcome
    }

    public func wipe(_ node: Node) throws(ClusterError) { _ = try files(node, .wipe) }

    public func endCause(of node: Node) -> EndCause? {
        guard case .process(.endCause(let cause))? = try? process(.endCause, node) else { return nil }
        return cause
    }

    public func setLimits(_ node: Node, _ limits: ResourceLimits) throws(ClusterError) -> LimitProof {
        // No groups are made for a node that never had a limit and shall have none.
        let wantsGroup = limits.processorShare != nil || limits.memory != nil
        let places = wantsGroup ? try controlGroupPlaces(of: node) : ControlGroups.Places()
        return try setLimits(node, limits, places)
    }

    public func prepareLimits(_ node: Node) throws(ClusterError) {
        _ = try setLimits(node, .none, controlGroupPlaces(of: node))
    }

    private func setLimits(
        _ node: Node, _ limits: ResourceLimits, _ places: ControlGroups.Places
    ) throws(ClusterError) -> LimitProof {
        guard case .process(.limits(let proof)) = try process(.limits(limits, groups: places), node) else {
            throw misunderstood(node)
        }
        return proof
    }

    public func resourceUse(of node: Node) throws(ClusterError) -> ResourceUse {
        guard case .process(.use(let use)) = try process(.use, node) else { throw misunderstood(node) }
        return use
    }

    public func readClock(_ node: Node) throws(ClusterError) -> ClockProof { try readProcessClock(node) }

    func readProcessClock(_ node: Node) throws(ClusterError) -> ClockProof {
        guard case .clock(let proof) = try process(.readClock, node) else { throw misunderstood(node) }
        return proof
    }

    public func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
        try setProcessClock(node, skew)
    }

    func setProcessClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
        guard case .clock(let proof) = try ask(node, .setClock(skew)) else { throw misunderstood(node) }
        return proof
    }

    public func clockWarnings(_ node: Node) -> [String] { processClockWarnings(node) }

    func processClockWarnings(_ node: Node) -> [String] {
        guard case .process(.words(let warnings))? = try? process(.clockWarnings(node.name), node) else { return [] }
        return warnings
    }

    private func process(_ request: ProcessRequest, _ node: Node) throws(ClusterError) -> NodeAnswer {
        try ask(node, .process(request))
    }
}
