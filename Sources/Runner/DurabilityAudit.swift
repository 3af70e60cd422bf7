import PolygraphCluster
import PolygraphHistory

/// How many acknowledged writes can have been on a disk when they were acknowledged.
///
/// An operation that was invoked, written and synced before it was acknowledged needs a sync that began in between, on
/// some node at least: where there was none, a power failure on all nodes right after the acknowledgement loses it.
public struct DurabilityAudit: Hashable, Sendable {
    /// Operations that may change something, and succeeded.
    public var acknowledged = 0
    /// Those during which a sync began on some node.
    public var synced = 0
    /// Calls of fsync and its kin on all nodes.
    public var syncs: Int
    public var nodes: Int

    /// - Parameters:
    ///   - readOnly: functions that cannot change anything.
    ///   - syncs: of every node that was watched; none of them: nil.
    ///   - origin: `CLOCK_MONOTONIC` at the beginning of the run.
    public init?(_ history: History, readOnly: Set<String>, syncs: [DurabilityCounters], origin: Int64) {
        guard !syncs.isEmpty else { return nil }
        nodes = syncs.count
        self.syncs = syncs.reduce(0) { $0 + $1.syncs }
        for position in history.invocations {
            let invocation = history.operations[position]
            guard !readOnly.contains(invocation.function), let completion = history.completion(of: position),
                completion.kind == .ok
            else { continue }
            acknowledged += 1
            let from = origin + invocation.time
            let to = origin + completion.time
            if syncs.contains(where: { $0.hasSync(from: from, to: to) }) { synced += 1 }
        }
    }

    /// `20,249 writes acknowledged, 0 calls to fsync`
    public var sentence: String {
        let writes = "\(Self.grouped(acknowledged)) writes acknowledged"
        let calls = "\(Self.grouped(syncs)) calls to fsync"
        if syncs == 0 { return "\(writes), \(calls)" }
        if synced == acknowledged { return "\(writes), each after a call to fsync that began during it; \(calls)" }
        return "\(writes), \(Self.grouped(acknowledged - synced)) of them without any call to fsync during "
            + "the operation; \(calls)"
    }

    /// `20,249`
    private static func grouped(_ number: Int) -> String {
        var digits = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { digits.append(",") }
            digits.append(digit)
        }
        return String(digits.reversed())
    }

    /// What a reader of the verdict should know; nil where every acknowledged write can have been on a disk.
    public var warning: String? {
        guard acknowledged > 0, synced < acknowledged else { return nil }
        return "durability: \(sentence); a power failure on all nodes would lose acknowledged writes"
    }
}
