import PolygraphCluster
import PolygraphHistory

/// A share of one processor for all that a node runs.
public struct ProcessorFault: Fault {
    public static let description = FaultDescription(
        name: "cpu", group: .resources, summary: "all processes of a node together get a share of one processor",
        parameters: [
            FaultParameter(
                "share", .share(above: 0.001, upTo: 64), standard: .double(0.1),
                "how much of one processor; more than 100% allows several"),
            .target("one"),
        ],
        shorthand: "share", needs: "a control group, or else signals do it",
        proof: "how often processes were held up, and the share that they had", undo: "no limit any more")

    private let planned: PlannedFault
    private var effects: [Int: LimitMeasurement.Effect] = [:]

    public init(_ planned: PlannedFault) { self.planned = planned }

    private var share: Int64 { Int64((planned.settings.number("share") * 1_000_000).rounded()) }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary =
            "\(context.names(choice.targets)): \(Quantity.describe(fraction: Double(share) / 1e6)) of one processor"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let limits = ResourceLimits(processorShare: share)
        let measured = LimitMeasurement(choice.targets, for: planned.id, context) { _ in
            limits
        } until: {
            $0.stops > 0
        }
        effects = measured.effects
        return measured.proof("processor", context) { effect in
            ["held_up": .integer(effect.stops), "share_used": .double(effect.processorShare)]
        } shows: {
            $0.stops > 0
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        LimitMeasurement.end(choice.targets, for: planned.id, context, since: effects) { before, after in
            [
                "held_up": .integer(after.stops - before.stops),
                "held_up_ns": .integer(after.stoppedTime - before.stoppedTime),
            ]
        }
    }
}
