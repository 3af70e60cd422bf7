import PolygraphHistory

/// One occurrence of a fault in a schedule: when it begins and ends, and on whom, as far as that is known before the
/// run.
public struct PlannedFault: Hashable, Sendable {
    /// Unique in its run, from 0, in order of the start.
    public var id: Int
    /// Which line of `faults:` it comes from, counted from 0.
    public var line = 0
    /// The kind's name: `partition`, `kill`, …
    public var function: String
    /// What was drawn for it.
    public var settings: FaultSettings
    /// Nanoseconds since the run began; where it waits for a trigger, the earliest time at which that counts.
    public var start: Int64
    /// Nanoseconds since the run began; where it waits for a trigger, it lasts from `start` to here, later.
    public var end: Int64
    /// All nodes, shuffled: targets are taken from the front.
    public var order: [Int]
    /// How many nodes `minority` takes this time.
    public var minoritySize: Int
    public var quorum: QuorumRule?
    /// What it waits for; nil: it comes by the clock.
    public var trigger: FaultTrigger?
    /// Nanoseconds between two faults of one trigger.
    public var gap: Int64 = 0
    /// Whether `order` holds as it stands, whoever runs or leads: the fault repeats one that happened.
    public var isPinned = false

    /// The kind of fault. A schedule has only faults that the catalog knows.
    var kind: any Fault.Type { FaultCatalog.kind(named: function)! }

    /// One line for a plan.
    public var summary: String {
        (trigger.map { $0.words + ": " } ?? "") + effect
    }

    /// What it does and to whom, without what it waits for.
    public var effect: String { kind.summary(of: self) + (quorum.map { " (\($0.rawValue) majority)" } ?? "") }

    /// The nodes that a target means, in words, before anybody knows who leads.
    public func who(_ target: Target) -> String {
        switch target {
        case .primary: return "whoever leads then"
        case .nonPrimary: return "one that does not lead then"
        case .primaryWithMinority: return "whoever leads then, with others"
        default:
            return target.nodes(order: order, minoritySize: minoritySize, names: order.indices.map { "n\($0 + 1)" })
                .map { "n\($0 + 1)" }.joined(separator: " ")
        }
    }

    /// The choice of a fault that has a target and nothing else to choose.
    public func targetChoice(order: [Int], context: NemesisContext) -> FaultChoice {
        let target = settings.target ?? .one
        var targets = target.nodes(order: order, minoritySize: minoritySize, names: context.names)
        if let quorum { targets = quorum.apply(to: targets, order: order, away: context.processes.away) }
        return FaultChoice(
            targets: targets, kind: target.description, summary: "\(function) \(context.names(targets))")
    }
}
