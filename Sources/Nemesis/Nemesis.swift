import CLinux
import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// Carries out the faults of a schedule on a cluster, measures what they did, and undoes them.
///
/// Faults overlap freely: cuts are joined, clock errors add up, and a node that two faults hold down comes back when
/// both have ended. One thread at a time may use it.
public final class Nemesis {
    private let transport: any Transport
    private let system: any System
    /// Takes every event at the time at which it happens; returns once an intent is safe in the journal.
    private let record: (FaultEvent) -> Void
    /// Nanoseconds since the run began.
    private let now: () -> Int64
    /// Indices of the nodes that say at this moment that they lead.
    private let primaries: () -> [Int]

    /// Faults in force, by number.
    private var active: [Int: ActiveFault] = [:]
    private var killedBy: [Int: Set<Int>] = [:]
    private var pausedBy: [Int: Set<Int>] = [:]

    private struct ActiveFault {
        var planned: PlannedFault
        var targets: [Int] = []
        var cut: Set<Grudge.Pair> = []
        /// By node: what the clock shows at `since`, and how it runs from then on.
        var skews: [Int: ClockSkew] = [:]
        var since: Int64 = 0
        var cutFramesBefore: UInt64 = 0
        var summary = ""
        var kind = ""
    }

    public init(
        transport: any Transport, system: any System, now: @escaping () -> Int64,
        primaries: @escaping () -> [Int], record: @escaping (FaultEvent) -> Void
    ) {
        self.transport = transport
        self.system = system
        self.now = now
        self.primaries = primaries
        self.record = record
    }

    /// The faults in force, in words, oldest first.
    public var inForce: [String] {
        active.values.sorted { $0.planned.id < $1.planned.id }.map { "\($0.planned.function) \($0.kind)" }
    }

    // MARK: - Injection

    /// Starts a fault: intent, deed, measured effect.
    public func inject(_ planned: PlannedFault) {
        var fault = ActiveFault(planned: planned)
        let primary = planned.needsPrimary ? awaitPrimary() : nil
        resolve(&fault, primary: primary)
        var event = event(fault, .inject, .intent)
        record(event)
        fault.since = now()
        active[planned.id] = fault
        do throws(ClusterError) {
            switch planned.action {
            case .partition: try injectPartition(&fault, &event)
            case .kill: try injectKill(fault, &event)
            case .pause: try injectPause(fault, &event)
            case .clock: try applyClocks(of: fault.targets, &event)
            }
            event.stage = .effect
            if planned.needsPrimary, primary == nil { event.proof["primary"] = "none known; a drawn node instead" }
        } catch {
            event.stage = .failed
            event.error = error.description
        }
        active[planned.id] = fault
        record(event)
    }

    /// Who leads, waiting for an election that may be going on; nil when nobody has come forward in time.
    private func awaitPrimary() -> Int? {
        let deadline = now() + 2_000_000_000
        repeat {
            if let primary = primaries().first(where: isUp) { return primary }
            clinux_sleep_ns(20_000_000)
        } while now() < deadline
        return nil
    }

    private func resolve(_ fault: inout ActiveFault, primary: Int?) {
        let planned = fault.planned
        // A node that is down already has nothing to lose: the drawn order holds among those that run.
        var order = planned.order.filter(isUp) + planned.order.filter { !isUp($0) }
        if planned.needsPrimary, let primary {
            order.removeAll { $0 == primary }
            order.insert(primary, at: 0)
        }
        switch planned.action {
        case .partition(let kind):
            let grudge = Grudge(kind, order: order)
            fault.cut = grudge.cut
            fault.targets =
                kind == .one || kind == .isolatePrimary
                ? Array(order.prefix(1)) : Set(grudge.cut.map(\.from)).sorted()
            fault.kind = kind.rawValue
            fault.summary = grudge.summary
        case .kill(let target), .pause(let target):
            fault.targets = planned.nodes(of: target, order: order, names: transport.nodes.map(\.name))
            fault.kind = target.description
            fault.summary = "\(planned.function) \(names(fault.targets).joined(separator: " "))"
        case .clock(let skews, let target):
            fault.targets = planned.nodes(of: target, order: order, names: transport.nodes.map(\.name))
            for node in fault.targets { fault.skews[node] = skews[node] }
            let drifts = skews.contains { $0.ratePartsPerMillion != 0 }
            let bumps = skews.contains { $0.offset != 0 }
            fault.kind = bumps && drifts ? "bump drift" : drifts ? "drift" : "bump"
            fault.summary = fault.targets.map { "clock of n\($0 + 1) \(skews[$0].words)" }.joined(separator: ", ")
        }
    }

