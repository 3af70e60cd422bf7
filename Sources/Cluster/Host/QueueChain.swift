import Glibc

/// The queues, one behind the other, that frames with certain effects pass, as `tc` makes them.
struct QueueChain: Hashable {
    /// Words for `tc`: a kind and its parameters.
    let queues: [String]
    /// Distributions that the queues name.
    let tables: [String: DelayTable]

    /// Frames that a queue holds at most.
    private static let limit = 200_000

    init(_ effects: [LinkEffect]) {
        var queues: [String] = []
        var tables: [String: DelayTable] = [:]
        // One queue does several things, but each of them only once.
        var open: [String] = []
        var used: Set<String> = []
        func close() {
            if !open.isEmpty { queues.append("netem limit \(QueueChain.limit) " + open.joined(separator: " ")) }
            open = []
            used = []
        }
        func add(_ kind: String, _ words: String) {
            if !used.insert(kind).inserted {
                close()
                used = [kind]
            }
            open.append(words)
        }
        for effect in effects {
            switch effect {
            case .burstLoss(let enter, let leave, let within):
                add(
                    "loss",
                    "loss gemodel \(Self.percent(enter)) \(Self.percent(leave)) \(Self.percent(within)) 0%")
            case .corruption(let share, let bits):
                // Netem inverts one bit at a time.
                for _ in 0..<max(1, bits) { add("corrupt", "corrupt \(Self.percent(share))") }
            case .delay(let distribution, let correlation, let keepsOrder):
                add("delay", Self.delay(distribution, correlation, keepsOrder, &tables))
            case .reordering(let share, let heldBack):
                close()
                // Netem's share is of those that are not held back.
                let early = share < 1 ? " reorder \(Self.percent(1 - share))" : ""
                add("delay", "delay \(Self.time(heldBack))" + early)
                close()
            case .rate(let bytesPerSecond, let queueBytes):
                close()
                // A bucket must hold what one tick of the kernel lets through, and a whole frame.
                let burst = max(bytesPerSecond / 250, 3_200)
                let limit = max(queueBytes, 3_200)
                queues.append("tbf rate \(bytesPerSecond)bps burst \(burst) limit \(limit)")
            case .cut, .flap, .reset, .loss, .duplication: break
            }
        }
        close()
        self.queues = queues
        self.tables = tables
    }

    private static func delay(
        _ distribution: DelayDistribution, _ correlation: Double, _ keepsOrder: Bool,
        _ tables: inout [String: DelayTable]
    ) -> String {
        if case .constant(let time) = distribution { return "delay \(Self.time(time))" }
        guard let table = DelayTable(distribution) else { return "" }
        let name = name(distribution)
        tables[name] = table
        var words = "delay \(time(table.middle)) \(time(table.deviation)) \(percent(correlation)) distribution \(name)"
        // A queue with a rate lets no frame overtake another one; this one takes no time.
        if keepsOrder { words += " rate 1000gbit" }
        return words
    }

    private static func name(_ distribution: DelayDistribution) -> String {
        switch distribution {
        case .constant(let time): "constant-\(time)"
        case .uniform(let range): "uniform-\(range.lowerBound)-\(range.upperBound)"
        case .normal(let mean, let deviation): "normal-\(mean)-\(deviation)"
        case .exponential(let mean): "exponential-\(mean)"
        case .pareto(let minimum, let shape): "pareto-\(minimum)-\(shape)"
        }
    }

    /// Nanoseconds in a unit that every version of `tc` knows.
    static func time(_ nanoseconds: Int64) -> String { (Double(nanoseconds) / 1000).plainDecimal + "us" }

    static func percent(_ share: Double) -> String { (max(0, min(1, share)) * 100).plainDecimal + "%" }
}
