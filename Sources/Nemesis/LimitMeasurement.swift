import PolygraphCluster
import PolygraphHistory

/// What limits did to nodes: what enforces them, and what the processes used before and after.
struct LimitMeasurement: Sendable {
    /// One node under a limit.
    struct Effect: Sendable {
        var proof: LimitProof
        var before: ResourceUse
        var after: ResourceUse
        /// Nanoseconds between the two.
        var elapsed: Int64

        /// The part of one processor's time that its processes had in between.
        var processorShare: Double {
            Double(after.processorTime - before.processorTime) / Double(max(1, elapsed))
        }
        var stops: Int64 { after.stops - before.stops }
        var kills: Int64 { after.outOfMemoryKills - before.outOfMemoryKills }
    }

    /// Effects by node, and failures.
    private(set) var effects: [Int: Effect] = [:]
    private(set) var failures: [Int: ClusterError] = [:]

    /// Sets the limits, and waits for an effect.
    /// - Parameters:
    ///   - limits: of one node, given what its processes use.
    ///   - shows: whether the limit has been seen at work on one node; looked for half a second.
    init(
        _ targets: [Int], for fault: Int, _ context: NemesisContext, limits: (ResourceUse) -> ResourceLimits,
        until shows: (Effect) -> Bool
    ) {
        for node in targets {
            do throws(ClusterError) {
                let before = try context.transport.resourceUse(of: context.nodes[node])
                let start = context.now()
                let proof = try context.resources.limit(node, limits(before), for: fault)
                effects[node] = Effect(proof: proof, before: before, after: before, elapsed: -start)
            } catch {
                failures[node] = error
            }
        }
        let starts = effects.mapValues { -$0.elapsed }
        context.wait(atMost: 500_000_000) {
            refresh(context, starts)
            return effects.values.allSatisfy { $0.before.processes == 0 || shows($0) }
        }
    }

    private mutating func refresh(_ context: NemesisContext, _ starts: [Int: Int64]) {
        for node in effects.keys {
            guard let use = try? context.transport.resourceUse(of: context.nodes[node]) else { continue }
            effects[node]?.after = use
            effects[node]?.elapsed = context.now() - (starts[node] ?? 0)
        }
    }

    /// Facts of each node, among them what enforces the limit of `resource`; proved where one node shows it.
    func proof(
        _ resource: String, _ context: NemesisContext, facts: (Effect) -> [String: Value], shows: (Effect) -> Bool
    ) -> FaultProof {
        var proof = FaultProof(isProved: effects.values.contains(where: shows))
        for (node, effect) in effects {
            var all = facts(effect)
            all["mechanism"] = .string(effect.proof.mechanisms[resource] ?? "none")
            all["limit_in_force"] = effect.proof.inForce[resource].map(Value.integer)
            if effect.before.processes == 0 { all["note"] = "was not running; the limit holds when it starts" }
            proof.facts[context.names[node]] = .object(all)
        }
        for (node, failure) in failures {
            proof.facts[context.names[node]] = .string(failure.description)
            proof.failures.append(failure)
        }
        return proof
    }

    /// Takes the limits back, and says what they did meanwhile.
    static func end(
        _ targets: [Int], for fault: Int, _ context: NemesisContext, since effects: [Int: Effect],
        facts: (_ before: ResourceUse, _ after: ResourceUse) -> [String: Value]
    ) -> FaultProof {
        var proof = context.each(targets) { node throws(ClusterError) in
            let after = try context.transport.resourceUse(of: context.nodes[node])
            try context.resources.release(node, from: fault)
            return effects[node].map { .object(facts($0.before, after)) }
        }
        proof.isProved = proof.failures.isEmpty
        return proof
    }
}
