import PolygraphHistory

/// The calls of the register workload: `read`, `write` and `cas` (value `[from, to]`) on keys `k0`, `k1`, …
///
/// The k-th call is fixed by the seed.
public struct RegisterGenerator: Generator {
    /// What is written.
    public enum Values: Hashable, Sendable {
        /// Every write and cas of a key brings the next integer: 1, 2, 3, … Such histories are the easiest to judge,
        /// and a value tells who wrote it.
        case distinct
        /// One of 0 ..< n: values come again, and judging is harder, but a cas meets its old value more often.
        case small(Int)
    }

    /// Which key is drawn.
    public enum Sampling: Hashable, Sendable {
        /// Each key equally likely.
        case uniform
        /// The first `keys` keys get this share (0 ... 1) of the calls; each key of either part equally likely.
        case hot(keys: Int, share: Double)
    }

    private let keys: [Value]
    private let cas: Bool
    private let values: Values
    private let readShare: Double
    private let writeShare: Double
    private let sampling: Sampling
    private let calls: RandomSource
    private let choices: RandomSource
    /// The last integer that was given out for each key.
    private var last: [Int64]
    private var count = 0

    /// - Parameters:
    ///   - keys: how many keys.
    ///   - cas: whether the system knows compare-and-set.
    ///   - readFraction: share of reads, 0 ... 1; by default 0.4, or 0.5 without cas.
    ///   - writeFraction: share of writes; by default 0.3, or 0.5 without cas. The rest is cas.
    public init(
        keys: Int, cas: Bool, values: Values = .distinct, readFraction: Double? = nil, writeFraction: Double? = nil,
        seed: UInt64, sampling: Sampling = .uniform
    ) {
        precondition(keys > 0, "a register workload needs a key")
        if case .small(let count) = values { precondition(count > 0, "there must be a value to write") }
        self.keys = Self.keys(keys)
        self.cas = cas
        self.values = values
        let reads = min(1, max(0, readFraction ?? (cas ? 0.4 : 0.5)))
        readShare = reads
        writeShare = cas ? min(1 - reads, max(0, writeFraction ?? min(0.3, 1 - reads))) : 1 - reads
        if case .hot(let hot, _) = sampling, hot <= 0 || hot >= keys {
            self.sampling = .uniform
        } else {
            self.sampling = sampling
        }
        let root = RandomSource(seed: seed).split("register")
        calls = root.split("calls")
        choices = root.split("workers")
        last = Array(repeating: 0, count: keys)
    }

    /// The keys of a workload with so many: `k0`, `k1`, …
    public static func keys(_ count: Int) -> [Value] { (0..<count).map { .string("k\($0)") } }

    public mutating func next(_ context: Context) -> Next {
        guard let worker = context.freeWorker(choice: choices.word(at: count)) else { return .pending(until: .max) }
        var random = calls.split(count)
        count += 1
        return .invoke(Invocation(time: context.dueTime, worker: worker, call: call(&random)))
    }

    private mutating func call(_ random: inout RandomSource) -> Call {
        let key = drawKey(&random)
        let share = random.nextUnit()
        if share < readShare { return Call("read", key: keys[key]) }
        // The first change of a key with distinct values is a write: there is no old value yet that a cas could name.
        let isWrite = !cas || share < readShare + writeShare || values == .distinct && last[key] == 0
        switch values {
        case .small(let count):
            let to = Value.integer(Int64(random.next(below: count)))
            if isWrite { return Call("write", key: keys[key], to) }
            return Call("cas", key: keys[key], .list([.integer(Int64(random.next(below: count))), to]))
        case .distinct:
            let newest = last[key]
            last[key] += 1
            let to = Value.integer(last[key])
            if isWrite { return Call("write", key: keys[key], to) }
            // The newest value is the most likely to be there still.
            let age: Int64 =
                switch random.next(below: UInt64(10)) {
                case 0..<6: 0
                case 6..<9: 1
                default: 2
                }
            return Call("cas", key: keys[key], .list([.integer(max(1, newest - age)), to]))
        }
    }

    private func drawKey(_ random: inout RandomSource) -> Int {
        guard case .hot(let hot, let share) = sampling else { return random.next(below: keys.count) }
        return random.nextBool(probability: share)
            ? random.next(below: hot) : hot + random.next(below: keys.count - hot)
    }
}
