import PolygraphClients
import PolygraphGenerators
import PolygraphHistory
import Synchronization

/// How much a run may ask of a cluster that others use too.
public struct LoadLimits: Hashable, Sendable {
    /// Requests a second, all clients together, final reads and removals of keys included; nil: as many as the load
    /// has.
    public var rate: Double?
    /// Operations in all.
    public var operations: Int?
    /// Bytes of requests and answers in all.
    public var bytes: Int64?

    public init(rate: Double? = nil, operations: Int? = nil, bytes: Int64? = nil) {
        self.rate = rate
        self.operations = operations
        self.bytes = bytes
    }
}

/// What a run has asked of its cluster so far: how much, and with which keys.
final class LoadLedger: Sendable {
    private struct Entries {
        var operations = 0
        var keys: Set<Value> = []
        var reached: String?
    }

    let meter = TrafficMeter()
    let limits: LoadLimits
    private let entries = Mutex(Entries())

    init(_ limits: LoadLimits) { self.limits = limits }

    /// Which limit has ended the load, in words; nil while none has.
    var reached: String? { entries.withLock { $0.reached } }

    /// The keys of all operations.
    var keys: [Value] { entries.withLock { $0.keys }.sorted { $0.description < $1.description } }

    /// Whether there may be another operation.
    func admits() -> Bool {
        entries.withLock { entries in
            if entries.reached != nil { return false }
            if let most = limits.operations, entries.operations >= most {
                entries.reached = "\(most) operations were made (`limits.operations`)"
            } else if let most = limits.bytes, meter.bytes >= most {
                let bytes = Quantity.describe(bytes: Int64(meter.bytes))
                entries.reached = "\(bytes) were sent and received (`limits.bytes`)"
            }
            return entries.reached == nil
        }
    }

    func note(_ key: Value?) {
        entries.withLock { entries in
            entries.operations += 1
            if let key { entries.keys.insert(key) }
        }
    }
}

/// A generator that ends when its limits are reached, never exceeds their rate, and whose keys are on record.
struct BoundedLoad: Generator {
    private var base: any Generator
    private let ledger: LoadLedger
    /// Operations that may begin at once: what is behind catches up, but never faster than this (a token bucket).
    private var tokens: Double
    private let capacity: Double
    private var filled: Int64?

    init(_ base: any Generator, _ ledger: LoadLedger) {
        self.base = base
        self.ledger = ledger
        // A tenth of a second's worth.
        capacity = max(1, (ledger.limits.rate ?? 0) / 10)
        tokens = capacity
    }

    mutating func next(_ context: Context) -> Next {
        guard ledger.admits() else { return .exhausted }
        if let rate = ledger.limits.rate {
            let passed = max(0, context.time - (filled ?? context.time))
            tokens = min(capacity, tokens + Double(passed) * rate / 1e9)
            filled = context.time
            // Rounding must not make it wait for a moment that never comes.
            guard tokens >= 0.999_999 else {
                return .pending(until: context.time + Int64((1 - tokens) / rate * 1e9) + 1)
            }
        }
        let next = base.next(context)
        if case .invoke(let invocation) = next {
            tokens -= 1
            ledger.note(invocation.call.key)
        }
        return next
    }

    mutating func update(_ event: Operation, _ context: Context) { base.update(event, context) }
}
