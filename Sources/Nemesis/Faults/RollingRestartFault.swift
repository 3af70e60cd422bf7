import CLinux
import PolygraphCluster
import PolygraphHistory
import PolygraphSystems
import Synchronization

/// Restarts nodes one after the other, each when the one before it serves again.
public struct RollingRestartFault: Fault {
    public static let description = FaultDescription(
        name: "rolling-restart", group: .processes,
        summary: "restart nodes one after the other, each when the one before it serves again",
        parameters: [
            .target("all"), .ending, .grace("with `terminate`: "),
            FaultParameter(
                "patience", .duration(atLeast: 1), standard: .integer(10_000_000_000),
                "how long a node may take until it serves again; then it is the next one's turn"),
        ],
        shorthand: "target", proof: "nodes that were restarted, and how long each took until it served again",
        undo: "the rest is not restarted; starts a node that does not run")

    private struct Progress {
        var restarted = 0
        var facts: [String: Value] = [:]
    }

    private final class Record: Sendable {
        let progress = Mutex(Progress())

        func note(_ node: String, _ fact: Value, restarted: Bool) {
            progress.withLock { progress in
                progress.facts[node] = fact
                if restarted { progress.restarted += 1 }
            }
        }
    }

    private let planned: PlannedFault
    private let record = Record()
    private var loop: FaultLoop?

    public init(_ planned: PlannedFault) { self.planned = planned }

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        planned.targetChoice(order: order, context: context)
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        let nodes = choice.targets.map { context.nodes[$0] }
        loop = try FaultLoop { [transport = context.transport, system = context.system, planned, record] loop in
            for node in nodes where !loop.isEnding {
                Self.restart(node, transport, system, planned.settings, loop, record)
            }
        }
        context.wait(atMost: 1_000_000_000) { record.progress.withLock { $0.restarted > 0 } }
        return proof(wanted: 1)
    }

    private func proof(wanted: Int) -> FaultProof {
        let progress = record.progress.withLock { $0 }
        var proof = FaultProof(isProved: progress.restarted >= wanted)
        proof.facts = progress.facts
        proof.facts["restarted"] = .integer(Int64(progress.restarted))
        return proof
    }

    private static func restart(
        _ node: Node, _ transport: any Transport, _ system: any System, _ settings: FaultSettings, _ loop: FaultLoop,
        _ record: Record
    ) {
        // Whoever is down is so by another fault, which starts it again in its own time.
        guard transport.isUp(node) else { return record.note(node.name, "was not running", restarted: false) }
        do throws(ClusterError) {
            if settings.isGraceful {
                _ = try transport.terminate(node, grace: settings.integer("grace"))
            } else {
                _ = try transport.kill(node)
            }
            try transport.start(node, system.launch(node, nodes: transport.nodes))
        } catch {
            return record.note(node.name, .string(error.description), restarted: false)
        }
        let start = clinux_monotonic_ns()
        let patience = settings.integer("patience")
        record.note(node.name, "started", restarted: true)
        while clinux_monotonic_ns() - start < patience {
            if system.isReady(node, nodes: transport.nodes) == .yes {
                let elapsed = clinux_monotonic_ns() - start
                return record.note(node.name, ["ready_after_ns": .integer(elapsed)], restarted: false)
            }
            if !loop.wait(20_000_000) { return }
        }
        record.note(node.name, "started, but did not serve in time", restarted: false)
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        loop?.end()
        var proof = proof(wanted: choice.targets.count)
        let raised = context.raise(choice.targets)
        proof.failures = raised.failures
        proof.isProved = proof.isProved && raised.isProved
        return proof
    }
}
