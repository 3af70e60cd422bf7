import PolygraphHistory

/// SplitMix64: the same histories everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}

/// Simulates clients on a correct register per key, with crashes in fault windows.
struct HistoryGenerator {
    var seed: UInt64
    var operations: Int
    var clients: Int
    var keys: Int
    /// Values per key; nil for a new value with each write.
    var domain: Int64?
    var hasCAS = true
    /// Operations per second, all clients together.
    var rate = 1000.0
    /// In windows of 10 s every other 10 s this many operations a second end `info`.
    var crashesPerSecond = 0.0
    /// Share of crashed operations that take effect nevertheless, at some later time.
    var effective = 0.1
    /// Makes the last read return a value that had been overwritten.
    var endsInvalid = false

    private struct Running {
        var position: Int
        var operation: Operation
        var takesEffectAt: Int64
        var endsAt: Int64
        var crashes: Bool
    }

    func make() -> History {
        var random = SeededGenerator(state: seed)
        var events: [(time: Int64, order: Int, operation: Operation)] = []
        var states = [Value](repeating: .null, count: keys)
        var previous = [Value](repeating: .null, count: keys)
        var fresh = [Int64](repeating: 0, count: keys)
        var processes = Array(0..<clients)
        var freeAt = [Int64](repeating: 0, count: clients)
        var running: [(client: Int, run: Running)] = []
        var late: [(time: Int64, operation: Operation)] = []
        var issued = 0
        let gap = 1e9 / rate
        func key(_ operation: Operation) -> Int { Int(operation.key?.integerValue ?? 0) }
        func pick(_ key: Int) -> Value {
            if let domain { return .integer(Int64.random(in: 0..<domain, using: &random)) }
            fresh[key] += 1
            return .integer(fresh[key])
        }
        func apply(_ operation: inout Operation) {
            let place = key(operation)
            operation.kind = .ok
            switch operation.function {
            case "read": operation.value = states[place]
            case "write":
                previous[place] = states[place]
                states[place] = operation.value
            default:
                let pair = operation.value.elements ?? []
                if pair[0] == states[place] {
                    previous[place] = states[place]
                    states[place] = pair[1]
                } else {
                    operation.kind = .fail
                    operation.error = "mismatch"
                }
            }
        }
        var now: Int64 = 0
        // Step by step in time: the next thing is an invocation, an effect, or an end.
        while issued < operations || !running.isEmpty {
            let nextEffect = running.indices.min {
                moment(running[$0].run) < moment(running[$1].run)
            }
            let idle = freeAt.indices.filter { client in !running.contains { $0.client == client } }
            let nextClient = issued < operations ? idle.min { freeAt[$0] < freeAt[$1] } : nil
            let startAt = nextClient.map { max(freeAt[$0], Int64(Double(issued) * gap)) } ?? .max
            let effectAt = nextEffect.map { moment(running[$0].run) } ?? .max
            if let first = late.indices.min(by: { late[$0].time < late[$1].time }),
                late[first].time <= min(startAt, effectAt)
            {
                var operation = late.remove(at: first).operation
                apply(&operation)
                continue
            }
            if startAt <= effectAt, let client = nextClient {
                now = startAt
                let place = Int.random(in: 0..<keys, using: &random)
                let choice = Int.random(in: 0..<(hasCAS ? 4 : 2), using: &random)
                let function = hasCAS ? ["read", "read", "write", "cas"][choice] : ["read", "write"][choice]
                let expected = Int.random(in: 0..<5, using: &random) == 0 ? previous[place] : states[place]
                let value: Value =
                    function == "read" ? .null : function == "write" ? pick(place) : .list([expected, pick(place)])
                let operation = Operation(
                    index: 0, time: now, process: .client(processes[client]), kind: .invoke, function: function,
                    key: .integer(Int64(place)), value: value, node: "n\(client % 5 + 1)", intended: now)
                events.append((now, events.count, operation))
                let duration = Int64.random(in: 1_000_000...(10_000_000), using: &random)
                let window = (now / 10_000_000_000) % 2 == 1
                let crashes = window && Double.random(in: 0..<1, using: &random) < crashesPerSecond / rate
                running.append(
                    (
                        client,
                        Running(
                            position: events.count - 1, operation: operation,
                            takesEffectAt: now + Int64.random(in: 0...duration, using: &random),
                            endsAt: now + duration + (crashes ? 1_000_000_000 : 0), crashes: crashes)
                    ))
                issued += 1
                continue
            }
            guard let place = nextEffect else { break }
            now = effectAt
            var (client, run) = running[place]
            if run.takesEffectAt >= 0 {
                if run.crashes {
                    if Double.random(in: 0..<1, using: &random) < effective {
                        late.append((now + Int64.random(in: 0...2_000_000_000, using: &random), run.operation))
                    }
                } else {
                    apply(&run.operation)
                }
                run.takesEffectAt = -1
                running[place] = (client, run)
                continue
            }
            running.remove(at: place)
            freeAt[client] = now
            if run.crashes {
                run.operation.kind = run.operation.function == "read" ? .fail : .info
                run.operation.error = "timeout"
                processes[client] = (processes.max() ?? 0) + 1
            }
            run.operation.time = now
            run.operation.intended = nil
            events.append((now, events.count, run.operation))
        }
        if endsInvalid {
            for kind in [Operation.Kind.invoke, .ok] {
                events.append(
                    (
                        now, events.count,
                        Operation(
                            index: 0, time: now, process: .client((processes.max() ?? 0) + 1), kind: kind,
                            function: "read", key: 0, value: kind == .ok ? previous[0] : .null, node: "n1")
                    ))
            }
        }
        let numbered = events.enumerated().map { index, event in
            var operation = event.operation
            operation.index = index
            return operation
        }
        guard let history = try? History(numbered) else { preconditionFailure("seed \(seed) makes no history") }
        return history
    }

    private func moment(_ run: Running) -> Int64 { run.takesEffectAt >= 0 ? run.takesEffectAt : run.endsAt }
}
