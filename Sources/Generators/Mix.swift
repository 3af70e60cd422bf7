import PolygraphHistory

/// Each call from one of several generators, drawn by weight.
///
/// Which one gives the k-th call is fixed by the seed: a part that has nothing at the moment is waited for, so that
/// the order of the calls never depends on the speed of the system. A part that is exhausted is drawn no more.
public struct Mix: Generator {
    private var parts: [any Generator]
    /// Sums of the weights up to and including each part.
    private var sums: [UInt64]
    private let choices: RandomSource
    private var count = 0
    /// The part that was drawn and has not answered yet.
    private var drawn: Int?

    /// - Parameter parts: with weights above 0; what matters is their ratio.
    public init(_ parts: [(weight: Int, generator: any Generator)], seed: UInt64) {
        self.parts = parts.map(\.generator)
        choices = RandomSource(seed: seed).split("mix")
        var sum: UInt64 = 0
        sums = parts.map { part in
            precondition(part.weight > 0, "the weight of a part of a mix must be above 0")
            sum += UInt64(part.weight)
            return sum
        }
    }

    public mutating func next(_ context: Context) -> Next {
        while let total = sums.last {
            let part = drawn ?? draw(total)
            drawn = part
            switch parts[part].next(context) {
            case .invoke(let invocation):
                drawn = nil
                count += 1
                return .invoke(invocation)
            case .pending(let until): return .pending(until: until)
            case .exhausted: remove(part)
            }
        }
        return .exhausted
    }

    private func draw(_ total: UInt64) -> Int {
        let target = choices.word(at: count).multipliedFullWidth(by: total).high
        var part = 0
        while sums[part] <= target { part += 1 }
        return part
    }

    private mutating func remove(_ part: Int) {
        let weight = sums[part] - (part > 0 ? sums[part - 1] : 0)
        parts.remove(at: part)
        sums.remove(at: part)
        for later in part..<sums.count { sums[later] -= weight }
        drawn = nil
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        for part in parts.indices { parts[part].update(event, context) }
    }
}
