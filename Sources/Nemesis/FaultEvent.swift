import PolygraphHistory

/// What the nemesis says of one step of a fault, on its way into the history.
public struct FaultEvent: Hashable, Sendable {
    public enum Action: String, Sendable { case inject, undo }
    public enum Stage: String, Sendable {
        /// Nothing has been done yet.
        case intent
        /// It is done, and its effect was measured.
        case effect
        /// It could not be done.
        case failed
    }

    /// The injection and the undo of a fault share this number.
    public var fault: Int
    public var action: Action
    public var stage: Stage
    /// `partition`, `kill`, `pause`, `clock`.
    public var function: String
    /// The shape of the partition, the words for the targets, or what the clock does.
    public var kind: String
    /// Names of the nodes that it is for.
    public var targets: [String]
    /// One sentence.
    public var summary: String
    /// Names of all nodes, in the order in which targets were taken from its front; with the intent of an injection.
    public var order: [String]?
    /// Directed pairs of node names that are cut.
    public var cut: [[String]]?
    /// Offset in nanoseconds and rate in parts per million, by node name.
    public var skew: [String: Value]?
    /// Measured facts.
    public var proof: [String: Value] = [:]
    /// Whether the facts prove that it bit.
    public var proved = false
    /// Why it failed.
    public var error: String?

    public init(
        fault: Int, action: Action, stage: Stage, function: String, kind: String, targets: [String], summary: String
    ) {
        self.fault = fault
        self.action = action
        self.stage = stage
        self.function = function
        self.kind = kind
        self.targets = targets
        self.summary = summary
    }

    /// The value of the event in a history.
    public var value: Value {
        var fields: [String: Value] = [
            "fault": .integer(Int64(fault)), "action": .string(action.rawValue), "stage": .string(stage.rawValue),
            "kind": .string(kind), "targets": .list(targets.map(Value.string)), "summary": .string(summary),
        ]
        if let order, stage == .intent { fields["order"] = .list(order.map(Value.string)) }
        if let cut { fields["cut"] = .list(cut.map { .list($0.map(Value.string)) }) }
        if let skew { fields["skew"] = .object(skew) }
        if stage == .effect {
            fields["proof"] = .object(proof)
            fields["proved"] = .bool(proved)
        }
        return .object(fields)
    }
}
