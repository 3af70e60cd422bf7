import PolygraphCluster
import PolygraphHistory

/// Sets clocks right, whatever other faults have made of them.
public struct ClockResetFault: Fault {
    public static let description = FaultDescription(
        name: "clock-reset", group: .clocks,
        summary: "wall clocks jump back to the true time, whatever faults in force have made of them",
        parameters: [.target("all")], shorthand: "target", needs: ClockWords.needs,
        proof: "a clock that was wrong, and is right as the node's own process reads it",
        undo: "nothing: the clocks are right")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary = "clocks of \(context.names(choice.targets)) are set right"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let before = choice.targets.map { context.clocks.skew(of: $0) }
        for node in choice.targets { context.clocks.clear(node) }
        var proof = context.clocks.apply(choice.targets, context)
        proof.facts["wrong_before"] = .integer(Int64(before.count { $0 != .none }))
        proof.isProved = proof.isProved && before.contains { $0 != .none }
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        FaultProof(isProved: true)
    }
}
