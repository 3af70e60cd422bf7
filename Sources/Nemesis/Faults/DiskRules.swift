import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// What the faults that disturb system calls have in common.
enum DiskRules {
    static let files = FaultParameter(
        "files", .text("a pattern such as `wal/*`"), standard: "*",
        "which files, by their path in the data directory; `*` matches slashes too")
    static let needs = "Linux 5.9 (seccomp notification), best 5.19"
    static let callNames = SystemCallRule.Call.allCases.map(\.rawValue)

    static func calls(_ settings: FaultSettings, _ name: String = "calls") -> Set<SystemCallRule.Call> {
        Set(settings.texts(name).compactMap { SystemCallRule.Call(rawValue: $0) })
    }

    /// How closely calls must be watched for rules about these.
    static func supervision(_ calls: Set<SystemCallRule.Call>) -> DiskSupervision {
        if !calls.isDisjoint(with: SystemCallRule.Call.reading) { return DiskSupervision(.reads) }
        return DiskSupervision(calls.isDisjoint(with: [.write, .writev]) ? .changes : .writes)
    }

    /// Words in a list that are no system calls.
    static func problems(_ settings: FaultSettings, _ name: String = "calls") -> [FaultProblem] {
        settings.texts(name).enumerated().compactMap { element, word in
            callNames.contains(word)
                ? nil
                : FaultProblem(
                    name, element: element,
                    "is no call that can be disturbed: `\(word)` (known: "
                        + callNames.joined(separator: ", ") + ")")
        }
    }

    /// Draws of one occurrence come from this number; a whole number that fits into a plan's JSON.
    static func drawSeed(_ settings: FaultSettings, _ random: inout RandomSource) -> FaultSettings {
        var settings = settings
        settings["seed"] = .integer(Int64(random.next(below: UInt64(1) << 48)))
        return settings
    }

    static func seed(_ settings: FaultSettings, node: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: settings.integer("seed") + Int64(node))
    }

    /// Sets the rules, and waits a little until the first call is hit.
    static func begin(
        _ choice: FaultChoice, _ planned: PlannedFault, _ context: NemesisContext,
        _ rules: (_ node: Int) -> [SystemCallRule]
    ) -> FaultProof {
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            try context.disks.disturb(node, rules(node), for: planned.id)
            return nil
        }
        let patience = min(1_000_000_000, max(0, planned.end - planned.start) / 2)
        context.wait(atMost: patience) { hits(choice, planned, context) > 0 }
        report(choice, planned, context, &proof)
        return proof
    }

    /// Takes the rules away, and says what they did.
    static func end(_ choice: FaultChoice, _ planned: PlannedFault, _ context: NemesisContext) -> FaultProof {
        var proof = FaultProof()
        report(choice, planned, context, &proof)
        let undone = context.each(choice.targets) { node throws(ClusterError) in
            try context.disks.release(node, from: planned.id)
            return nil
        }
        proof.failures += undone.failures
        proof.isProved = proof.isProved && undone.failures.isEmpty
        return proof
    }

    static func hits(_ choice: FaultChoice, _ planned: PlannedFault, _ context: NemesisContext) -> Int {
        choice.targets.reduce(0) { $0 + context.disks.counters($1, of: planned.id).reduce(0) { $0 + $1.hit } }
    }

    private static func report(
        _ choice: FaultChoice, _ planned: PlannedFault, _ context: NemesisContext, _ proof: inout FaultProof
    ) {
        var total = 0
        for node in choice.targets {
            let counters = context.disks.counters(node, of: planned.id)
            let hits = counters.reduce(0) { $0 + $1.hit }
            total += hits
            if proof.facts[context.names[node]] == nil {
                proof.facts[context.names[node]] = [
                    "calls_matched": .integer(Int64(counters.map(\.matched).max() ?? 0)),
                    "calls_hit": .integer(Int64(hits)),
                ]
            }
        }
        proof.isProved = total > 0
    }
}
