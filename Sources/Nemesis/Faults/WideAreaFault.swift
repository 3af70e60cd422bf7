import PolygraphCluster
import PolygraphHistory

/// Nodes in regions far from each other.
public struct WideAreaFault: Fault {
    public static let description = FaultDescription(
        name: "wan", group: .network, summary: "nodes in regions: delays by the distance between them",
        parameters: [
            FaultParameter(
                "regions", .free("{eu: [n1, n2], us: [n3]}"), isRequired: true, "which nodes are where"),
            FaultParameter(
                "round-trip", .free("90ms, or {eu-us: 90ms, eu-asia: 180ms}"), standard: "100ms",
                "between two regions; 100ms between two that are not named"),
            FaultParameter("jitter", .share(above: 0, upTo: 1), standard: .double(0.05), "deviation of each delay"),
            FaultParameter("clients", .text("a region"), "where the clients are; without it near every node"),
        ],
        needs: LinkSelection.emulation,
        proof: "frames delayed, and their mean delay as measured", undo: "all nodes are near each other again")

    private let planned: PlannedFault
    private var links: Set<Link> = []
    private var before: [LinkCounters] = []

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func prepare(_ node: Node, _ transport: any Transport) throws(ClusterError) {
        try transport.prepareLinks(node)
    }

    /// Nanoseconds of a round trip that nothing is said about.
    private static let usualRoundTrip: Int64 = 100_000_000

    /// Node names by region.
    private static func regions(_ settings: FaultSettings) -> [String: [String]] {
        (settings["regions"]?.fields ?? [:]).mapValues {
            $0.elements?.compactMap(\.stringValue) ?? [$0.stringValue ?? ""]
        }
    }

    /// Nanoseconds between two regions, there and back.
    private static func roundTrip(_ settings: FaultSettings, _ one: String, _ other: String) -> Int64 {
        let value = settings["round-trip"]
        if let word = value?.stringValue { return Quantity.parseDuration(word) ?? usualRoundTrip }
        let word = value?.fields?["\(one)-\(other)"] ?? value?.fields?["\(other)-\(one)"]
        return word?.stringValue.flatMap { Quantity.parseDuration($0) } ?? usualRoundTrip
    }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        let regions = regions(settings)
        guard regions.count > 1 else {
            return [FaultProblem("regions", "expected two or more, such as {eu: [n1, n2], us: [n3]}")]
        }
        var problems: [FaultProblem] = []
        let named = regions.sorted { $0.key < $1.key }.flatMap(\.value)
        for name in Set(named).sorted() {
            if !shape.names.contains(name) { problems.append(FaultProblem("regions", "there is no node `\(name)`")) }
            if named.filter({ $0 == name }).count > 1 {
                problems.append(FaultProblem("regions", "`\(name)` is in two places"))
            }
        }
        let pairs = Set(regions.keys.flatMap { one in regions.keys.filter { $0 != one }.map { "\(one)-\($0)" } })
        let pairwise = settings["round-trip"]?.fields ?? [:]
        for pair in pairwise.keys.sorted() where !pairs.contains(pair) {
            problems.append(
                FaultProblem("round-trip", "`\(pair)` is no pair of regions, such as `\(pairs.sorted().first ?? "")`"))
        }
        let times = pairwise.isEmpty ? [settings["round-trip"] ?? .null] : Array(pairwise.values)
        let areFine = times.allSatisfy { time in
            let duration = time.stringValue.flatMap { Quantity.parseDuration($0) }
            return duration.map { (0...2 * DelayDistribution.longest).contains($0) } ?? false
        }
        if !areFine { problems.append(FaultProblem("round-trip", "expected durations such as 90ms")) }
        if let clients = settings.text("clients"), regions[clients] == nil {
            problems.append(FaultProblem("clients", "there is no region `\(clients)`"))
        }
        return problems
    }

    public static func summary(of planned: PlannedFault) -> String {
        "wan " + words(planned.settings)
    }

    private static func words(_ settings: FaultSettings) -> String {
        regions(settings).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.joined(separator: " "))" }
            .joined(separator: ", ")
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        let named = Set(Self.regions(planned.settings).values.joined())
        return FaultChoice(
            targets: context.names.indices.filter { named.contains(context.names[$0]) },
            kind: "\(Self.regions(planned.settings).count) regions",
            summary: "far from each other: \(Self.words(planned.settings))")
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var places: [(end: Endpoint, region: String)] = []
        for (region, names) in Self.regions(planned.settings).sorted(by: { $0.key < $1.key }) {
            for (index, name) in context.names.enumerated() where names.contains(name) {
                places.append((.node(index), region))
            }
        }
        if let clients = planned.settings.text("clients") { places.append((.controller, clients)) }
        var policies: [Link: LinkPolicy] = [:]
        for from in places {
            for to in places where to.region != from.region {
                let oneWay = Self.roundTrip(planned.settings, from.region, to.region) / 2
                let deviation = Int64(Double(oneWay) * planned.settings.number("jitter"))
                policies[Link(from: from.end, to: to.end)] = LinkPolicy(
                    .delay(deviation == 0 ? .constant(oneWay) : .normal(mean: oneWay, deviation: deviation)))
            }
        }
        links = Set(policies.keys)
        before = context.links.counters(links)
        let elapsed = try context.links.spoil(policies, for: planned.id)
        context.wait(atMost: 500_000_000) {
            context.links.counters(links, since: before).contains { $0.delayedFrames > 0 }
        }
        var proof = FaultProof()
        proof.add(context.links.counters(links, since: before)) { $0.delayedFrames }
        proof.facts["links"] = .integer(Int64(links.count))
        proof.facts["elapsed_ns"] = .integer(elapsed)
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = FaultProof()
        proof.add(context.links.counters(links, since: before)) { $0.delayedFrames }
        proof.facts["elapsed_ns"] = .integer(try context.links.release(planned.id))
        return proof
    }
}
