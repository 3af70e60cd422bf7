/// Decides histories of a first-in-first-out queue in which values may repeat.
///
/// What is left of a linearization without all operations of some values is a linearization of the rest: the others
/// come out in the same order, and a queue found empty stays so. Crashed removals that took them are left undone. So a
/// history is refuted by what a few values alone do, and where very many operations overlap or crashed that is much
/// quicker found than by a search through all values. In the same way what was over at an instant at which the queue
/// was surely empty can be left out.
enum QueueDecider {
    /// Steps of a first search, beside two for each operation, and how many times as many each further one may take.
    private static var patience: Int { 200_000 }
    private static var growth: Int { 8 }
    /// Steps of a search that makes a core smaller.
    private static var brief: Int { 50_000 }
    /// How many choices of few values are tried at a time.
    private static var choices: Int { 256 }

    /// - Parameter elementCount: one more than the largest number of a value.
    /// - Returns: `undecided` when the budget did not suffice.
    static func decide(_ operations: [ContainerOperation], elementCount: Int, within budget: Budget) -> Decision {
        guard operations.contains(where: { $0.action == .remove && $0.isCrashed && $0.element >= 0 }) else {
            return search(operations, elementCount: elementCount, within: budget)
        }
        // Values of which nothing must have happened are left out. Other removals that crashed but can have taken out
        // one value only are taken for such that can take out any.
        var isNeeded = [Bool](repeating: false, count: elementCount)
        for operation in operations where operation.element >= 0 && !operation.isCrashed {
            isNeeded[Int(operation.element)] = true
        }
        let places = operations.indices.filter { operations[$0].element < 0 || isNeeded[Int(operations[$0].element)] }
        let relaxed = places.map { place in
            var operation = operations[place]
            if operation.action == .remove, operation.isCrashed { operation.element = -1 }
            return operation
        }
        switch search(relaxed, elementCount: elementCount, within: budget) {
        case .invalid(let core): return .invalid(core: core.map { Int32(places[Int($0)]) })
        case .valid(let order):
            let order = order.map { Int32(places[Int($0)]) }
            return replays(order, operations) ? .valid(order: order) : .undecided
        case .undecided: return .undecided
        }
    }

    /// Whether each removal that can have taken out one value only does so in an order.
    private static func replays(_ order: [Int32], _ operations: [ContainerOperation]) -> Bool {
        var inside: [Int32] = []
        var first = 0
        for place in order {
            let operation = operations[Int(place)]
            switch operation.action {
            case .insert: inside.append(operation.element)
            case .removeNothing: break
            case .remove:
                guard first < inside.count else { return false }
                if operation.element >= 0, inside[first] != operation.element { return false }
                first += 1
            }
        }
        return true
    }

    /// The same where any removal that crashed can have taken out any value.
    private static func search(_ operations: [ContainerOperation], elementCount: Int, within budget: Budget) -> Decision
    {
        let read = QueueOperations(operations, valueCount: elementCount)
        var limit = patience
        while true {
            var search = QueueSearch(read, limit: 2 * operations.count + limit, within: budget)
            switch search.run() {
            case true?: return .valid(order: search.order())
            case false?: return .invalid(core: reduced(operations, stuck: search.stuck, within: budget))
            case nil: break
            }
            if search.isOutOfBudget { return .undecided }
            let core = refute(operations, elementCount, stuck: search.stuck, limit: limit / growth, within: budget)
            if let core { return .invalid(core: core) }
            limit *= growth
        }
    }

    /// Places of operations of one value, or of two, that contradict each other; nil where none were found.
    private static func refute(
        _ operations: [ContainerOperation], _ elementCount: Int, stuck: Set<Int32>, limit: Int, within budget: Budget
    ) -> [Int32]? {
        var values = stuck.sorted()
        if values.count < 16 {
            values += (0..<Int32(elementCount)).lazy.filter { !stuck.contains($0) }.prefix(16 - values.count)
        }
        var tried = 0
        for width in [1, 2] {
            for (number, value) in values.enumerated() {
                for other in width == 1 ? [value] : Array(values[..<number]) {
                    tried += 1
                    if tried > choices || budget.timeIsUp { return nil }
                    let chosen = places([value, other], operations)
                    if isInvalid(chosen, operations, limit: limit, within: budget) {
                        return afterLastCut(chosen, operations, within: budget)
                    }
                }
            }
        }
        return nil
    }

