import PolygraphHistory

/// The functions of the simulated objects; a byte, where a string would have to be counted by its owners.
enum SyntheticFunction: UInt8 {
    case read
    case write
    case cas
    case enqueue
    case dequeue
    case push
    case pop

    var name: String {
        switch self {
        case .read: "read"
        case .write: "write"
        case .cas: "cas"
        case .enqueue: "enqueue"
        case .dequeue: "dequeue"
        case .push: "push"
        case .pop: "pop"
        }
    }
}

/// What a client asked of an object, and what it heard.
struct SyntheticStep {
    var function: SyntheticFunction
    var input: Value
    var output: Value
    /// Whether a compare-and-set met another value than it expected.
    var isRefused = false

    var kind: Operation.Kind { isRefused ? .fail : .ok }
}

/// An object on which every operation takes effect at one instant.
protocol SyntheticObject {
    /// Picks the next operation and carries it out.
    /// - Parameters:
    ///   - changes: whether the operation must be one that can change the object.
    ///   - takesEffect: whether the object changes; the answer means nothing otherwise.
    mutating func act(_ random: inout SeededRandom, changes: Bool, takesEffect: Bool) -> SyntheticStep

    /// Takes note that an operation returned.
    mutating func returned(_ step: SyntheticStep, invokedAt: Int, returnedAt: Int)

    /// What a read that is invoked now must not return; nil where nothing is certain yet.
    var staleValue: Value? { get }
}

extension SyntheticObject {
    mutating func returned(_ step: SyntheticStep, invokedAt: Int, returnedAt: Int) {}
    var staleValue: Value? { nil }
}

/// A register whose clients read, write, and compare and set.
struct SyntheticRegister: SyntheticObject {
    /// How many values there are; 0 where every write has a value of its own.
    var values: Int
    var readPercent: Int
    /// Of the operations that are no reads.
    var casPercent: Int
    /// Of the compare-and-set operations, those that expect the right value.
    var successPercent = 50

    private(set) var state: Value = .null
    private var written: Int64 = 0
    /// The last write that began after the one before it in this chain had returned.
    private var settled: (value: Value, returnedAt: Int)?
    /// A value that was surely overwritten.
    private var overwritten: Value?

    init(values: Int, readPercent: Int, casPercent: Int, successPercent: Int = 50) {
        self.values = values
        self.readPercent = readPercent
        self.casPercent = casPercent
        self.successPercent = successPercent
    }

    private mutating func fresh(_ random: inout SeededRandom) -> Value {
        if values > 0 { return .integer(Int64(random.below(values))) }
        written += 1
        return .integer(written)
    }

    mutating func act(_ random: inout SeededRandom, changes: Bool, takesEffect: Bool) -> SyntheticStep {
        if !changes, random.chance(percent: readPercent) {
            return SyntheticStep(function: .read, input: .null, output: state)
        }
        guard random.chance(percent: casPercent) else {
            let value = fresh(&random)
            if takesEffect { state = value }
            return SyntheticStep(function: .write, input: value, output: value)
        }
        let expected = random.chance(percent: successPercent) ? state : other(&random)
        let pair = Value.list([expected, fresh(&random)])
        guard expected == state else {
            return SyntheticStep(function: .cas, input: pair, output: pair, isRefused: true)
        }
        if takesEffect, let value = pair.elements?[1] { state = value }
        return SyntheticStep(function: .cas, input: pair, output: pair)
    }

    private func other(_ random: inout SeededRandom) -> Value {
        .integer(values > 0 ? Int64(random.below(values)) : Int64(random.below(Int(written) + 1)))
    }

    mutating func returned(_ step: SyntheticStep, invokedAt: Int, returnedAt: Int) {
        guard values == 0, step.function == .write else { return }
        if let settled {
            guard settled.returnedAt < invokedAt else { return }
            overwritten = settled.value
        }
        settled = (step.input, returnedAt)
    }

    /// Every value is written once, so one whose overwriting was over cannot come back.
    var staleValue: Value? { overwritten }
}

/// A queue or a stack whose values are all different.
struct SyntheticSequence: SyntheticObject {
    var isStack: Bool
    private var values: [Int64] = []
    /// Values before this place are gone.
    private var head = 0
    private var inserted: Int64 = 0

    init(isStack: Bool) { self.isStack = isStack }

    mutating func act(_ random: inout SeededRandom, changes: Bool, takesEffect: Bool) -> SyntheticStep {
        if random.chance(percent: 50) {
            inserted += 1
            if takesEffect { values.append(inserted) }
            let value = Value.integer(inserted)
            return SyntheticStep(function: isStack ? .push : .enqueue, input: value, output: value)
        }
        let output: Value = takesEffect ? take().map { .integer($0) } ?? .null : .null
        return SyntheticStep(function: isStack ? .pop : .dequeue, input: .null, output: output)
    }

    private mutating func take() -> Int64? {
        if isStack { return values.popLast() }
        guard head < values.count else { return nil }
        head += 1
        let value = values[head - 1]
        if head > 1024, head * 2 > values.count {
            values.removeFirst(head)
            head = 0
        }
        return value
    }
}
