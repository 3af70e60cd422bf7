import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Clocks that go wrong without a jump.
public struct ClockSlewFault: Fault {
    public static let description = FaultDescription(
        name: "clock-slew", group: .clocks, summary: "wall clocks that go wrong smoothly, without a jump",
        parameters: [
            FaultParameter(
                "by", .duration(atLeast: 1), standard: .integer(10_000_000_000),
                "the error in the end is at most this, ahead or behind, drawn for each node"),
            FaultParameter(
                "over", .duration(atLeast: 1), "how long it takes to get there; all of the fault's time, unless said"),
            .target("minority"),
        ],
        needs: ClockWords.needs,
        proof: "two readings by the node's own process, between which its clock has gone wrong",
        undo: "the clock shows the true time again")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        var drawn = settings
        drawn["gains"] = .list(ClockFault.drawn(settings.integer("by"), nodes, &random))
        return drawn
    }

    private func slew(_ node: Int) -> ClockSlew {
        let whole = max(1, planned.end - planned.start)
        let over = planned.settings["over"] == nil ? whole : planned.settings.integer("over")
        // A clock that runs a thousand times too fast is as fast as clocks can be bent.
        let gain = planned.settings.drawn("gains", node)
        return ClockSlew(gain: gain, duration: max(over, abs(gain) / 1000 + 1))
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary = FaultChoice.clockWords(choice.targets) { ClockSkew(offset: 0, slew: slew($0)).words }
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = context.bendClocks(choice, for: planned.id) { ClockSkew(offset: 0, slew: slew($0)) }
        let first = context.clockReadings(choice.targets)
        context.wait(atMost: 100_000_000) { false }
        var isMoving = false
        for (node, second) in context.clockReadings(choice.targets) {
            guard let before = first[node] else { continue }
            let slew = slew(node)
            let expected = slew.gained(after: second.time - before.time)
            let moved = second.offset - before.offset
            proof.facts[context.names[node]] = [
                "measured_offset": .integer(second.offset), "moved_ns": .integer(moved),
                "expected_ns": .integer(expected),
            ]
            // Readings are exact to some microseconds; a slew that is slower than that shows at its end.
            if expected != 0, moved.signum() == expected.signum(), abs(moved) > abs(expected) / 2 { isMoving = true }
        }
        proof.isProved = isMoving && proof.failures.isEmpty
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let final = context.clockReadings(choice.targets)
        var proof = context.releaseClocks(choice, from: planned.id)
        for (node, reading) in final {
            proof.facts["offset_before \(context.names[node])"] = .integer(reading.offset)
        }
        return proof
    }
}
