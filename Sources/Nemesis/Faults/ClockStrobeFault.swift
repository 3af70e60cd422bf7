import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Clocks that jump ahead and back again, all the time.
public struct ClockStrobeFault: Fault {
    public static let description = FaultDescription(
        name: "clock-strobe", group: .clocks, summary: "wall clocks that jump to and fro all the time",
        parameters: [
            FaultParameter(
                "period", .duration(atLeast: 1_000), standard: .integer(200_000_000), "from one jump ahead to the next"),
            FaultParameter(
                "amplitude", .duration(atLeast: 1), standard: .integer(10_000_000_000),
                "how far, ahead or back, drawn for each node"),
            .target("minority"),
        ],
        needs: ClockWords.needs, proof: "both times as the node's own process reads them",
        undo: "the clock shows the true time again")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        var drawn = settings
        drawn["amplitudes"] = .list(ClockFault.drawn(settings.integer("amplitude"), nodes, &random))
        return drawn
    }

    private func strobe(_ node: Int) -> ClockStrobe {
        ClockStrobe(
            period: planned.settings.integer("period"), amplitude: planned.settings.drawn("amplitudes", node))
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary = FaultChoice.clockWords(choice.targets) { ClockSkew(offset: 0, strobe: strobe($0)).words }
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = context.bendClocks(choice, for: planned.id) { ClockSkew(offset: 0, strobe: strobe($0)) }
        var hasJumped = false
        for node in choice.targets where context.isUp(node) {
            let strobe = strobe(node)
            var seen: [Int64] = []
            context.wait(atMost: min(2 * strobe.period + 100_000_000, 2_000_000_000)) {
                if let reading = try? context.transport.readClock(context.nodes[node]) {
                    seen.append(reading.measuredOffset)
                }
                return (seen.max() ?? 0) - (seen.min() ?? 0) > abs(strobe.amplitude) / 2
            }
            let width = (seen.max() ?? 0) - (seen.min() ?? 0)
            if width > abs(strobe.amplitude) / 2 { hasJumped = true }
            proof.facts[context.names[node]] = [
                "measured_offset": .integer(seen.last ?? 0), "measured_jump": .integer(width),
                "readings": .integer(Int64(seen.count)),
            ]
        }
        proof.isProved = hasJumped
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.releaseClocks(choice, from: planned.id)
    }
}

extension FaultSettings {
    /// What was drawn for a node, were it a target.
    func drawn(_ name: String, _ node: Int) -> Int64 {
        let all = values[name]?.elements ?? []
        return all.indices.contains(node) ? all[node].integerValue ?? 0 : 0
    }
}
