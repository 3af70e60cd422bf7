import CLinux
import Glibc
import PolygraphChecking
import PolygraphClients
import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphNemesis
import PolygraphSystems
import Synchronization

/// What a run leaves behind when its cluster is gone.
public struct RunOutcome: Sendable {
    public var history: History
    /// Whether the user ended it early.
    public var interrupted: Bool
    /// Why the history could not be written to its end, where it could not.
    public var failure: HistoryError?
    /// Nanoseconds from the first operation to the end of the last.
    public var duration: Int64
    /// Every change of the newest leader: nanoseconds since the run began, and the node's name.
    public var leaders: [(time: Int64, node: String)]
    public var nodes: [Node]
    /// Program and arguments by node.
    public var commands: [[String]]
    /// What the reader of a verdict should know, one sentence each.
    public var warnings: [String]
    /// How durable what was acknowledged was; nil where the nodes' syncs could not be seen.
    public var durability: DurabilityAudit?
    /// Nanoseconds that each step took, in order.
    public var steps: [(name: String, elapsed: Int64)]
}

/// The way to end a run early, from any thread.
public final class RunStop: Sendable {
    private let requested = Atomic<Bool>(false)
    private let firstReason = Atomic<Int>(Reason.user.rawValue)
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    public init() {}

    /// Why a run is ended early.
    public enum Reason: Int, Sendable {
        case user
        /// The history cannot become valid any more.
        case violation
        /// The run has asked as much of the cluster as it may.
        case limit
    }

    /// The first reason that was given.
    public var reason: Reason { Reason(rawValue: firstReason.load(ordering: .acquiring)) ?? .user }

    public var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Ends the load: the run heals, stops, checks and reports what there is.
    public func request(because reason: Reason = .user) {
        if !isRequested { firstReason.store(reason.rawValue, ordering: .releasing) }
        requested.store(true, ordering: .releasing)
        action.withLock { $0 }?()
    }

    /// Replaces what is done when the end is asked for; done at once where it has been.
    public func whenRequested(_ body: @escaping @Sendable () -> Void) {
        action.withLock { $0 = body }
        if isRequested { body() }
    }
}

/// One run: set-up, load under faults, healing, quiet period, final reads, tear-down.
public struct Run {
    let plan: Plan
    private let transport: any Transport
    private let folder: RunFolder
    let status: RunStatus
    private let stop: RunStop
    private let stopsOnViolation: Bool

    /// - Parameter stopsOnViolation: whether the load ends once the history cannot become valid any more.
    public init(
        plan: Plan, transport: any Transport, folder: RunFolder, status: RunStatus, stop: RunStop,
        stopsOnViolation: Bool = false
    ) {
        self.stopsOnViolation = stopsOnViolation
        self.plan = plan
        self.transport = transport
        self.folder = folder
        self.status = status
        self.stop = stop
    }

