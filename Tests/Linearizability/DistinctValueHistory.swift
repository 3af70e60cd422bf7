import PolygraphHistory

/// Makes histories of a compare-and-set register that are linearizable and write no value twice, with many
/// compare-and-sets that were refused.
struct DistinctValueHistory {
    var seed: UInt64
    var operations: Int
    var processes: Int
    /// Share of operations whose outcome nobody learns.
    var crashes = 0.0

    private struct Open {
        var operation: Operation
        var effect: (kind: Operation.Kind, value: Value)?
    }

    func make() -> History {
        var random = SeededGenerator(seed)
        var state = Value.null
        var recent: [Value] = [.null]
        var fresh: Int64 = 0
        var events: [Operation] = []
        var open: [Int: Open] = [:]
        var names = Array(0..<processes)
        var issued = 0
        while issued < operations || !open.isEmpty {
            let place = Int.random(in: 0..<processes, using: &random)
            let name = names[place]
            guard var running = open[name] else {
                if issued == operations { continue }
                issued += 1
                fresh += 1
                let (function, value): (String, Value) =
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0..<3: ("read", .null)
                    case 3..<5: ("write", .integer(fresh))
                    default: ("cas", .list([recent.randomElement(using: &random) ?? .null, .integer(fresh)]))
                    }
                let invocation = Operation(
                    index: events.count, time: Int64(events.count), process: .client(name), kind: .invoke,
                    function: function, value: value)
                events.append(invocation)
                open[name] = Open(operation: invocation)
                continue
            }
            if running.effect == nil {
                switch running.operation.function {
                case "write":
                    state = running.operation.value
                    running.effect = (.ok, state)
                case "read": running.effect = (.ok, state)
                default:
                    let pair = running.operation.value.elements ?? []
                    running.effect = (pair[0] == state ? .ok : .fail, running.operation.value)
                    if pair[0] == state { state = pair[1] }
                }
                if recent.last != state { recent = recent.suffix(2) + [state] }
                open[name] = running
                if random.chance(0.5) { continue }
            }
            open[name] = nil
            var completion = running.operation
            completion.index = events.count
            completion.time = Int64(events.count)
            if random.chance(crashes) {
                names[place] = (names.max() ?? 0) + 1
                completion.kind = .info
            } else if let effect = running.effect {
                completion.kind = effect.kind
                completion.value = effect.value
                if effect.kind == .fail { completion.error = "mismatch" }
            }
            events.append(completion)
        }
        guard let history = try? History(events) else { preconditionFailure("seed \(seed) makes no history") }
        return history
    }
}
