/// Clients that work on one atomic object, each operation taking effect at a random moment between its two events.
struct RandomTimeline {
    var clients: Int
    var operations: Int
    var crashProbability: Double

    /// An operation of the timeline: its events, and when it took effect.
    struct Entry<Action, Answer> {
        var action: Action
        var answer: Answer?
        var process: Int
        var invoked: Int32
        /// `Int32.max` if it crashed.
        var returned: Int32
    }

    /// - Parameters:
    ///   - invoke: what a process does next. A client whose operation crashed goes on as another process.
    ///   - apply: lets an operation take effect on the object and returns the answer, or `nil` if it has to wait. What
    ///     waits for too long counts as crashed.
    func run<Action, Answer>(
        using random: inout SeededGenerator, invoke: (Int, inout SeededGenerator) -> Action,
        apply: (Int, Action) -> Answer?
    ) -> [Entry<Action, Answer>] {
        var entries: [Entry<Action, Answer>] = []
        var current = [Int?](repeating: nil, count: clients)
        var process = Array(0..<clients)
        var position: Int32 = 0
        var steps = 0
        while entries.count < operations || current.contains(where: { $0 != nil }), steps < 50 * operations + 100 {
            steps += 1
            position += Int32.random(in: 1...3, using: &random)
            let client = random.below(clients)
            guard let place = current[client] else {
                guard entries.count < operations else { continue }
                current[client] = entries.count
                let action = invoke(process[client], &random)
                entries.append(
                    Entry(
                        action: action, answer: nil, process: process[client], invoked: position, returned: Int32.max))
                continue
            }
            if random.chance(crashProbability / 2) {
                current[client] = nil
                process[client] += clients
            } else if entries[place].answer == nil {
                entries[place].answer = apply(process[client], entries[place].action)
            } else {
                entries[place].returned = position
                current[client] = nil
            }
        }
        return entries
    }
}

extension SeededGenerator {
    /// A number from zero up to, but not including, a bound.
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &self) }
}
