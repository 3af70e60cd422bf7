import PolygraphHistory

/// Makes small histories of registers whose reads return anything that was ever written.
struct WeakHistory {
    var seed: UInt64
    var maximumOperations = 6
    var hasCAS = true
    /// How often a value is written again.
    var repeats = 0.0

    func make() -> History {
        var random = SeededGenerator(seed)
        let count = Int.random(in: 2...maximumOperations, using: &random)
        let processes = Int.random(in: 1...3, using: &random)
        let keys = Int64.random(in: 1...2, using: &random)
        let crashes = [0.0, 0.15, 0.4].randomElement(using: &random) ?? 0.0
        let failures = [0.0, 0.1].randomElement(using: &random) ?? 0.0
        let wild = [0.0, 0.1, 0.5].randomElement(using: &random) ?? 0.0
        var fresh: Int64 = 0
        var written: [Int64: [Value]] = [:]
        func pick(_ key: Int64) -> Value {
            if random.chance(wild / 4) { return .integer(fresh + 1) }
            guard let values = written[key], !random.chance(0.15) else { return .null }
            if random.chance(wild) { return values.randomElement(using: &random) ?? .null }
            return values.suffix(2).randomElement(using: &random) ?? .null
        }
        func new(_ key: Int64) -> Value {
            if random.chance(repeats) {
                let old = pick(key)
                written[key, default: []].append(old)
                return old
            }
            fresh += 1
            written[key, default: []].append(.integer(fresh))
            return .integer(fresh)
        }
        var events: [Operation] = []
        var time: Int64 = 0
        func add(_ operation: Operation) {
            var operation = operation
            operation.index = events.count
            time += random.chance(0.2) ? 0 : Int64.random(in: 1...40, using: &random)
            operation.time = time
            events.append(operation)
        }
        var open: [Int: Operation] = [:]
        var names = Array(0..<processes)
        var issued = 0
        while issued < count || !open.isEmpty {
            let place = Int.random(in: 0..<processes, using: &random)
            let process = names[place]
            if let running = open.removeValue(forKey: process) {
                var completion = running
                if random.chance(crashes) {
                    if random.chance(0.7) { names[place] = (names.max() ?? 0) + 1 } else { completion.kind = .info }
                    if completion.kind == .info { add(completion) }
                    continue
                }
                completion.kind = .ok
                switch running.function {
                case "read": completion.value = pick(running.key?.integerValue ?? 0)
                case "cas":
                    if random.chance(0.25) {
                        completion.kind = .fail
                        completion.error = "mismatch"
                    }
                default: break
                }
                if completion.kind == .ok, random.chance(failures) { completion.kind = .fail }
                add(completion)
                continue
            }
            if issued == count { continue }
            issued += 1
            let key = Int64.random(in: 0..<keys, using: &random)
            let functions = hasCAS ? ["read", "read", "write", "write", "cas"] : ["read", "read", "write"]
            let function = functions.randomElement(using: &random) ?? "read"
            let value: Value =
                switch function {
                case "write": new(key)
                case "cas": .list([pick(key), new(key)])
                default: .null
                }
            let invocation = Operation(
                index: 0, time: 0, process: .client(process), kind: .invoke, function: function, key: .integer(key),
                value: value, node: "n1")
            add(invocation)
            open[process] = invocation
        }
        guard let history = try? History(events) else { preconditionFailure("seed \(seed) makes no history") }
        return history
    }
}
