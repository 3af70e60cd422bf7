import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Slow, failing and lying disks: chosen system calls on chosen files are late, fail, or do less than they say.
public struct DiskFault: Fault {
    public static let description = FaultDescription(
        name: "disk", group: .disks,
        summary: "delay, fail or spoil system calls on files: write, fsync, rename, open …",
        parameters: [
            FaultParameter(
                "calls", .texts("a system call such as `fsync`"),
                standard: ["write", "writev", "pwrite", "pwritev", "fsync", "fdatasync"],
                "which calls: " + DiskRules.callNames.joined(separator: ", ")),
            DiskRules.files,
            FaultParameter("delay", .duration(atLeast: 1), "every call begins so much later"),
            FaultParameter("jitter", .duration(atLeast: 0), "and at most so much more, drawn for each call"),
            FaultParameter(
                "error", .word(SystemCallRule.FileError.allCases.map(\.rawValue)),
                "the call does nothing but fail with it"),
            FaultParameter(
                "data", .word(["short", "torn", "flip"]),
                "what is written: `short` a part, and the call says so; `torn` a part, and the call fails with EIO; "
                    + "`flip` all of it with one bit wrong"),
            FaultParameter(
                "probability", .share(above: 0, upTo: 1), standard: .double(1), "the share of the calls that are hit"),
            FaultParameter("nth", .count(1...1_000_000_000), "only each so-manieth call is hit"),
            FaultParameter("limit", .count(1...1_000_000_000), "at most so many calls are hit on each node"),
            .target("one"),
        ],
        needs: DiskRules.needs, proof: "calls that matched and calls that were hit, by node",
        undo: "calls go through to the kernel again; a node that ended over it is started again")

    private static let spoiling = ["error", "data"]

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        var problems = DiskRules.problems(settings)
        if spoiling.allSatisfy({ settings[$0] != nil }) {
            problems.append(FaultProblem("data", "excludes `error`: a call has one outcome"))
        } else if spoiling.allSatisfy({ settings[$0] == nil }), settings["delay"] == nil {
            problems.append(
                FaultProblem(
                    nil, "says none of `delay` (such as 50ms), `error` (such as EIO) and `data` (such as torn)"))
        }
        if settings["jitter"] != nil, settings["delay"] == nil {
            problems.append(FaultProblem("jitter", "needs `delay`"))
        }
        if settings["data"] != nil, DiskRules.calls(settings).isDisjoint(with: SystemCallRule.Call.writing) {
            problems.append(
                FaultProblem("data", "needs a writing call among `calls`: write, writev, pwrite or pwritev"))
        }
        return problems
    }

    public static func supervision(for settings: FaultSettings) -> DiskSupervision? {
        DiskRules.supervision(DiskRules.calls(settings))
    }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        DiskRules.drawSeed(settings, &random)
    }

    public static func summary(of planned: PlannedFault) -> String {
        let words = words(planned.settings)
        guard let target = planned.settings.target else { return words }
        return "\(words) on \(planned.who(target))"
    }

    /// `fsync and fdatasync of * 50 ms late, EIO`
    private static func words(_ settings: FaultSettings) -> String {
        var parts: [String] = []
        if settings["delay"] != nil { parts.append(Quantity.describe(duration: settings.integer("delay")) + " late") }
        if let error = settings.text("error") { parts.append("fails with \(error)") }
        if let data = settings.text("data") { parts.append(data == "flip" ? "one bit wrong" : data) }
        return settings.texts("calls").joined(separator: ", ") + " of \(settings.text("files") ?? "*"): "
            + parts.joined(separator: ", ")
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let settings = planned.settings
        choice.kind = settings.text("error") ?? settings.text("data") ?? "delay"
        choice.summary = Self.words(settings) + " on \(context.names(choice.targets))"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        DiskRules.begin(choice, planned, context) { rules(node: $0) }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.raiseFallen(choice, planned, DiskRules.end(choice, planned, context))
    }

    private func rules(node: Int) -> [SystemCallRule] {
        let settings = planned.settings
        var effects: [SystemCallRule.Effect] = []
        if settings["delay"] != nil {
            let least = settings.integer("delay")
            effects.append(.delay(least...(least + settings.integer("jitter"))))
        }
        if let error = settings.text("error").flatMap({ SystemCallRule.FileError(rawValue: $0) }) {
            effects.append(.fail(error))
        }
        switch settings.text("data") {
        case "short"?: effects.append(.short)
        case "torn"?: effects.append(.torn)
        case "flip"?: effects.append(.flip)
        default: break
        }
        let nth = max(1, Int(settings.integer("nth")))
        return effects.map { effect in
            SystemCallRule(
                DiskRules.calls(settings), files: settings.text("files") ?? "*", effect: effect, first: nth, every: nth,
                probability: settings["probability"] == nil ? 1 : settings.number("probability"),
                limit: settings["limit"].map { _ in Int(settings.integer("limit")) },
                seed: DiskRules.seed(settings, node: node))
        }
    }
}
