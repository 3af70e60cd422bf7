import PolygraphCluster
import PolygraphHistory

/// Stops all that a node runs, again and again for some milliseconds.
public struct SlowFault: Fault {
    public static let description = FaultDescription(
        name: "slow", group: .resources, summary: "stop all processes of a node again and again, for some milliseconds",
        parameters: [
            FaultParameter(
                "share", .share(above: 0, upTo: 1), standard: .double(0.2), "in which part of the time they run"),
            FaultParameter(
                "cycle", .duration(atLeast: 1_000_000), standard: .integer(20_000_000),
                "from one stop to the next; at most 1m"),
            .target("one"),
        ],
        shorthand: "target", proof: "stops, and the time that they took", undo: "nothing stops the processes any more")

    private let planned: PlannedFault
    private var effects: [Int: LimitMeasurement.Effect] = [:]

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        let cycle = cycle(settings)
        if settings.integer("cycle") > 60_000_000_000 { return [FaultProblem("cycle", "must be at most 1m")] }
        return cycle.running < 100_000
            ? [FaultProblem("cycle", "is too short for this share: processes would run for less than 0.1 ms")] : []
    }

    private static func cycle(_ settings: FaultSettings) -> Slowdown {
        let length = settings.integer("cycle")
        let running = Int64(Double(length) * settings.number("share"))
        return Slowdown(running: running, stopped: length - running)
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let cycle = Self.cycle(planned.settings)
        choice.summary =
            "\(context.names(choice.targets)): runs for \(Quantity.describe(duration: cycle.running)), stops for "
            + Quantity.describe(duration: cycle.stopped)
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let limits = ResourceLimits(slowdown: Self.cycle(planned.settings))
        let measured = LimitMeasurement(choice.targets, for: planned.id, context) { _ in
            limits
        } until: {
            $0.stops > 2
        }
        effects = measured.effects
        return measured.proof("slow-down", context) { effect in
            [
                "stops": .integer(effect.stops),
                "stopped_share": .double(
                    Double(effect.after.stoppedTime - effect.before.stoppedTime) / Double(max(1, effect.elapsed))),
            ]
        } shows: {
            $0.stops > 0
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        LimitMeasurement.end(choice.targets, for: planned.id, context, since: effects) { before, after in
            [
                "stops": .integer(after.stops - before.stops),
                "stopped_ns": .integer(after.stoppedTime - before.stoppedTime),
            ]
        }
    }
}
