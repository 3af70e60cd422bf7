import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphSystems

/// Kills nodes while they are starting.
public struct StartKillFault: Fault {
    public static let description = FaultDescription(
        name: "kill-during-start", group: .processes,
        summary: "kill nodes, then start and kill them again at moments drawn within their start",
        parameters: [
            .target(),
            FaultParameter(
                "within", .duration(atLeast: 1), standard: .integer(100_000_000),
                "each kill comes at most this long after the program began to execute; at most 10s"),
            FaultParameter("times", .count(1...100), standard: .integer(3), "how many starts are cut short"),
        ],
        shorthand: "target", proof: "starts that were cut short, and how long after the program began to execute",
        undo: "starts the node again, with the clock it should have", takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        settings.integer("within") > 10_000_000_000 ? [FaultProblem("within", "must be at most 10s")] : []
    }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        var drawn = settings
        let limit = UInt64(max(0, settings.integer("within"))) + 1
        drawn["delays"] = .list(
            (0..<max(0, settings.integer("times"))).map { _ in .integer(Int64(random.next(below: limit))) })
        return drawn
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let delays = (planned.settings["delays"]?.elements ?? []).compactMap(\.integerValue)
        var cutShort = 0
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            _ = try context.processes.down(node, for: planned.id)
            let launch = context.system.launch(context.nodes[node], nodes: context.nodes)
            var moments: [Value] = []
            for delay in delays {
                let start = try context.transport.start(context.nodes[node], launch, killedAfter: delay)
                guard start.processes > 0 else { continue }
                cutShort += 1
                moments.append(.integer(start.elapsed))
            }
            return ["killed_after_ns": .list(moments), "starts": .integer(Int64(delays.count))]
        }
        proof.isProved = cutShort > 0
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.raise(choice, takenBy: planned.id)
    }
}