    private func injectPartition(_ fault: inout ActiveFault, _ event: inout FaultEvent) throws(ClusterError) {
        fault.cutFramesBefore = cutFrames(fault.cut)
        active[fault.planned.id] = fault
        event.proof["elapsed_ns"] = .integer(try applyCuts())
        event.proof["cut_links"] = .integer(Int64(fault.cut.count))
        // Nodes of a cluster talk all the time: the first frame that the cut swallows proves it.
        let deadline = now() + 500_000_000
        var swallowed: UInt64 = 0
        while swallowed == 0, now() < deadline {
            clinux_sleep_ns(2_000_000)
            swallowed = cutFrames(fault.cut) - fault.cutFramesBefore
        }
        event.proof["frames_cut"] = .integer(Int64(swallowed))
        event.proved = swallowed > 0
    }

    private func injectKill(_ fault: ActiveFault, _ event: inout FaultEvent) throws(ClusterError) {
        var total = 0
        for node in fault.targets {
            killedBy[node, default: []].insert(fault.planned.id)
            let processes = try transport.kill(transport.nodes[node])
            total += processes
            event.proof[transport.nodes[node].name] = ["processes_killed": .integer(Int64(processes))]
        }
        event.proved = total > 0
    }

    private func injectPause(_ fault: ActiveFault, _ event: inout FaultEvent) throws(ClusterError) {
        var total = 0
        for node in fault.targets {
            pausedBy[node, default: []].insert(fault.planned.id)
            guard isUp(node) else {
                event.proof[transport.nodes[node].name] = "was not running"
                continue
            }
            let processes = try transport.pause(transport.nodes[node])
            total += processes
            event.proof[transport.nodes[node].name] = ["processes_stopped": .integer(Int64(processes))]
        }
        event.proved = total > 0
    }

    // MARK: - Undo

    /// Ends a fault; harmless when it is not in force.
    public func undo(_ id: Int) {
        guard let fault = active[id] else { return }
        var event = event(fault, .undo, .intent)
        record(event)
        active[id] = nil
        do throws(ClusterError) {
            switch fault.planned.action {
            case .partition:
                let swallowed = cutFrames(fault.cut) - fault.cutFramesBefore
                event.proof["frames_cut"] = .integer(Int64(swallowed))
                event.proof["elapsed_ns"] = .integer(try applyCuts())
                event.proved = swallowed > 0
            case .kill: try undoKill(fault, &event)
            case .pause: try undoPause(fault, &event)
            case .clock: try applyClocks(of: fault.targets, &event)
            }
            event.stage = .effect
        } catch {
            event.stage = .failed
            event.error = error.description
        }
        record(event)
    }

    /// Ends every fault that is in force, newest first.
    public func healAll() {
        for id in active.keys.sorted(by: >) { undo(id) }
    }

