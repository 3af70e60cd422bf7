import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Wrong wall clocks: a jump, a rate error, or both.
public struct ClockFault: Fault {
    public static let description = FaultDescription(
        name: "clock", group: .clocks, summary: "bend the wall clock of nodes: bump (jump), drift (rate)",
        parameters: [
            FaultParameter(
                "bump", .duration(atLeast: 1), "a jump of at most this much, forwards or backwards"),
            // A clock that stands still or runs backwards is no drift any more.
            FaultParameter(
                "drift", .share(above: 0, upTo: 0.5), "a rate error of at most this much, fast or slow"),
            // Clocks matter most when they differ: a few nodes are wrong and the others right.
            FaultParameter("target", .target, "which nodes; a minority, or one of fewer than three"),
        ],
        needs: ClockWords.needs, proof: "the clock as the node's own process reads it",
        undo: "the clock shows the true time again")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        if settings["bump"] != nil || settings["drift"] != nil { return [] }
        return [FaultProblem(nil, "says neither `bump` (a jump, such as 60s) nor `drift` (a rate error, such as 5%)")]
    }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        let drift = Int64((settings.number("drift") * 1_000_000).rounded())
        // For every node, were it a target.
        let skews: [Value] = (0..<nodes).map { _ in
            let offset = signed(settings.integer("bump"), &random)
            return .list([.integer(offset), .integer(signed(drift, &random))])
        }
        var drawn = settings
        drawn["skews"] = .list(skews)
        if drawn["target"] == nil { drawn["target"] = (nodes < 3 ? Target.one : .minority).value }
        return drawn
    }

    /// Between a quarter and the whole of `limit`, forwards or backwards.
    private static func signed(_ limit: Int64, _ random: inout RandomSource) -> Int64 {
        let quarter = limit / 4
        let size = quarter + Int64(random.next(below: UInt64(max(1, limit - quarter + 1))))
        return random.next(below: 2) == 0 ? min(size, limit) : -min(size, limit)
    }

    /// For every node, were it a target: between a quarter and the whole of `limit`, forwards or backwards.
    static func drawn(_ limit: Int64, _ nodes: Int, _ random: inout RandomSource) -> [Value] {
        (0..<nodes).map { _ in .integer(signed(limit, &random)) }
    }

    /// What the clock of each node (by index) would show, were it a target.
    static func skews(_ planned: PlannedFault) -> [ClockSkew] {
        (planned.settings["skews"]?.elements ?? []).map { pair in
            ClockSkew(
                offset: pair.elements?.first?.integerValue ?? 0,
                ratePartsPerMillion: pair.elements?.last?.integerValue ?? 0)
        }
    }

    public static func summary(of planned: PlannedFault) -> String {
        let skews = skews(planned)
        guard let target = planned.settings.target else { return planned.function }
        if target.needsPrimary { return "clock \(target): \(skews[planned.order[0]].words)" }
        let targets = target.nodes(
            order: planned.order, minoritySize: planned.minoritySize, names: planned.order.indices.map { "n\($0 + 1)" })
        return "clock \(target): " + targets.map { "n\($0 + 1) \(skews[$0].words)" }.joined(separator: ", ")
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let skews = Self.skews(planned)
        let drifts = skews.contains { $0.ratePartsPerMillion != 0 }
        let bumps = skews.contains { $0.offset != 0 }
        choice.kind = bumps && drifts ? "bump drift" : drifts ? "drift" : "bump"
        choice.summary = FaultChoice.clockWords(choice.targets) { skews[$0].words }
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let skews = Self.skews(planned)
        return context.bendClocks(choice, for: planned.id) { skews[$0] }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        context.releaseClocks(choice, from: planned.id)
    }
}
