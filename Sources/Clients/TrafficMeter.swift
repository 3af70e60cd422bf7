import Synchronization

/// Counts what all clients of a run send and receive.
public final class TrafficMeter: Sendable {
    private let total = Atomic<Int>(0)

    public init() {}

    /// Bytes of requests and answers, heads included and encryption not.
    public var bytes: Int { total.load(ordering: .relaxed) }

    func add(_ bytes: Int) { total.add(bytes, ordering: .relaxed) }
}
