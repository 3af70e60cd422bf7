import PolygraphClients
import PolygraphGenerators
import PolygraphHistory
import Synchronization
import Testing

@testable import PolygraphRunner

/// How much is asked of clusters that others use too, and what is left there.
@Suite struct LoadLimitsTests {
    /// A call whenever it is asked for one.
    private struct Eager: Generator {
        var count: Int64 = 0

        mutating func next(_ context: Context) -> Next {
            count += 1
            return .invoke(
                Invocation(time: context.time, worker: 0, call: Call("read", key: .string("k\(count % 3)"))))
        }
    }

    @Test func `the rate is never exceeded, however much has piled up`() {
        let ledger = LoadLedger(LoadLimits(rate: 100))
        var load = BoundedLoad(Eager(), ledger)
        var context = Context(workers: 1)
        var times: [Int64] = []
        // Five seconds, of which nobody asks for two.
        while context.time < 5_000_000_000 {
            switch load.next(context) {
            case .invoke:
                times.append(context.time)
                if context.time == 2_000_000_000 { context.time = 4_000_000_000 }
            case .pending(let until):
                #expect(until > context.time)
                context.time = context.time < 2_000_000_000 ? min(until, 2_000_000_000) : until
            case .exhausted:
                Issue.record("exhausted")
                return
            }
        }
        for (position, time) in times.enumerated() {
            let later = times[position...].prefix { $0 < time + 1_000_000_000 }
            #expect(later.count <= 111)
        }
        #expect(times.count > 250 && times.count <= 330)
    }

    @Test func `so many operations and no more`() {
        let ledger = LoadLedger(LoadLimits(operations: 5))
        var load = BoundedLoad(Eager(), ledger)
        let context = Context(workers: 1)
        for _ in 0..<5 {
            guard case .invoke = load.next(context) else {
                Issue.record("too few")
                return
            }
        }
        #expect(ledger.reached == nil)
        #expect(load.next(context) == .exhausted)
        #expect(ledger.reached == "5 operations were made (`limits.operations`)")
        #expect(ledger.keys == ["k0", "k1", "k2"])
    }

    // MARK: - Removal of keys

    /// Remembers what it is told to remove; of some keys it does not want to know at some nodes.
    private final class Remover: Client {
        let node: Int
        let removed: Removed

        init(_ node: Int, _ removed: Removed) {
            self.node = node
            self.removed = removed
        }

        final class Removed: Sendable { let keys = Mutex<[String]>([]) }

        func invoke(_ request: Request) throws(ClientError) -> Completion {
            let key = request.key?.stringValue ?? ""
            if key == "stuck" { throw .indeterminate("HTTP 500") }
            if key == "shy", node != 2 { throw .definite("HTTP 503") }
            removed.keys.withLock { $0.append(key) }
            return Completion(.ok)
        }

        func close() {}
    }

    @Test func `every key is removed, at another node where one fails, and what is left is counted`() {
        let removed = Remover.Removed()
        let removal = KeyRemoval(
            factory: { node, _ in Remover(node, removed) }, function: "delete", nodes: 3, timeout: 1_000_000_000,
            rate: nil)
        let keys = (0..<50).map { Value.string("k\($0)") } + ["shy", "stuck"]
        let outcome = removal.remove(keys, within: 60_000_000_000)
        #expect(outcome.removed == 51 && outcome.left == 1 && outcome.reason == "HTTP 500")
        #expect(Set(removed.keys.withLock { $0 }).count == 51)
    }

    @Test func `there is an end to it`() {
        let removal = KeyRemoval(
            factory: { node, _ in Remover(node, Remover.Removed()) }, function: "delete", nodes: 1,
            timeout: 1_000_000_000, rate: 10)
        let outcome = removal.remove((0..<1_000).map { .string("k\($0)") }, within: 300_000_000)
        #expect(outcome.removed + outcome.left == 1_000 && outcome.left > 900)
        #expect(outcome.reason.contains("no more time"))
    }
}
