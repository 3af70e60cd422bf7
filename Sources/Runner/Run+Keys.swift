import Glibc
import PolygraphClients
import PolygraphHistory

/// The keys of a run in a cluster that goes on living.
extension Run {
    /// Removes the run's keys from a cluster that goes on living.
    /// - Returns: what is left of them, in words; nil where nothing is.
    func removeKeys(_ ledger: LoadLedger, prefix: String, _ factory: @escaping ClientFactory) -> String? {
        let keys = ledger.keys
        if prefix.isEmpty || keys.isEmpty { return nil }
        func remain(_ count: Int) -> String {
            "\(count == 1 ? "1 key" : "\(count) keys") beginning with `\(prefix)` remain\(count == 1 ? "s" : "") in the cluster"
        }
        guard let function = plan.removal else {
            return remain(keys.count) + ": the workload file does not say how to remove them (`client.http.delete`)"
        }
        status.phase = "removing keys"
        let removal = KeyRemoval(
            factory: factory, function: function, nodes: plan.nodes, timeout: plan.timeout, rate: plan.limits.rate)
        let pace = plan.limits.rate.map { Int64(Double(keys.count) / $0 * 2e9) } ?? 0
        let outcome = removal.remove(keys, within: min(30_000_000_000 + pace, 300_000_000_000))
        return outcome.left == 0 ? nil : remain(outcome.left) + ": \(outcome.reason)"
    }

    /// Tells the keys of this run from those of every other: by the second, and by chance.
    static func identifier() -> String {
        String(time(nil), radix: 36) + String(UInt32.random(in: 46_656..<1_679_616), radix: 36)
    }
}
