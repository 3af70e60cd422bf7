import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// Carries out the faults of a schedule on a cluster, measures what they did, and undoes them.
///
/// Faults overlap freely: the boards of the context join what they demand. One thread at a time may use it.
public final class Nemesis {
    private let context: NemesisContext
    /// Takes every event at the time at which it happens; returns once an intent is safe in the journal.
    private let record: (FaultEvent) -> Void

    /// Nanoseconds for which a fault waits for somebody who leads, before it takes whoever was drawn.
    public static let patience: Int64 = 2_000_000_000
    /// Nanoseconds by which a fault may be late without saying so.
    public static let punctuality: Int64 = 250_000_000

    /// Faults in force, by number.
    private var active: [Int: ActiveFault] = [:]
    /// Those whose undo failed: it is tried again when everything ends.
    private var unfinished: [Int: ActiveFault] = [:]

    private struct ActiveFault {
        var planned: PlannedFault
        var fault: any Fault
        var choice: FaultChoice
        /// When it should end, in nanoseconds since the run began; nil where nobody knows.
        var due: Int64?

        /// Members change only while most of them can talk to each other.
        var changesMembers: Bool { planned.kind.description.group == .membership }
    }

    public init(
        transport: any Transport, system: any System, now: @escaping () -> Int64,
        primaries: @escaping () -> [Int], record: @escaping (FaultEvent) -> Void
    ) {
        context = NemesisContext(transport: transport, system: system, now: now, primaries: primaries)
        self.record = record
    }

    /// The faults in force, in words, oldest first.
    public var inForce: [String] {
        (Array(active.values) + unfinished.values).sorted { $0.planned.id < $1.planned.id }
            .map { "\($0.planned.function) \($0.choice.kind)" }
    }

    /// Starts a fault: intent, deed, measured effect. One that must know who leads is put off while nobody does, for at
    /// most `patience`: an election may be going on.
    /// - Parameter due: when it was to begin, in nanoseconds since the run began; nil: now, whether or not anybody leads.
    /// - Returns: false where it was put off: nothing has been done, and it is to be tried again in a moment.
    @discardableResult
    public func inject(_ planned: PlannedFault, due: Int64? = nil) -> Bool {
        let needsPrimary = !planned.isPinned && planned.kind.needsPrimary(planned)
        let primary = needsPrimary ? context.primaries().first(where: context.isUp) : nil
        if needsPrimary, primary == nil, let due, context.now() < due + Self.patience { return false }
        let delay = delay(since: due)
        var fault = planned.kind.init(planned)
        let order = order(planned, primary: primary)
        let choice = fault.choose(order: order, context: context)
        var event = event(planned, choice, .inject, .intent)
        event.order = order.map { context.names[$0] }
        record(event)
        let end = planned.trigger == nil ? planned.end + max(0, context.now() - planned.start) : nil
        active[planned.id] = ActiveFault(planned: planned, fault: fault, choice: choice, due: end)
        if choice.targets.isEmpty, planned.quorum == .keep {
            event.stage = .effect
            event.proof["skipped"] = "nobody could be attacked without taking away the majority"
            record(event)
            return true
        }
        carryOut(&event) { () throws(ClusterError) in try fault.begin(choice, context) }
        if needsPrimary, primary == nil { event.proof["primary"] = "none known; a drawn node instead" }
        if let delay { event.proof["begun_late_ns"] = .integer(delay) }
        active[planned.id]?.fault = fault
        context.transport.notePackets(choice.summary)
        record(event)
        return true
    }

    /// Ends a fault; harmless when it is not in force.
    /// - Parameter due: when it was to end, in nanoseconds since the run began; nil: now.
    public func undo(_ id: Int, due: Int64? = nil) {
        guard let ending = active.removeValue(forKey: id) else { return }
        undo(ending, due: due)
    }

    private func undo(_ fault: ActiveFault, due: Int64?) {
        var ending = fault
        let delay = delay(since: due)
        var event = event(ending.planned, ending.choice, .undo, .intent)
        record(event)
        carryOut(&event) { () throws(ClusterError) in try ending.fault.end(ending.choice, context) }
        if let delay { event.proof["ended_late_ns"] = .integer(delay) }
        context.transport.notePackets(event.summary)
        record(event)
        if event.stage == .failed || ending.changesMembers && event.proved == false {
            unfinished[ending.planned.id] = ending
        }
    }

    /// Ends every fault that is in force, newest first, but changes of members last, for which the network must be
    /// whole; then tries again what could not be undone when it was due.
    public func healAll() {
        let all = active.values.sorted { $0.planned.id > $1.planned.id }
        for fault in all where !fault.changesMembers { undo(fault.planned.id, due: fault.due) }
        for fault in all where fault.changesMembers { undo(fault.planned.id, due: fault.due) }
        let left = unfinished.values.sorted { $0.planned.id > $1.planned.id }
        unfinished.removeAll()
        for fault in left { undo(fault, due: nil) }
    }

    private func carryOut(_ event: inout FaultEvent, _ deed: () throws(ClusterError) -> FaultProof) {
        do throws(ClusterError) {
            let proof = try deed()
            event.proof = proof.facts
            event.proved = proof.isProved
            event.skew = proof.skew
            // Where it failed on every node there was no fault at all; where on some, the facts say on which.
            if let failure = proof.failures.first, proof.failures.count >= event.targets.count { throw failure }
            event.stage = .effect
        } catch {
            event.stage = .failed
            event.error = error.description
        }
    }

    /// How much too late it is, where that is worth saying.
    private func delay(since due: Int64?) -> Int64? {
        guard let due else { return nil }
        let delay = context.now() - due
        return delay > Self.punctuality ? delay : nil
    }

    private func order(_ planned: PlannedFault, primary: Int?) -> [Int] {
        if planned.isPinned { return planned.order }
        // A node that is down already has nothing to lose: the drawn order holds among those that run.
        let up = planned.order.filter(context.isUp)
        var order = up + planned.order.filter { !up.contains($0) }
        if let primary {
            order.removeAll { $0 == primary }
            order.insert(primary, at: 0)
        }
        return order
    }

    private func event(
        _ planned: PlannedFault, _ choice: FaultChoice, _ action: FaultEvent.Action, _ stage: FaultEvent.Stage
    ) -> FaultEvent {
        var event = FaultEvent(
            fault: planned.id, action: action, stage: stage, function: planned.function, kind: choice.kind,
            targets: choice.targets.map { context.names[$0] },
            summary: action == .inject ? choice.summary : "end of: \(choice.summary)")
        if !choice.cut.isEmpty {
            event.cut = choice.cut.sorted().map { [context.names[$0.from], context.names[$0.to]] }
        }
        return event
    }
}
