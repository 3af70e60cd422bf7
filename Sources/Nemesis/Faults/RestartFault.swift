import PolygraphCluster
import PolygraphHistory

/// Ends what nodes run, and starts it again at once.
public struct RestartFault: Fault {
    public static let description = FaultDescription(
        name: "restart", group: .processes, summary: "end the processes of nodes and start them again at once",
        parameters: [.target(), .ending, .grace("with `terminate`: ")], shorthand: "target",
        proof: "processes that were there and are gone, and new ones that run", undo: "starts a node that does not run",
        takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let grace = planned.settings.isGraceful ? planned.settings.integer("grace") : nil
        let down = context.bringDown(choice, grace: grace, for: planned.id)
        var proof = context.raise(choice, takenBy: planned.id)
        for node in choice.targets {
            let name = context.names[node]
            proof.facts[name] = ["ended": down.facts[name] ?? .null, "started": proof.facts[name] ?? .null]
        }
        proof.failures += down.failures
        proof.isProved = proof.isProved && down.isProved && down.failures.isEmpty
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.raise(choice.targets)
    }
}

extension FaultParameter {
    /// How the processes of a node are ended.
    static let ending = FaultParameter(
        "with", .word(["kill", "terminate"]), standard: "kill", "SIGKILL, or SIGTERM first and SIGKILL after `grace`")
    /// How long it may take.
    static func grace(_ condition: String) -> FaultParameter {
        FaultParameter(
            "grace", .duration(atLeast: 1), standard: .integer(5_000_000_000),
            condition + "how long a node may take to end by itself")
    }
}

extension FaultSettings {
    var isGraceful: Bool { text("with") == "terminate" }
}
