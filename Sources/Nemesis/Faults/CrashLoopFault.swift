import PolygraphCluster
import PolygraphHistory
import PolygraphSystems
import Synchronization

/// Kills nodes again and again, each time soon after they have been started.
public struct CrashLoopFault: Fault {
    public static let description = FaultDescription(
        name: "crash-loop", group: .processes, summary: "kill nodes and start them again, over and over",
        parameters: [
            .target(),
            FaultParameter(
                "up", .duration(atLeast: 1), standard: .integer(1_000_000_000), "how long they run each time"),
            FaultParameter(
                "down", .duration(atLeast: 0), standard: .integer(0), "how long they are down each time"),
        ],
        shorthand: "target", proof: "how often processes were killed and started", undo: "starts the nodes for good",
        takesNodesAway: true)

    private struct Counts {
        var kills = 0
        var starts = 0
        var lastFailure: String?
    }

    private final class Record: Sendable {
        let counts = Mutex(Counts())
    }

    private let planned: PlannedFault
    private let record = Record()
    private var loop: FaultLoop?

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        // Held down as far as other faults are concerned: none of them starts it.
        let down = context.each(choice.targets) { node throws(ClusterError) in
            if try context.processes.down(node, for: planned.id) > 0 { record.counts.withLock { $0.kills += 1 } }
            return nil
        }
        let nodes = choice.targets.map { context.nodes[$0] }
        let up = planned.settings.integer("up")
        let pause = planned.settings.integer("down")
        loop = try FaultLoop { [transport = context.transport, system = context.system, record] loop in
            while loop.wait(pause) {
                for node in nodes { Self.start(node, transport, system, record) }
                if !loop.wait(up) { break }
                for node in nodes where (try? transport.kill(node)) ?? 0 > 0 {
                    record.counts.withLock { $0.kills += 1 }
                }
            }
        }
        var proof = proof()
        proof.failures = down.failures
        return proof
    }

    private static func start(_ node: Node, _ transport: any Transport, _ system: any System, _ record: Record) {
        do throws(ClusterError) {
            try transport.start(node, system.launch(node, nodes: transport.nodes))
            record.counts.withLock { $0.starts += 1 }
        } catch {
            record.counts.withLock { $0.lastFailure = error.description }
        }
    }

    private func proof() -> FaultProof {
        let counts = record.counts.withLock { $0 }
        var proof = FaultProof(isProved: counts.kills > 0)
        proof.facts["kills"] = .integer(Int64(counts.kills))
        proof.facts["starts"] = .integer(Int64(counts.starts))
        if let failure = counts.lastFailure { proof.facts["last_failure"] = .string(failure) }
        return proof
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        loop?.end()
        let raised = context.raise(choice, takenBy: planned.id)
        var proof = proof()
        proof.facts.merge(raised.facts) { mine, _ in mine }
        proof.failures = raised.failures
        proof.isProved = proof.isProved && raised.isProved
        return proof
    }
}
