import PolygraphCluster
import PolygraphHistory

/// Ends what nodes run, and starts it again at once.
public struct RestartFault: Fault {
    public static let description = FaultDescription(
        name: "restart", group: .processes, summary: "end the processes of nodes and start them again at once",
        parameters: [.target(), .ending, .grace], shorthand: "target",
        proof: "processes that were there and are gone, and new ones that run", undo: "starts a node that does not run",
        takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var ended = 0
        var facts: [Int: Value] = [:]
        let down = context.each(choice.targets) { node throws(ClusterError) in
            let fact: Value
            if planned.settings.isGraceful {
                let end = try context.processes.terminate(
                    node, grace: planned.settings.integer("grace"), for: planned.id)
                ended += end.processes
                fact = end.value
            } else {
                let processes = try context.processes.down(node, for: planned.id)
                ended += processes
                fact = ["processes_killed": .integer(Int64(processes))]
            }
            facts[node] = fact
            return fact
        }
        for node in choice.targets { context.processes.release(node, from: planned.id) }
        var proof = context.raise(choice.targets)
        for (node, fact) in facts {
            let name = context.names[node]
            proof.facts[name] = ["ended": fact, "started": proof.facts[name] ?? .null]
        }
        proof.failures += down.failures
        proof.isProved = proof.isProved && ended > 0 && down.failures.isEmpty
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
    static let grace = FaultParameter(
        "grace", .duration(atLeast: 1), standard: .integer(5_000_000_000),
        "with `terminate`: how long a node may take to end by itself")
}

extension FaultSettings {
    var isGraceful: Bool { text("with") == "terminate" }
}
