import PolygraphCluster
import PolygraphHistory

/// A limit of memory for all that a node runs; who wants more is killed.
public struct MemoryFault: Fault {
    public static let description = FaultDescription(
        name: "memory", group: .resources,
        summary: "limit the memory of all processes of a node; the largest is killed when they want more",
        parameters: [
            FaultParameter("limit", .bytes(atLeast: 0), "how much all of them may have"),
            FaultParameter("room", .bytes(atLeast: 0), "instead of `limit`: how much more than they have"),
            .target("one"),
        ],
        needs: "a control group, or else looking does it",
        proof: "kills for want of memory, or use of nearly all that is left",
        undo: "no limit any more; starts nodes that were killed")

    private let planned: PlannedFault
    private var effects: [Int: LimitMeasurement.Effect] = [:]

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func prepare(_ node: Node, _ transport: any Transport) throws(ClusterError) {
        try transport.prepareLimits(node)
    }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        switch (settings["limit"] == nil, settings["room"] == nil) {
        case (true, true):
            [FaultProblem(nil, "says neither `limit` (such as 256MB) nor `room` (beyond what is in use, such as 16MB)")]
        case (false, false): [FaultProblem("room", "and `limit` exclude each other")]
        default: []
        }
    }

    private func limit(_ use: ResourceUse) -> Int64 {
        planned.settings["limit"] != nil
            ? planned.settings.integer("limit") : use.memory + planned.settings.integer("room")
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let words =
            planned.settings["limit"] != nil
            ? Quantity.describe(bytes: planned.settings.integer("limit"))
            : "\(Quantity.describe(bytes: planned.settings.integer("room"))) more than now"
        choice.summary = "memory of \(context.names(choice.targets)): at most \(words)"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let measured = LimitMeasurement(choice.targets, for: planned.id, context) { use in
            ResourceLimits(memory: limit(use))
        } until: {
            $0.kills > 0
        }
        effects = measured.effects
        return measured.proof("memory", context) { effect in
            [
                "used_before": .integer(effect.before.memory), "used_after": .integer(effect.after.memory),
                "out_of_memory_kills": .integer(effect.kills),
            ]
        } shows: { effect in
            effect.kills > 0 || Double(effect.after.memory) >= 0.9 * Double(effect.proof.inForce["memory"] ?? .max)
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = LimitMeasurement.end(choice.targets, for: planned.id, context, since: effects) { before, after in
            ["out_of_memory_kills": .integer(after.outOfMemoryKills - before.outOfMemoryKills)]
        }
        let killed = choice.targets.filter { context.transport.endCause(of: context.nodes[$0]) == .outOfMemory }
        let raised = context.raise(killed)
        proof.failures += raised.failures
        proof.isProved = proof.isProved && (killed.isEmpty || raised.isProved)
        proof.facts["restarted"] = .list(killed.map { .string(context.names[$0]) })
        return proof
    }
}