    /// The operations of an impossible history without those of values that it is impossible without.
    private static func reduced(
        _ operations: [ContainerOperation], stuck: Set<Int32>, within budget: Budget
    ) -> [Int32] {
        var groups: [Int32: [Int32]] = [:]
        var always: [Int32] = []
        var empties: [Int32] = []
        for (place, operation) in operations.enumerated() {
            if operation.element >= 0 {
                groups[operation.element, default: []].append(Int32(place))
            } else if operation.action == .remove {
                always.append(Int32(place))
            } else {
                empties.append(Int32(place))
            }
        }
        // Those that the search got stuck at are the last to be left out.
        let values = groups.keys.sorted {
            (stuck.contains($0) ? 1 : 0, $0) < (stuck.contains($1) ? 1 : 0, $1)
        }
        let core = CoreReduction.reduce(
            (empties.isEmpty ? [] : [empties]) + values.compactMap { groups[$0] }, always: always,
            effort: 8 * operations.count
        ) { isInvalid($0, operations, within: budget) }
        return afterLastCut(core, operations, within: budget)
    }

    /// The operations of an impossible history after the last instant at which the queue was surely empty and from
    /// which on they are impossible alone.
    private static func afterLastCut(
        _ places: [Int32], _ operations: [ContainerOperation], within budget: Budget
    ) -> [Int32] {
        let cuts = places.map { operations[Int($0)] }.withUnsafeBufferPointer { Self.cuts($0) }
        func rest(after cut: Int) -> [Int32] { places.filter { operations[Int($0)].invoked > cuts[cut] } }
        // What is impossible after a later cut is so after an earlier one.
        var low = -1
        var high = cuts.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if isInvalid(rest(after: middle), operations, within: budget) { low = middle } else { high = middle }
        }
        return low < 0 ? places : rest(after: low)
    }

    /// The returns after which no operation is open, none that was invoked has crashed, and as many elements came as
    /// went.
    private static func cuts(_ operations: UnsafeBufferPointer<ContainerOperation>) -> [Int32] {
        let timeline = Timeline(operations)
        var cuts: [Int32] = []
        var open = 0
        var inside = 0
        for rank in 0..<timeline.count {
            let event = timeline.events[rank]
            let operation = operations[Int(event >> 1)]
            if operation.isCrashed { break }
            if event & 1 == 0 {
                open += 1
                continue
            }
            open -= 1
            switch operation.action {
            case .insert: inside += 1
            case .remove: inside -= 1
            case .removeNothing: break
            }
            if open == 0, inside == 0 { cuts.append(operation.returned) }
        }
        return cuts
    }

    /// The operations of some values, and those of none.
    private static func places(_ values: Set<Int32>, _ operations: [ContainerOperation]) -> [Int32] {
        operations.indices.lazy.filter { operations[$0].element < 0 || values.contains(operations[$0].element) }
            .map { Int32($0) }
    }

    /// Whether a brief search finds that there is no order of the operations at `places`, which ascend.
    private static func isInvalid(
        _ places: [Int32], _ operations: [ContainerOperation], limit: Int = brief, within budget: Budget
    ) -> Bool {
        var numbers: [Int32: Int32] = [:]
        let chosen = places.map { place in
            var operation = operations[Int(place)]
            if operation.element >= 0 {
                let number = numbers[operation.element] ?? Int32(numbers.count)
                numbers[operation.element] = number
                operation.element = number
            }
            return operation
        }
        var search = QueueSearch(
            QueueOperations(chosen, valueCount: numbers.count), limit: 2 * places.count + limit, within: budget)
        return search.run() == false
    }
}
