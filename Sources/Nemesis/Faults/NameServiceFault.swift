import PolygraphCluster
import PolygraphHistory

/// Names that stop resolving, or resolve to somebody else.
public struct NameServiceFault: Fault {
    public static let description = FaultDescription(
        name: "dns", group: .network, summary: "names of nodes stop resolving, or lead to another node",
        parameters: [
            FaultParameter(
                "answer", .word(["no-such-name", "server-failure", "silence", "other-node"]), standard: "no-such-name",
                "what nodes are told"),
            .target("all"),
            FaultParameter("names", .texts("a node's name"), "which names; all where nothing is said"),
        ],
        shorthand: "answer", needs: "a system that is started with names, not addresses",
        proof: "questions that were answered wrongly", undo: "the right addresses are told again",
        reach: [.local], confinement: "hosts ask name servers of their own")

    private let planned: PlannedFault
    private var before: [NameCounters] = []

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        settings.texts("names").enumerated().compactMap { element, name in
            shape.names.contains(name)
                ? nil : FaultProblem("names", element: element, "there is no node `\(name)`")
        }
    }

    public static func summary(of planned: PlannedFault) -> String {
        "dns \(planned.settings.text("answer") ?? ""): \(planned.who(planned.settings.target ?? .all))"
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let answer = planned.settings.text("answer") ?? ""
        let names = planned.settings.texts("names")
        choice.kind = answer
        let what = names.isEmpty ? "any node" : names.joined(separator: " ")
        choice.summary = "\(context.names(choice.targets)) asking for \(what): " + answer.replacing("-", with: " ")
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        before = context.transport.nameCounters()
        let wanted = planned.settings.texts("names")
        let names = context.nodes.indices.filter { wanted.isEmpty || wanted.contains(context.names[$0]) }
        let faults = choice.targets.flatMap { asker in
            names.map { name in
                let answer: NameFault.Answer =
                    switch planned.settings.text("answer") {
                    case "server-failure": .serverFailure
                    case "silence": .silence
                    case "other-node": .node((name + 1) % context.nodes.count)
                    default: .noSuchName
                    }
                return NameFault(asker: asker, name: name, answer)
            }
        }
        try context.nameService.spoil(faults, for: planned.id)
        context.wait(atMost: 500_000_000) { wrongAnswers(choice, context) > 0 }
        return proof(choice, context)
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let proof = proof(choice, context)
        try context.nameService.release(planned.id)
        return proof
    }

    private func wrongAnswers(_ choice: FaultChoice, _ context: NemesisContext) -> UInt64 {
        let now = context.transport.nameCounters()
        return choice.targets.filter { now.indices.contains($0) && before.indices.contains($0) }
            .reduce(0) { $0 + now[$1].wrongAnswers - before[$1].wrongAnswers }
    }

    private func proof(_ choice: FaultChoice, _ context: NemesisContext) -> FaultProof {
        let wrong = wrongAnswers(choice, context)
        var proof = FaultProof(isProved: wrong > 0)
        proof.facts["wrong_answers"] = .integer(Int64(clamping: wrong))
        return proof
    }
}
