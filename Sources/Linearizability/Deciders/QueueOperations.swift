/// The operations of a queue by what they do, each kind in order of invocation.
struct QueueOperations {
    /// Operations of one kind.
    struct Group {
        var places: [Int32] = []
        var invoked: [Int32] = []
        /// `never` for those that crashed.
        var returned: [Int32] = []
        var value: [Int32] = []
        /// The first return among the operations from each on; one more than there are operations, the last `never`.
        var firstReturn: [Int32] = []
        var count: Int { places.count }

        /// The operations that can be next of the group before an instant, without those that an equal one goes before.
        /// - Parameters:
        ///   - waiting: operations invoked before `next` that can.
        func candidates(
            waiting: ArraySlice<Int32>, next: Int, before limit: Int32, into found: inout [Int32]
        ) {
            found.removeAll(keepingCapacity: true)
            for number in waiting {
                if let equal = found.firstIndex(where: { value[Int($0)] == value[Int(number)] }) {
                    if returned[Int(number)] < returned[Int(found[equal])] { found[equal] = number }
                } else {
                    found.append(number)
                }
            }
            var number = next
            while number < count, invoked[number] < limit {
                let hasEqual = found.contains {
                    value[Int($0)] == value[number] && returned[Int($0)] < returned[number]
                }
                if !hasEqual { found.append(Int32(number)) }
                number += 1
            }
        }

        fileprivate mutating func append(_ operation: ContainerOperation, _ place: Int32) {
            places.append(place)
            invoked.append(operation.invoked)
            returned.append(operation.returned)
            value.append(operation.element)
        }

        fileprivate mutating func finish() {
            firstReturn = returned + [Timeline.never]
            for number in returned.indices.reversed() {
                firstReturn[number] = min(firstReturn[number], firstReturn[number + 1])
            }
        }
    }

    /// Insertions that returned.
    private(set) var insertions = Group()
    /// Removals that returned with a value.
    private(set) var removals = Group()
    /// Removals that found nothing.
    private(set) var empties = Group()
    /// Removals that crashed.
    private(set) var crashedRemovals = Group()
    /// Insertions that crashed, of values that some removal returned; by value, then in order of invocation.
    private(set) var crashedInsertions = Group()
    /// Numbers of removals that returned with a value, by value; and of each value where its own start, one more than
    /// there are values.
    private var removalsByValue: [Int32] = []
    private var removalStarts: [Int] = []
    /// Where the crashed insertions of each value start, one more than there are values.
    private(set) var crashedStarts: [Int] = []

    /// - Parameters:
    ///   - operations: in any order; events are compared by rank only.
    ///   - valueCount: one more than the largest number of a value.
    init(_ operations: [ContainerOperation], valueCount: Int) {
        var isRemoved = [Bool](repeating: false, count: valueCount)
        for operation in operations where operation.action == .remove && !operation.isCrashed {
            isRemoved[Int(operation.element)] = true
        }
        let isSorted = zip(operations, operations.dropFirst()).allSatisfy { $0.invoked < $1.invoked }
        let order =
            isSorted
            ? Array(operations.indices) : operations.indices.sorted { operations[$0].invoked < operations[$1].invoked }
        var crashed: [Int32] = []
        for place in order {
            let operation = operations[place]
            switch (operation.action, operation.isCrashed) {
            case (.insert, false): insertions.append(operation, Int32(place))
            case (.insert, true):
                // One that only a crashed removal could have taken may as well not have happened, like that removal.
                if isRemoved[Int(operation.element)] { crashed.append(Int32(place)) }
            case (.remove, false): removals.append(operation, Int32(place))
            case (.removeNothing, false): empties.append(operation, Int32(place))
            case (.remove, true): crashedRemovals.append(operation, Int32(place))
            case (.removeNothing, true): break
            }
        }
        insertions.finish()
        removals.finish()
        empties.finish()
        (removalsByValue, removalStarts) = Self.byValue(removals.value, valueCount)
        let (sorted, starts) = Self.byValue(crashed.map { operations[Int($0)].element }, valueCount)
        for number in sorted {
            let place = crashed[Int(number)]
            crashedInsertions.append(operations[Int(place)], place)
        }
        crashedStarts = starts
    }

    /// Numbers sorted by value, keeping their order within one, and where each value starts.
    private static func byValue(_ values: [Int32], _ valueCount: Int) -> (sorted: [Int32], starts: [Int]) {
        var starts = [Int](repeating: 0, count: valueCount + 1)
        for value in values { starts[Int(value) + 1] += 1 }
        for value in 0..<valueCount { starts[value + 1] += starts[value] }
        var next = starts
        var sorted = [Int32](repeating: 0, count: values.count)
        for (number, value) in values.enumerated() {
            sorted[next[Int(value)]] = Int32(number)
            next[Int(value)] += 1
        }
        return (sorted, starts)
    }

    /// How many removals returned with a value, of those from `number` on.
    func removals(of value: Int32, from number: Int32) -> Int {
        let end = removalStarts[Int(value) + 1]
        var low = removalStarts[Int(value)]
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if removalsByValue[middle] < number { low = middle + 1 } else { high = middle }
        }
        return end - low
    }
}
