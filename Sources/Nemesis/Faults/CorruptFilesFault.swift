import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// Damage to files that their owners have written and synced.
public struct CorruptFilesFault: Fault {
    private static let kinds = ["flip", "truncate", "copy", "zero", "roll-back"]

    public static let description = FaultDescription(
        name: "corrupt-files", group: .disks,
        summary: "damage files of nodes: flipped bits, lost ends, misdirected and lost writes, roll-back",
        parameters: [
            FaultParameter(
                "kind", .words(kinds), isRequired: true,
                "`flip` bits; `truncate`: the end is cut off; `copy`: a piece is written over another one; `zero`: a "
                    + "piece becomes zeros; `roll-back`: at the end all files are what they were at the beginning; of "
                    + "several one is drawn each time"),
            DiskRules.files,
            FaultParameter(
                "bits", .count(1...1_000_000), standard: .integer(1), "how many bits are flipped in each file"),
            FaultParameter(
                "length", .bytes(atLeast: 1), standard: .integer(4096),
                "bytes of the piece, and the most that is cut off"),
            FaultParameter(
                "count", .count(1...1_000_000), standard: .integer(1), "at most so many files on each node, drawn"),
            FaultParameter(
                "at-most", .count(1...200),
                "at most so many nodes are ever damaged in the run; a minority unless it is said"),
            FaultParameter(
                "running", .flag, standard: .bool(false),
                "damage files under running nodes; else they are killed first and started again at the end"),
            .target("one"),
        ],
        shorthand: "kind", proof: "what was changed where, by node",
        undo: "starts the node again; the damage stays", takesNodesAway: true)

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        var settings = DiskRules.drawSeed(settings, &random)
        let kinds = settings.texts("kind")
        settings["kind"] = .string(kinds[Int(random.next(below: UInt64(kinds.count)))])
        if settings["at-most"] == nil { settings["at-most"] = .integer(Int64(max(1, (nodes - 1) / 2))) }
        return settings
    }

    private var kind: String { planned.settings.text("kind") ?? "flip" }
    private var files: String { planned.settings.text("files") ?? "*" }
    private var isLive: Bool { planned.settings.flag("running") }

    public static func summary(of planned: PlannedFault) -> String {
        let words = "corrupt-files \(planned.settings.text("kind") ?? "") of \(planned.settings.text("files") ?? "*")"
        guard let target = planned.settings.target else { return words }
        return "\(words) on \(planned.who(target)), at most \(planned.settings.integer("at-most")) nodes in all"
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        // Nodes that are damaged already can bear more without making it more nodes.
        let wanted = choice.targets.count
        var room = max(0, Int(planned.settings.integer("at-most")) - context.disks.damaged.count)
        let allowed = order.filter { node in
            if context.disks.damaged.contains(node) { return true }
            guard room > 0, choice.targets.contains(node) else { return false }
            room -= 1
            return true
        }
        let kept = choice.targets.filter(allowed.contains)
        let others = allowed.filter { !kept.contains($0) }
        choice.targets = kept + (isNamed ? [] : others.prefix(wanted - kept.count))
        choice.kind = kind
        choice.summary =
            choice.targets.isEmpty
            ? "corrupt files: as many nodes are damaged as may be"
            : "\(kind) files \(files) of \(context.names(choice.targets))"
        return choice
    }

    private var isNamed: Bool { if case .named = planned.settings.target { true } else { false } }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        if kind == "roll-back" {
            var remembered = 0
            var proof = context.each(choice.targets) { node throws(ClusterError) in
                context.disks.damage(node)
                let count = try context.transport.snapshotFiles(context.nodes[node], matching: files)
                remembered += count
                return ["files_remembered": .integer(Int64(count))]
            }
            proof.isProved = remembered > 0
            return proof
        }
        var changes = 0
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            context.disks.damage(node)
            if !isLive { _ = try context.processes.down(node, for: planned.id) }
            let damage = try context.transport.corruptFiles(context.nodes[node], corruption(node))
            changes += damage.count
            return Self.facts(damage)
        }
        proof.isProved = changes > 0
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var rolledBack = FaultProof(isProved: true)
        if kind == "roll-back" {
            var changes = 0
            rolledBack = context.each(choice.targets) { node throws(ClusterError) in
                if !isLive { _ = try context.processes.down(node, for: planned.id) }
                let damage = try context.transport.rollBackFiles(context.nodes[node])
                changes += damage.count
                return Self.facts(damage)
            }
            rolledBack.isProved = changes > 0
        }
        for node in choice.targets { context.processes.release(node, from: planned.id) }
        return context.raiseFallen(choice, planned, rolledBack)
    }

    private func corruption(_ node: Int) -> FileCorruption {
        let settings = planned.settings
        let damage: FileCorruption.Kind =
            switch kind {
            case "truncate": .truncate(most: settings.integer("length"))
            case "copy": .copy(length: settings.integer("length"))
            case "zero": .zero(length: settings.integer("length"))
            default: .flip(bits: Int(settings.integer("bits")))
            }
        return FileCorruption(
            damage, files: files, limit: Int(settings.integer("count")), seed: DiskRules.seed(settings, node: node))
    }

    private static func facts(_ damage: [FileDamage]) -> Value {
        guard !damage.isEmpty else { return "no file fits" }
        let shown = damage.prefix(4).map { "\($0.path) at \($0.offset): \($0.change)" }
        let rest = damage.count > shown.count ? ["and \(damage.count - shown.count) more"] : []
        return ["changes": .integer(Int64(damage.count)), "where": .string((shown + rest).joined(separator: "; "))]
    }
}
