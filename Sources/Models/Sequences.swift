import PolygraphHistory

/// A queue that hands out its values in the order in which they came.
///
/// `enqueue` (or `offer`, `send`) carries the value. `dequeue` (or `poll`, `take`) returns the oldest value, or null
/// where the queue is empty. A `dequeue` of unknown outcome took the oldest value, or never happened.
public struct FIFOQueue: Model {
    public let name = "fifo-queue"
    public let family = ModelFamily.fifoQueue
    /// The values, oldest first.
    public let initial: ArraySlice<Value>

    /// - Parameter initial: the values before any operation, oldest first.
    public init(initial: [Value] = []) { self.initial = initial[...] }

    public func step(_ state: ArraySlice<Value>, _ call: Call) -> ArraySlice<Value>? {
        var next = state
        return apply(call, to: &next) ? next : nil
    }

    public func apply(_ call: Call, to state: inout ArraySlice<Value>) -> Bool {
        switch QueueFunction(call.function) {
        case .enqueue: state.append(call.input)
        case .dequeue:
            guard let output = call.output else {
                _ = state.popFirst()
                return true
            }
            guard let first = state.first else { return output == .null }
            if output != first { return false }
            state.removeFirst()
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

/// A stack: the last value in is the first out.
///
/// `push` carries the value. `pop` returns the youngest value, or null where the stack is empty. A `pop` of unknown
/// outcome took the youngest value, or never happened.
public struct LIFOStack: Model {
    public let name = "stack"
    public let family = ModelFamily.stack
    /// The values, youngest last.
    public let initial: [Value]

    /// - Parameter initial: the values before any operation, youngest last.
    public init(initial: [Value] = []) { self.initial = initial }

    public func step(_ state: [Value], _ call: Call) -> [Value]? {
        var next = state
        return apply(call, to: &next) ? next : nil
    }

    public func apply(_ call: Call, to state: inout [Value]) -> Bool {
        switch StackFunction(call.function) {
        case .push: state.append(call.input)
        case .pop:
            guard let output = call.output else {
                _ = state.popLast()
                return true
            }
            guard let last = state.last else { return output == .null }
            if output != last { return false }
            state.removeLast()
        case nil: return false
        }
        return true
    }

    public func problem(with call: Call) -> String? {
        switch StackFunction(call.function) {
        case .push where call.input == .null: "a push must carry a value, but this one carries null"
        case .push, .pop: refusal(call)
        case nil: noSuchFunction(call, has: "push and pop")
        }
    }

    public func isObserver(_ call: Call) -> Bool {
        call.output == .some(.null) && StackFunction(call.function) == .pop
    }
}

/// A queue that hands out the least of its values first.
///
/// `insert` (or `add`, `offer`) carries an integer. `poll` (or `delete-min`, `extract-min`) returns the least value, or
/// null where the queue is empty. A `poll` of unknown outcome took the least value, or never happened.
public struct PriorityQueue: Model {
    public let name = "priority-queue"
    public let family = ModelFamily.priorityQueue
    /// The values, the least last.
    public let initial: [Int64]

    /// - Parameter initial: the values before any operation, in any order.
    public init(initial: [Int64] = []) { self.initial = initial.sorted(by: >) }

    public func step(_ state: [Int64], _ call: Call) -> [Int64]? {
        var next = state
        return apply(call, to: &next) ? next : nil
    }

    public func apply(_ call: Call, to state: inout [Int64]) -> Bool {
        switch PriorityQueueFunction(call.function) {
        case .insert:
            guard let value = call.input.integerValue else { return false }
            state.insert(value, at: Self.place(of: value, in: state))
        case .poll:
            guard let output = call.output else {
                _ = state.popLast()
                return true
            }
            guard let least = state.last else { return output == .null }
            if output != .integer(least) { return false }
            state.removeLast()
        case nil: return false
        }
        return true
    }

    /// Where a value belongs among others, the least last.
    private static func place(of value: Int64, in state: [Int64]) -> Int {
        var low = 0
        var high = state.count
        while low < high {
            let middle = (low + high) / 2
            if state[middle] > value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    public func problem(with call: Call) -> String? {
        switch PriorityQueueFunction(call.function) {
        case .insert where call.input.integerValue == nil:
            return "an insert must carry an integer, but this one carries \(call.input)"
        case .poll:
            if let output = call.output, output != .null, output.integerValue == nil {
                return "a poll must return an integer or null, but this one returned \(output)"
            }
            return refusal(call)
        case .insert: return refusal(call)
        case nil: return noSuchFunction(call, has: "insert and poll")
        }
    }

    public func isObserver(_ call: Call) -> Bool {
        call.output == .some(.null) && PriorityQueueFunction(call.function) == .poll
    }
}
