import PolygraphHistory

/// SplitMix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
}

/// Makes small histories: concurrent, with crashes, failures, and answers that are often, but not always, right.
struct RandomHistory {
    var seed: UInt64
    var hasCAS: Bool
    /// Keys, or 0 for a history without keys.
    var keys = 0
    var maximumOperations = 7
    var maximumProcesses = 4
    var initial: Value = .null

    func make() -> History {
        var random = SeededGenerator(seed)
        let operations = Int.random(in: 1...maximumOperations, using: &random)
        let processes = Int.random(in: 1...maximumProcesses, using: &random)
        let distinct = random.chance(0.3)
        let domain = Int64.random(in: 1...4, using: &random)
        let crashes = [0.0, 0.1, 0.3, 0.6].randomElement(using: &random) ?? 0.0
        let noise = [0.0, 0.1, 0.3].randomElement(using: &random) ?? 0.0
        var states: [Value?: Value] = [:]
        var fresh: Int64 = 0
        var events: [Operation] = []
        // Of each process: the open invocation, and whether it has taken effect and with what answer.
        struct Open {
            var operation: Operation
            var effect: (kind: Operation.Kind, value: Value, error: String?)?
        }
        var open: [Int: Open] = [:]
        var names = Array(0..<processes)
        var issued = 0
        func pick() -> Value {
            if distinct, random.chance(0.7) {
                fresh += 1
                return .integer(fresh)
            }
            return .integer(Int64.random(in: 0..<(distinct ? max(1, fresh + 1) : domain), using: &random))
        }
        func apply(_ operation: Operation) -> (kind: Operation.Kind, value: Value, error: String?) {
            let state = states[operation.key] ?? initial
            switch operation.function {
            case "write":
                states[operation.key] = operation.value
                return (.ok, operation.value, nil)
            case "read":
                let wrong = random.chance(noise)
                return (.ok, wrong ? (random.chance(0.2) ? .null : pick()) : state, nil)
            default:
                let pair = operation.value.elements ?? []
                let matches = random.chance(noise) ? random.chance(0.5) : pair[0] == state
                if matches { states[operation.key] = pair[1] }
                return matches ? (.ok, operation.value, nil) : (.fail, operation.value, "mismatch")
            }
        }
        while issued < operations || !open.isEmpty {
            let place = Int.random(in: 0..<processes, using: &random)
            let process = names[place]
            guard var running = open[process] else {
                if issued == operations { continue }
                issued += 1
                let functions = hasCAS ? ["read", "read", "write", "cas", "cas"] : ["read", "write"]
                let function = functions.randomElement(using: &random) ?? "read"
                let key: Value? = keys == 0 ? nil : .integer(Int64.random(in: 0..<Int64(keys), using: &random))
                let state = states[key] ?? initial
                let value: Value =
                    switch function {
                    case "write": pick()
                    case "cas": .list([random.chance(0.6) ? state : pick(), pick()])
                    default: .null
                    }
                let invocation = Operation(
                    index: events.count, time: Int64(events.count) * 1_000_000, process: .client(process),
                    kind: .invoke, function: function, key: key, value: value, node: "n\(place + 1)")
                events.append(invocation)
                open[process] = Open(operation: invocation)
                continue
            }
            if running.effect == nil, random.chance(0.6) {
                running.effect = apply(running.operation)
                open[process] = running
                continue
            }
            var completion = running.operation
            completion.index = events.count
            completion.time = Int64(events.count) * 1_000_000
            open[process] = nil
            if random.chance(crashes) {
                names[place] = (names.max() ?? 0) + 1
                if random.chance(0.3) { continue }
                completion.kind = .info
            } else if running.effect == nil, random.chance(0.15) {
                completion.kind = .fail
                completion.error = "refused"
            } else {
                let effect = running.effect ?? apply(running.operation)
                completion.kind = effect.kind
                completion.value = effect.value
                completion.error = effect.error
            }
            events.append(completion)
        }
        guard let history = try? History(events) else { preconditionFailure("seed \(seed) makes no history") }
        return history
    }
}
