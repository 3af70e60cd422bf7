import PolygraphCluster
import PolygraphHistory

/// Clocks that stand still.
public struct ClockFreezeFault: Fault {
    public static let description = FaultDescription(
        name: "clock-freeze", group: .clocks, summary: "wall clocks that stand still",
        parameters: [.target("minority")],
        shorthand: "target", needs: ClockWords.needs,
        proof: "two readings by the node's own process, between which its clock has lost what has passed",
        undo: "the clock shows the true time again")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary = FaultChoice.clockWords(choice.targets) { _ in "stands still" }
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = context.bendClocks(choice, for: planned.id) { _ in .frozen() }
        let start = context.now()
        let first = context.clockReadings(choice.targets)
        context.wait(atMost: 50_000_000) { false }
        let second = context.clockReadings(choice.targets)
        let passed = context.now() - start
        var standing = !second.isEmpty
        for (node, reading) in second {
            let lost = (first[node] ?? reading).offset - reading.offset
            proof.facts[context.names[node]] = ["measured_offset": .integer(reading.offset), "lost_ns": .integer(lost)]
            if !(40_000_000...passed).contains(lost) { standing = false }
        }
        proof.isProved = standing && proof.failures.isEmpty
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.releaseClocks(choice, from: planned.id)
    }
}
