import PolygraphCluster
import PolygraphHistory

/// A limit of open files and connections for each process of a node.
public struct DescriptorFault: Fault {
    public static let description = FaultDescription(
        name: "file-descriptors", group: .resources,
        summary: "limit how many files and connections each process of a node may have open",
        parameters: [
            FaultParameter("limit", .count(0...1_000_000), "how many a process may have"),
            FaultParameter(
                "room", .count(0...1_000_000), "instead of `limit`: how many more than the process with most has open"),
            .target("one"),
        ],
        proof: "the limit as the kernel reports it, and descriptors in use up to it",
        undo: "every process has the limit that it had")

    private let planned: PlannedFault

    public init(_ planned: PlannedFault) { self.planned = planned }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        switch (settings["limit"] == nil, settings["room"] == nil) {
        case (true, true):
            [FaultProblem(nil, "says neither `limit` (such as 64) nor `room` (beyond what is open, such as 0)")]
        case (false, false): [FaultProblem("room", "and `limit` exclude each other")]
        default: []
        }
    }

    private func limit(_ use: ResourceUse) -> Int64 {
        planned.settings["limit"] != nil
            ? planned.settings.integer("limit") : use.fileDescriptors + planned.settings.integer("room")
    }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        let words =
            planned.settings["limit"] != nil
            ? "\(planned.settings.integer("limit"))" : "\(planned.settings.integer("room")) more than now"
        choice.summary = "file descriptors of \(context.names(choice.targets)): at most \(words)"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        /// The next file that a process opens is refused.
        func isFull(_ effect: LimitMeasurement.Effect) -> Bool {
            effect.after.processes > 0 && effect.after.fileDescriptors >= effect.after.fileDescriptorLimit
        }
        let measured = LimitMeasurement(choice.targets, for: planned.id, context) { use in
            ResourceLimits(fileDescriptors: limit(use))
        } until: {
            isFull($0)
        }
        return measured.proof("file descriptors", context) { effect in
            [
                "open": .integer(effect.after.fileDescriptors),
                "limit_before": .integer(effect.before.fileDescriptorLimit),
                "limit_after": .integer(effect.after.fileDescriptorLimit),
            ]
        } shows: {
            isFull($0)
        }
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var proof = context.each(choice.targets) { node throws(ClusterError) in
            try context.resources.release(node, from: planned.id)
            let use = try context.transport.resourceUse(of: context.nodes[node])
            return ["limit": .integer(use.fileDescriptorLimit), "open": .integer(use.fileDescriptors)]
        }
        proof.isProved = proof.failures.isEmpty
        return proof
    }
}
