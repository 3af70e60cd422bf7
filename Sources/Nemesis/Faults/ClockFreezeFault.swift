import PolygraphCluster
import PolygraphHistory

/// Clocks that stand still.
public struct ClockFreezeFault: Fault {
    public static let description = FaultDescription(
        name: "clock-freeze", group: .clocks, summary: "wall clocks that stand still",
        parameters: [.target("minority")],
        shorthand: "target", needs: "local nodes; tracing of processes",
        proof: "two readings by the node's own process, between which its clock has lost what has passed",
        undo: "the clock shows the true time again")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary = choice.targets.map { "clock of n\($0 + 1) stands still" }.joined(separator: ", ")
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        for node in choice.targets { context.clocks.bend(node, .frozen(), for: planned.id) }
        var proof = context.clocks.apply(choice.targets, context)
        let start = context.now()
        let first = offsets(choice.targets, context)
        context.wait(atMost: 50_000_000) { false }
        let second = offsets(choice.targets, context)
        let passed = context.now() - start
        var standing = !second.isEmpty
        for (node, offset) in second {
            let lost = (first[node] ?? offset) - offset
            proof.facts[context.names[node]] = ["measured_offset": .integer(offset), "lost_ns": .integer(lost)]
            if !(40_000_000...passed).contains(lost) { standing = false }
        }
        proof.isProved = standing && proof.failures.isEmpty
        return proof
    }

    private func offsets(_ targets: [Int], _ context: NemesisContext) -> [Int: Int64] {
        var offsets: [Int: Int64] = [:]
        for node in targets where context.isUp(node) {
            offsets[node] = (try? context.transport.readClock(context.nodes[node]))?.measuredOffset
        }
        return offsets
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        for node in choice.targets { context.clocks.release(node, from: planned.id) }
        return context.clocks.apply(choice.targets, context)
    }
}
