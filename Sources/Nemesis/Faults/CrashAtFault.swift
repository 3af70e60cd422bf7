import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// SIGKILL to everything that a node runs, exactly at a system call.
public struct CrashAtFault: Fault {
    public static let description = FaultDescription(
        name: "crash-at", group: .disks,
        summary: "kill nodes exactly before, during or after a matching system call, restart them at the end",
        parameters: [
            FaultParameter(
                "call", .word(DiskRules.callNames), isRequired: true, "which call"),
            FaultParameter(
                "when", .word(["before", "during", "after"]), standard: "after",
                "`before` it has any effect; `during`: a drawn part of the data is written; `after`: it is done and "
                    + "the program does not know"),
            FaultParameter(
                "nth", .count(1...1_000_000_000), standard: .integer(1), "counted from the beginning of the fault"),
            DiskRules.files, .target("one"),
        ],
        shorthand: "call", needs: DiskRules.needs, proof: "the call that the node was killed at",
        undo: "starts the node again, with the clock it should have", takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        if settings.text("when") == "during",
            DiskRules.calls(settings, "call").isDisjoint(with: SystemCallRule.Call.writing)
        {
            return [FaultProblem("when", "`during` is for calls that write: write, writev, pwrite and pwritev")]
        }
        return []
    }

    public static func supervision(for settings: FaultSettings) -> DiskSupervision? {
        DiskRules.supervision(DiskRules.calls(settings, "call"))
    }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        DiskRules.drawSeed(settings, &random)
    }

    private static func words(_ settings: FaultSettings) -> String {
        let number = settings.integer("nth")
        let files = settings.text("files") ?? "*"
        return "crash \(settings.text("when") ?? "after") \(settings.text("call") ?? "") number \(number) of \(files)"
    }

    public static func summary(of planned: PlannedFault) -> String {
        guard let target = planned.settings.target else { return words(planned.settings) }
        return "\(words(planned.settings)) on \(planned.who(target))"
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.kind = "\(planned.settings.text("when") ?? "after") \(planned.settings.text("call") ?? "")"
        choice.summary = "\(Self.words(planned.settings)) on \(context.names(choice.targets))"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let settings = planned.settings
        let effect: SystemCallRule.Effect =
            switch settings.text("when") {
            case "before"?: .crashBefore
            case "during"?: .tornCrash
            default: .crashAfter
            }
        // It falls at a moment of its own, and then it is this fault that holds it down.
        for node in choice.targets { context.processes.willFall(node, for: planned.id) }
        return DiskRules.begin(choice, planned, context) { node in
            [
                SystemCallRule(
                    DiskRules.calls(settings, "call"), files: settings.text("files") ?? "*", effect: effect,
                    first: Int(settings.integer("nth")), limit: 1, seed: DiskRules.seed(settings, node: node))
            ]
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let proof = DiskRules.end(choice, planned, context)
        for node in choice.targets { context.processes.release(node, from: planned.id) }
        return context.raiseFallen(choice, planned, proof)
    }
}

extension NemesisContext {
    /// Starts those of a fault's targets that are down because they could not live with it.
    /// - Parameter proof: what is known of the fault; what the starts show is added.
    func raiseFallen(_ choice: FaultChoice, _ planned: PlannedFault, _ proof: FaultProof) -> FaultProof {
        var proof = proof
        let fallen = choice.targets.filter { !isUp($0) }
        guard !fallen.isEmpty else { return proof }
        let raised = raise(fallen)
        for (name, facts) in raised.facts {
            var fields = proof.facts[name]?.fields ?? [:]
            fields["started_again"] = facts
            proof.facts[name] = .object(fields)
        }
        proof.failures += raised.failures
        proof.isProved = proof.isProved && raised.isProved
        return proof
    }
}