    /// Carries it out on the calling thread, and tears the cluster down on every way out.
    /// - Throws: `RunError` when the cluster cannot be set up, or nothing can be written.
    public func execute() throws(RunError) -> RunOutcome {
        defer { transport.tearDown() }
        let keyPrefix = plan.keyPrefix.map { $0 + Self.identifier() + "-" } ?? ""
        let ledger = LoadLedger(plan.limits)
        var document = plan.document
        if !keyPrefix.isEmpty, var fields = document.fields {
            fields["key_prefix"] = .string(keyPrefix)
            document = .object(fields)
        }
        func bounded(_ load: any Generator) -> any Generator {
            plan.limits == LoadLimits() && keyPrefix.isEmpty ? load : BoundedLoad(load, ledger)
        }
        var plannedDocument: [UInt8] = []
        JSONWriter.append(document, to: &plannedDocument)
        try folder.write("plan.json", plannedDocument + [UInt8(ascii: "\n")])
        let journal: Journal
        do throws(HistoryError) {
            journal = try Journal(path: folder.file("history.jsonl"))
        } catch {
            throw RunError(error.description)
        }
        var steps: [(name: String, elapsed: Int64)] = []
        var last = clinux_monotonic_ns()
        func step(_ name: String) {
            let now = clinux_monotonic_ns()
            steps.append((name, now - last))
            last = now
        }

        let commands = try startNodes()
        step(transport.startsNodes ? "start \(plan.nodes) nodes until ready" : "find \(plan.nodes) nodes ready")
        let clockWarnings = ClockReachWarnings.gather(plan.schedule, transport)

        let origin = clinux_monotonic_ns()
        let follower = plan.checkers.lazy.compactMap { $0 as? any FollowingChecker }.first.map { checker in
            RunFollower(checker, status: status) { [stop, stopsOnViolation] _ in
                if stopsOnViolation { stop.request(because: .violation) }
            }
        }
        defer { follower?.stop() }
        let wake = Event()
        let triggers = TriggerWatch(plan.schedule, wake: wake)
        let factory = plan.clients(ClientSetting(transport, keyPrefix: keyPrefix, meter: ledger.meter))
        let interpreter = Interpreter(
            options: .init(
                workers: plan.workers, nodes: transport.nodes.map(\.name), timeout: plan.timeout,
                readOnly: plan.readOnly),
            journal: journal, follower: follower, triggers: triggers, status: status, origin: origin,
            factory: factory)
        let inbox = interpreter.inbox
        stop.whenRequested { inbox.stop() }
        let watch = NodeWatch(
            transport: transport, system: plan.system, origin: origin,
            interval: transport.startsNodes ? 100_000_000 : 500_000_000
        ) { operation in
            inbox.post(.happened(operation, recorded: nil))
        }
        let nemesis = NemesisThread(
            schedule: plan.schedule, transport: transport, system: plan.system, watch: watch, status: status,
            origin: origin, triggers: triggers, wake: wake
        ) { operation, recorded in
            inbox.post(.happened(operation, recorded: recorded))
        }

        let logs = triggers.flatMap { triggers in
            triggers.readsLogs ? LogWatch(transport: transport, triggers: triggers, origin: origin) : nil
        }
        defer { logs?.stop() }

        status.phase = "running"
        interpreter.run(
            FailureStop(bounded(plan.generator), when: { journal.failure != nil }), until: plan.duration)
        if ledger.reached != nil { stop.request(because: .limit) }
        step("load and faults")
        var warnings = clockWarnings + heal(nemesis, interpreter)
        step("heal")
        if !stop.isRequested, journal.failure == nil {
            status.phase = "quiet"
            interpreter.idle(plan.quiet)
            step("quiet period")
            if let final = plan.finalGenerator {
                status.phase = "final reads"
                let now = clinux_monotonic_ns() - origin
                interpreter.run(
                    bounded(final), until: now + max(5 * plan.timeout, 5_000_000_000) + plan.finalTime)
                step("final reads")
            }
        }
        let duration = clinux_monotonic_ns() - origin
        if let warning = removeKeys(ledger, prefix: keyPrefix, factory) { warnings.append(warning) }
        if !keyPrefix.isEmpty { step("remove keys") }
        watch.stop()
        logs?.stop()
        interpreter.drainAll()
        follower?.stop()
        let syncs = transport.nodes.compactMap { try? transport.durability(of: $0) }
        if transport.startsNodes { status.phase = "stopping nodes" }
        transport.tearDown()
        if transport.startsNodes { step("stop nodes") }
        warnings += transport.warnings
        do throws(HistoryError) {
            try journal.close()
        } catch {
            warnings.append(error.description)
        }

        if stop.isRequested, stop.reason == .violation {
            warnings.append("the load was ended early, because the history could not become valid any more")
        }
        if let reached = ledger.reached { warnings.append("the load was ended early, because \(reached)") }
        if interpreter.abandoned > 0 {
            warnings.append("\(interpreter.abandoned) operations were given up because their client did not return")
        }
        let history: History
        do throws(HistoryError) {
            history = try HistoryFile.read(folder.file("history.jsonl"))
        } catch {
            throw RunError(error.description)
        }
        step("read the history back")
        let names = transport.nodes.map(\.name)
        return RunOutcome(
            history: history, interrupted: stop.isRequested && stop.reason == .user, failure: journal.failure,
            duration: duration,
            leaders: watch.leaderChanges.map { ($0.time, names[$0.node]) }, nodes: transport.nodes,
            commands: commands, warnings: warnings + watch.warnings + history.warnings,
            durability: DurabilityAudit(history, readOnly: plan.readOnly, syncs: syncs, origin: origin), steps: steps)
    }

    private func startNodes() throws(RunError) -> [[String]] {
        status.phase = "starting nodes"
        var commands: [[String]] = []
        do throws(ClusterError) {
            try plan.schedule.prepare(transport)
            for node in transport.nodes where transport.startsNodes {
                if let supervision = plan.schedule.supervision {
                    try transport.superviseDisk(node, supervision)
                } else {
                    // For the audit of durability; a run does without.
                    try? transport.superviseDisk(node, DiskSupervision(.syncs, isOptional: true))
                }
                let launch = plan.system.launch(node, nodes: transport.nodes)
                commands.append(launch.command)
                try transport.start(node, launch)
            }
            if !transport.startsNodes { commands = transport.nodes.map { _ in [] } }
            status.phase = "waiting until the nodes are ready"
            let transport = transport
            let stop = stop
            try plan.system.waitUntilReady(transport.nodes, within: plan.readyWithin) { node -> String? in
                if stop.isRequested { return "the run was interrupted" }
                guard case .exited(let code, let signal) = transport.state(of: node) else { return nil }
                let how = signal.map { "was ended by signal \($0)" } ?? "ended with status \(code ?? 0)"
                let output = transport.lastOutput(of: node, lines: 5)
                return "its process \(how)"
                    + (output.isEmpty ? " and said nothing" : "; it said:\n  " + output.joined(separator: "\n  "))
            }
        } catch {
            throw RunError(error.description)
        }
        return commands
    }

    /// Undoes all faults, while what they report is still recorded.
    private func heal(_ nemesis: NemesisThread, _ interpreter: Interpreter) -> [String] {
        status.phase = "healing"
        nemesis.stop()
        let limit = min(30_000_000_000 + plan.schedule.undoLimit(nodes: plan.nodes), Self.longestHealing)
        let deadline = clinux_monotonic_ns() + limit
        while clinux_monotonic_ns() < deadline {
            interpreter.drainAll()
            if nemesis.isFinished(within: 5_000_000) {
                interpreter.drainAll()
                return []
            }
        }
        let words = "not everything could be undone within \(Quantity.describe(duration: limit))"
        return [words + (transport.startsNodes ? "; the nodes are ended all the same" : "; see to it by hand")]
    }

    /// Nanoseconds; commands of the user's may be slow.
    private static let longestHealing: Int64 = 900_000_000_000
}
