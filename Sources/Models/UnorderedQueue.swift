import PolygraphHistory

/// A queue that hands out its values in any order.
///
/// `enqueue` (or `offer`, `send`) carries the value. `dequeue` (or `poll`, `take`) returns one of the values, or null
/// where the queue is empty. A `dequeue` of unknown outcome took any one value, or never happened.
///
/// Which value such a `dequeue` took stays open in the state until later answers settle it: a removal is remembered
/// together with the values that were there. That keeps the state small where a set of all possible contents would
/// grow exponentially.
public struct UnorderedQueue: Model {
    /// What may be in the queue.
    public struct State: Hashable, Sendable {
        /// Values that came between two open removals.
        struct Batch: Hashable, Sendable {
            /// How many there are of each value, open removals not counted.
            var values: [Value: Int]
            var size: Int
            /// Open removals that came after these values and before those of the next batch. Each took one value of
            /// this batch or an earlier one. Only the last batch may have none.
            var removals: Int
        }

        /// The batches in the order in which they came.
        ///
        /// Up to the end of every batch there are more values than open removals: where there are as many, all are
        /// gone, and the batches with them. By Hall's theorem any value that is left may then still be there.
        private(set) var batches: [Batch] = []

        init(_ values: [Value]) {
            for value in values { add(value) }
        }

        /// Whether there is certainly nothing left; it is certain that something is left otherwise.
        public var isEmpty: Bool { batches.isEmpty }

        /// All values that may be there, those included that an open removal may have taken.
        public var values: [Value] {
            batches.flatMap { $0.values.flatMap { Array(repeating: $0.key, count: $0.value) } }
        }

        mutating func add(_ value: Value) {
            if batches.last.map({ $0.removals > 0 }) ?? true {
                batches.append(Batch(values: [:], size: 0, removals: 0))
            }
            batches[batches.count - 1].values[value, default: 0] += 1
            batches[batches.count - 1].size += 1
        }

        /// Takes a value, where it may be there: the youngest of its equals, which leaves the open removals the most
        /// to choose from.
        mutating func take(_ value: Value) -> Bool {
            guard let place = batches.lastIndex(where: { $0.values[value] != nil }) else { return false }
            let count = batches[place].values[value] ?? 0
            batches[place].values[value] = count == 1 ? nil : count - 1
            batches[place].size -= 1
            if batches[place].size == 0 {
                let emptied = batches.remove(at: place)
                if place > 0 { batches[place - 1].removals += emptied.removals }
            }
            settle()
            return true
        }

        /// Takes any one value, where there is one.
        mutating func takeAny() {
            guard !batches.isEmpty else { return }
            batches[batches.count - 1].removals += 1
            settle()
        }

        /// Drops the batches of which nothing can be left.
        private mutating func settle() {
            var left = 0
            var gone = 0
            for (place, batch) in batches.enumerated() {
                left += batch.size - batch.removals
                if left == 0 { gone = place + 1 }
            }
            batches.removeFirst(gone)
        }
    }

    public let name = "unordered-queue"
    public let family = ModelFamily.unorderedQueue
    public let initial: State

    /// - Parameter initial: the values before any operation.
    public init(initial: [Value] = []) { self.initial = State(initial) }

    public func step(_ state: State, _ call: Call) -> State? {
        var next = state
        return apply(call, to: &next) ? next : nil
    }

    public func apply(_ call: Call, to state: inout State) -> Bool {
        switch QueueFunction(call.function) {
        case .enqueue: state.add(call.input)
        case .dequeue:
            switch call.output {
            case .none: state.takeAny()
            case .some(.null): return state.isEmpty
            case .some(let value): return state.take(value)
            }
        case nil: return false
        }
        return true
    }

    public func problem(with call: Call) -> String? {
        switch QueueFunction(call.function) {
        case .enqueue where call.input == .null: "an enqueue must carry a value, but this one carries null"
        case .enqueue, .dequeue: refusal(call)
        case nil: noSuchFunction(call, has: "enqueue and dequeue")
        }
    }

    public func isObserver(_ call: Call) -> Bool {
        call.output == .some(.null) && QueueFunction(call.function) == .dequeue
    }
}
