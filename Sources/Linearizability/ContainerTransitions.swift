import PolygraphHistory
import PolygraphModels

/// The steps of queues, stacks, sets and logs over `InternedArrays`: a step costs the logarithm of what is inside, where
/// a state that is a list of its own costs all of it.
///
/// Stacks, logs and first-in-first-out queues are arrays by position, a queue from where its oldest value came to stand
/// (an emptied one starts at 0 again, so most equal contents are equal states; where they are not, the search only
/// takes longer). Sets, bags and priority queues are arrays of counts by element.
struct ContainerTransitions: Transitions {
    static var areShaped: Bool { false }

    private enum Discipline {
        case firstInFirstOut
        case lastInFirstOut
        /// A log; nothing leaves it.
        case growing
        case bestFirst
        case anyOrder
        case set
    }

    private enum Action: UInt8 {
        case never
        /// Possible in every state, and changes none.
        case pass
        case insert
        /// An insertion that says where the element came to stand.
        case insertAt
        /// Takes out the element, where it is its turn.
        case remove
        /// Takes out whatever is next; passes where there is nothing.
        case removeNext
        case expectEmpty
        case expectPresent
        case expectAbsent
        /// An addition to a set, or a removal from one, that says that it changed the set.
        case insertAbsent
        case removePresent
        /// A removal from a set that tells nothing.
        case discard
        /// Expects exactly what the call returned.
        case read
    }

    private struct Step {
        var action: Action
        /// The element's number; -1 without one.
        var element: Int32 = -1
        /// Of `insertAt` the position; of `read` the array, -1 until it is made.
        var detail: Int32 = -1

        /// The array of a read that has one; 0 otherwise.
        var expected: Int32 { action == .read ? max(detail, 0) : 0 }
    }

    private(set) var initial: Int32 = 0
    private let discipline: Discipline
    private let calls: [Call]
    private var steps: [Step] = []
    private var numbers: [Value: Int32] = [:]
    private var arrays: InternedArrays

    /// - Parameter operations: how many operations are searched.
    /// - Returns: nil for any other model, and where a removal from a bag took nobody knows what.
    init?<M: Model>(_ table: LabelTable, model: M, operations: Int) {
        let first: [Value]
        switch model {
        case let model as FIFOQueue: (discipline, first) = (.firstInFirstOut, Array(model.initial))
        case let model as LIFOStack: (discipline, first) = (.lastInFirstOut, model.initial)
        case let model as AppendOnlyLog: (discipline, first) = (.growing, model.initial)
        case let model as PriorityQueue: (discipline, first) = (.bestFirst, model.initial.map { .integer($0) })
        case let model as ElementSet: (discipline, first) = (.set, Array(model.initial))
        case let model as GrowOnlySet: (discipline, first) = (.set, Array(model.initial))
        case is UnorderedQueue:
            guard (model.initial as? UnorderedQueue.State)?.isEmpty == true,
                table.calls.allSatisfy({ $0.output != nil || QueueFunction($0.function) == .enqueue })
            else { return nil }
            (discipline, first) = (.anyOrder, [])
        default: return nil
        }
        calls = table.calls
        var inserted = first + calls.lazy.filter(Self.inserts).map(\.input)
        if discipline == .bestFirst {
            // The number of an element is its rank.
            inserted.sort { ($0.integerValue ?? 0) < ($1.integerValue ?? 0) }
        }
        for value in inserted where numbers[value] == nil { numbers[value] = Int32(numbers.count) }
        switch discipline {
        case .firstInFirstOut, .lastInFirstOut, .growing: arrays = InternedArrays(count: first.count + operations + 1)
        case .bestFirst, .anyOrder, .set: arrays = InternedArrays(count: numbers.count)
        }
        for value in first { initial = inserting(numbers[value] ?? 0, into: initial) }
        steps = calls.map { call in
            switch model {
            case is FIFOQueue, is UnorderedQueue: container(call, QueueFunction(call.function) == .enqueue)
            case is LIFOStack: container(call, StackFunction(call.function) == .push)
            case is PriorityQueue: container(call, PriorityQueueFunction(call.function) == .insert)
            case is AppendOnlyLog: log(call)
            case is GrowOnlySet: SetFunction(call.function) == .add ? element(.insert, call.input) : read(call)
            default: set(call)
            }
        }
    }

    private static func inserts(_ call: Call) -> Bool {
        switch call.function {
        case "append", "push": true
        case let name:
            QueueFunction(name) == .enqueue || PriorityQueueFunction(name) == .insert || SetFunction(name) == .add
        }
    }

    // MARK: - Reading calls

    private func element(_ action: Action, _ value: Value) -> Step {
        // What was never put in is never there.
        guard let number = numbers[value] else {
            switch action {
            case .discard, .expectAbsent: return Step(action: .pass)
            default: return Step(action: .never)
            }
        }
        return Step(action: action, element: number)
    }

