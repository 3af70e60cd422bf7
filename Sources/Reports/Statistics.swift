import PolygraphHistory

/// Latencies in nanoseconds, sorted once.
struct LatencySummary: Sendable, Hashable {
    private var sorted: [Int64]

    init(_ latencies: [Int64]) { sorted = latencies.sorted() }

    var count: Int { sorted.count }
    var maximum: Int64? { sorted.last }

    /// The smallest latency that at least this fraction (0–1) of all do not exceed (nearest rank).
    func quantile(_ fraction: Double) -> Int64? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((fraction * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}

/// How many operations ended how.
struct Tally: Sendable, Hashable {
    var ok = 0
    var fail = 0
    /// With those that never completed.
    var info = 0

    var total: Int { ok + fail + info }

    mutating func add(_ outcome: Operation.Kind) {
        switch outcome {
        case .ok: ok += 1
        case .fail: fail += 1
        case .info, .invoke: info += 1
        }
    }
}

/// Counts and latencies of the clients' operations in a history.
struct Statistics: Sendable {
    /// One function's share.
    struct Function: Sendable {
        var name: String
        var tally: Tally
        /// From invocation to completion, ok operations only.
        var latency: LatencySummary
        /// From the time at which the generator wanted the operation, ok operations only.
        var intendedLatency: LatencySummary
    }

    let total: Tally
    /// By name of function, in the order of first use.
    let functions: [Function]
    let latency: LatencySummary
    let intendedLatency: LatencySummary
    /// Whether the history knows when operations were wanted.
    let hasIntended: Bool
    /// What became of the operations on each key, in the order of first use.
    let keys: [(key: Value, tally: Tally)]
    /// From the first event to the last, of clients or nemesis, in nanoseconds.
    let span: Int64
    /// Whether times are those of a clock. In a history without them the position of an event stands for its time, and
    /// no clock sees events closer than that.
    let hasTimes: Bool
    /// What the errors said, most frequent first.
    let errors: [(text: String, kind: Operation.Kind, count: Int)]

    private struct ErrorName: Hashable {
        var text: String
        var kind: Operation.Kind
    }

    init(_ history: History) {
        var total = Tally()
        var places: [String: Int] = [:]
        var names: [String] = []
        var tallies: [Tally] = []
        var latencies: [[Int64]] = []
        var intendedLatencies: [[Int64]] = []
        var keyPlaces: [Value: Int] = [:]
        var keys: [(key: Value, tally: Tally)] = []
        var errors: [ErrorName: Int] = [:]
        var hasIntended = false

        for position in history.operations.indices {
            let invocation = history.operations[position]
            guard invocation.kind == .invoke, invocation.process != .nemesis else { continue }
            let completion = history.completion(of: position)
            let outcome = completion?.kind ?? .info
            let place: Int
            if let known = places[invocation.function] {
                place = known
            } else {
                place = names.count
                places[invocation.function] = place
                names.append(invocation.function)
                tallies.append(Tally())
                latencies.append([])
                intendedLatencies.append([])
            }
            total.add(outcome)
            tallies[place].add(outcome)
            if outcome == .ok, let completion {
                latencies[place].append(completion.time - invocation.time)
                intendedLatencies[place].append(completion.time - (invocation.intended ?? invocation.time))
            }
            if invocation.intended != nil { hasIntended = true }
            if let key = invocation.key {
                let keyPlace = keyPlaces[key] ?? keys.count
                if keyPlace == keys.count {
                    keyPlaces[key] = keyPlace
                    keys.append((key, Tally()))
                }
                keys[keyPlace].tally.add(outcome)
            }
            if let error = completion?.error { errors[ErrorName(text: error, kind: outcome), default: 0] += 1 }
        }

        self.total = total
        self.hasIntended = hasIntended
        self.keys = keys
        self.functions = names.indices.map { place in
            Function(
                name: names[place], tally: tallies[place], latency: LatencySummary(latencies[place]),
                intendedLatency: LatencySummary(intendedLatencies[place]))
        }
        self.latency = LatencySummary(latencies.flatMap { $0 })
        self.intendedLatency = LatencySummary(intendedLatencies.flatMap { $0 })
        self.errors = errors.map { (text: $0.key.text, kind: $0.key.kind, count: $0.value) }
            .sorted { ($1.count, $0.text) < ($0.count, $1.text) }
        span = history.operations.isEmpty ? 0 : Self.span(history)
        hasTimes = span >= Int64(history.operations.count)
    }

    private static func span(_ history: History) -> Int64 {
        var first = Int64.max
        var last = Int64.min
        for operation in history.operations {
            first = min(first, operation.time)
            last = max(last, operation.time)
        }
        return last - first
    }
}