    private func undoKill(_ fault: ActiveFault, _ event: inout FaultEvent) throws(ClusterError) {
        event.proved = true
        var failure: ClusterError?
        for node in fault.targets {
            killedBy[node]?.remove(fault.planned.id)
            do throws(ClusterError) { try restart(node, &event) } catch {
                // The others come back all the same.
                event.proof[transport.nodes[node].name] = .string(error.description)
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Starts a node that no fault holds down any more, with the clock that it should have.
    private func restart(_ node: Int, _ event: inout FaultEvent) throws(ClusterError) {
        let name = transport.nodes[node].name
        guard killedBy[node, default: []].isEmpty else {
            event.proof[name] = "another fault still holds it down"
            return
        }
        if case .running(let pids) = transport.state(of: transport.nodes[node]) {
            event.proof[name] = ["processes": .integer(Int64(pids.count))]
            return
        }
        // A pause ends with the processes it stopped.
        pausedBy[node] = []
        try transport.start(transport.nodes[node], system.launch(transport.nodes[node], nodes: transport.nodes))
        var facts: [String: Value] = [:]
        if case .running(let pids) = transport.state(of: transport.nodes[node]) {
            facts["processes"] = .integer(Int64(pids.count))
        } else {
            event.proved = false
        }
        let skew = skew(of: node)
        if skew != .none {
            let proof = try transport.setClock(transport.nodes[node], skew)
            facts["measured_offset"] = .integer(proof.measuredOffset)
        }
        event.proof[name] = .object(facts)
    }

    private func undoPause(_ fault: ActiveFault, _ event: inout FaultEvent) throws(ClusterError) {
        event.proved = true
        for node in fault.targets { pausedBy[node]?.remove(fault.planned.id) }
        for node in fault.targets {
            let name = transport.nodes[node].name
            guard pausedBy[node, default: []].isEmpty else {
                event.proof[name] = "another fault still stops it"
                continue
            }
            guard isUp(node) else {
                event.proof[name] = "is not running"
                continue
            }
            let processes = try transport.resume(transport.nodes[node])
            event.proof[name] = ["processes_resumed": .integer(Int64(processes))]
        }
    }

    // MARK: - Clocks

    /// Sets the clocks of these nodes to the sum of all clock faults in force, and reads them back.
    private func applyClocks(of nodes: [Int], _ event: inout FaultEvent) throws(ClusterError) {
        var allProved = true
        var anyUp = false
        var skews: [String: Value] = [:]
        for node in nodes {
            let skew = skew(of: node)
            let name = transport.nodes[node].name
            skews[name] = ["offset": .integer(skew.offset), "rate": .integer(skew.ratePartsPerMillion)]
            let setAt = now()
            let proof = try transport.setClock(transport.nodes[node], skew)
            guard isUp(node) else {
                event.proof[name] = "is not running; it will start with this clock"
                continue
            }
            anyUp = true
            event.proof[name] = [
                "measured_offset": .integer(proof.measuredOffset), "processes": .integer(Int64(proof.processes)),
                "elapsed_ns": .integer(proof.elapsed), "method": .string(proof.method),
            ]
            // While it was read the clock went on drifting.
            let drifted = (now() - setAt) * abs(skew.ratePartsPerMillion) / 1_000_000
            if abs(proof.measuredOffset - skew.offset) > 20_000_000 + drifted { allProved = false }
        }
        event.skew = skews
        event.proved = allProved && anyUp
    }

    /// What the clock of a node should show now, by all clock faults in force.
    private func skew(of node: Int) -> ClockSkew {
        var sum = ClockSkew.none
        let time = now()
        for fault in active.values {
            guard let skew = fault.skews[node] else { continue }
            sum.offset += skew.offset + (time - fault.since) / 1_000 * skew.ratePartsPerMillion / 1_000
            sum.ratePartsPerMillion += skew.ratePartsPerMillion
        }
        return sum
    }

    // MARK: - Helpers

    private func applyCuts() throws(ClusterError) -> Int64 {
        let cuts = active.values.reduce(into: Set<Grudge.Pair>()) { $0.formUnion($1.cut) }
        return try transport.setCuts(Set(cuts.map { Link(from: .node($0.from), to: .node($0.to)) }))
    }

    private func cutFrames(_ cut: Set<Grudge.Pair>) -> UInt64 {
        transport.linkCounters().reduce(0) { sum, counters in
            guard case .node(let from) = counters.link.from, case .node(let to) = counters.link.to,
                cut.contains(Grudge.Pair(from, to))
            else { return sum }
            return sum + counters.cutFrames
        }
    }

    private func isUp(_ node: Int) -> Bool {
        switch transport.state(of: transport.nodes[node]) {
        case .running, .paused: true
        case .notStarted, .exited: false
        }
    }

    private func names(_ nodes: [Int]) -> [String] { nodes.map { transport.nodes[$0].name } }

    private func event(_ fault: ActiveFault, _ action: FaultEvent.Action, _ stage: FaultEvent.Stage) -> FaultEvent {
        var event = FaultEvent(
            fault: fault.planned.id, action: action, stage: stage, function: fault.planned.function, kind: fault.kind,
            targets: names(fault.targets),
            summary: action == .inject ? fault.summary : "end of: \(fault.summary)")
        if !fault.cut.isEmpty {
            event.cut = fault.cut.sorted().map { [transport.nodes[$0.from].name, transport.nodes[$0.to].name] }
        }
        return event
    }
}
