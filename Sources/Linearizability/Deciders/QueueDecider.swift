/// Decides histories of a first-in-first-out queue in which values may repeat.
///
/// What is left of a linearization without all operations of some values is a linearization of the rest: the others
/// come out in the same order, and a queue found empty stays so. Crashed removals that took them are left undone. So a
/// history is refuted by what a few values alone do, and where very many operations overlap or crashed that is much
/// quicker found than by a search through all values.
enum QueueDecider {
    /// Steps of a first search, before a refutation by a few values is tried.
    private static var patience: Int { 300_000 }
    /// Steps of a search through a few values, and how many such choices are tried.
    private static var brief: Int { 60_000 }
    private static var choices: Int { 256 }

    /// - Parameters:
    ///   - elementCount: one more than the largest number of a value.
    /// - Returns: `undecided` when the budget did not suffice.
    static func decide(_ operations: [ContainerOperation], elementCount: Int, within budget: Budget) -> Decision {
        let read = QueueOperations(operations, valueCount: elementCount)
        var search = QueueSearch(read, limit: 2 * operations.count + patience, within: budget)
        switch search.run() {
        case true?: return .valid(order: search.order())
        case false?: return .invalid(core: reduced(operations, stuck: search.stuck, within: budget))
        case nil: break
        }
        let half = budget.limited(to: (budget.deadline &- Budget.now()) / 2)
        if let core = refute(operations, elementCount, stuck: search.stuck, within: half) {
            return .invalid(core: core)
        }
        search = QueueSearch(read, limit: .max, within: budget)
        switch search.run() {
        case true?: return .valid(order: search.order())
        case false?: return .invalid(core: operations.indices.map { Int32($0) })
        case nil: return .undecided
        }
    }

    /// Places of operations of one value, or of two, that contradict each other; nil where none were found.
    private static func refute(
        _ operations: [ContainerOperation], _ elementCount: Int, stuck: Set<Int32>, within budget: Budget
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
                    if isInvalid(chosen, operations, within: budget) { return chosen }
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
        return CoreReduction.reduce(
            (empties.isEmpty ? [] : [empties]) + values.compactMap { groups[$0] }, always: always,
            effort: 8 * operations.count
        ) { isInvalid($0, operations, within: budget) }
    }

    /// The operations of some values, and those of none.
    private static func places(_ values: Set<Int32>, _ operations: [ContainerOperation]) -> [Int32] {
        operations.indices.lazy.filter { operations[$0].element < 0 || values.contains(operations[$0].element) }
            .map { Int32($0) }
    }

    /// Whether a brief search finds that there is no order of the operations at `places`, which ascend.
    private static func isInvalid(
        _ places: [Int32], _ operations: [ContainerOperation], within budget: Budget
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
            QueueOperations(chosen, valueCount: numbers.count), limit: 2 * places.count + brief, within: budget)
        return search.run() == false
    }
}