    private func container(_ call: Call, _ isInsertion: Bool) -> Step {
        if isInsertion { return element(.insert, call.input) }
        switch call.output {
        case .none: return Step(action: .removeNext)
        case .some(.null): return Step(action: .expectEmpty)
        case .some(let value): return element(.remove, value)
        }
    }

    private func log(_ call: Call) -> Step {
        guard call.function == "append" else { return read(call) }
        guard let offset = AppendOnlyLog.offset(call) else { return element(.insert, call.input) }
        guard let position = Int32(exactly: offset), position >= 0 else { return Step(action: .never) }
        var step = element(.insertAt, call.input)
        step.detail = position
        return step
    }

    private func set(_ call: Call) -> Step {
        let answer = ElementSet.answer(call)
        switch SetFunction(call.function) {
        case .add: return element(answer.map { $0 ? .insertAbsent : .expectPresent } ?? .insert, call.input)
        case .remove: return element(answer.map { $0 ? .removePresent : .expectAbsent } ?? .discard, call.input)
        case .contains:
            guard let isThere = call.output?.boolValue else { return Step(action: call.output == nil ? .pass : .never) }
            return element(isThere ? .expectPresent : .expectAbsent, call.input)
        case .read, nil: return read(call)
        }
    }

    private func read(_ call: Call) -> Step {
        guard let output = call.output else { return Step(action: .pass) }
        guard let elements = output.elements, elements.allSatisfy({ numbers[$0] != nil }),
            discipline == .set || elements.count < arrays.capacity
        else { return Step(action: .never) }
        return Step(action: .read)
    }

    // MARK: - Steps

    mutating func next(_ state: Int32, _ label: Int32) -> Int32 {
        let step = steps[Int(label)]
        switch step.action {
        case .never: return -1
        case .pass: return state
        case .insert: return inserting(step.element, into: state)
        case .insertAt:
            return step.detail == (state == 0 ? 0 : arrays.last(state) + 1) ? inserting(step.element, into: state) : -1
        case .remove: return removing(step.element, from: state)
        case .removeNext: return state == 0 ? 0 : removing(nil, from: state)
        case .expectEmpty: return state == 0 ? 0 : -1
        case .expectPresent: return contains(step.element, in: state) ? state : -1
        case .expectAbsent: return contains(step.element, in: state) ? -1 : state
        case .insertAbsent: return contains(step.element, in: state) ? -1 : inserting(step.element, into: state)
        case .removePresent: return removing(step.element, from: state)
        case .discard: return arrays.setting(state, at: step.element, to: 0)
        case .read:
            if step.detail < 0 { steps[Int(label)].detail = array(calls[Int(label)].output?.elements ?? []) }
            return steps[Int(label)].detail == state ? state : -1
        }
    }

    private func contains(_ element: Int32, in state: Int32) -> Bool { arrays.value(state, at: element) != 0 }

    private mutating func inserting(_ element: Int32, into state: Int32) -> Int32 {
        switch discipline {
        case .firstInFirstOut, .lastInFirstOut, .growing:
            arrays.setting(state, at: state == 0 ? 0 : arrays.last(state) + 1, to: -1 - element)
        case .bestFirst, .anyOrder:
            arrays.setting(state, at: element, to: arrays.value(state, at: element) - 1)
        case .set: arrays.setting(state, at: element, to: -1)
        }
    }

    /// The state without an element, -1 where it is not the element's turn; without the one whose turn it is for nil.
    private mutating func removing(_ element: Int32?, from state: Int32) -> Int32 {
        if state == 0 { return -1 }
        let place: Int32
        switch discipline {
        case .firstInFirstOut: place = arrays.first(state)
        case .lastInFirstOut, .growing: place = arrays.last(state)
        case .bestFirst: place = arrays.first(state)
        case .anyOrder, .set: place = element ?? arrays.first(state)
        }
        let value = arrays.value(state, at: place)
        switch discipline {
        case .firstInFirstOut, .lastInFirstOut, .growing:
            if let element, value != -1 - element { return -1 }
            return arrays.setting(state, at: place, to: 0)
        case .bestFirst, .anyOrder, .set:
            if value == 0 || place != element ?? place { return -1 }
            return arrays.setting(state, at: place, to: value + 1)
        }
    }

    private mutating func array(_ elements: [Value]) -> Int32 {
        let places = elements.map { numbers[$0] ?? 0 }
        if discipline != .set {
            return arrays.array(places.enumerated().map { (place: Int32($0.offset), value: -1 - $0.element) })
        }
        return arrays.array(Set(places).sorted().map { (place: $0, value: -1) })
    }

    // MARK: - Memory

    var bytes: Int { arrays.bytes + steps.count * MemoryLayout<Step>.stride }

    mutating func forget(allBut kept: [Int32]) -> [Int32]? {
        let names = arrays.keep(kept + [initial] + steps.map(\.expected))
        initial = names[Int(initial)]
        for place in steps.indices where steps[place].expected > 0 {
            steps[place].detail = names[Int(steps[place].detail)]
        }
        return kept.map { names[Int($0)] }
    }
}
