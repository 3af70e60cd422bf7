/// Containers whose removals can be decided one by one: each needs an instant that is free of certain other elements.
///
/// With `isOrdered`, free of the elements with smaller numbers; otherwise there is no such condition.
enum SingleInstants {
    /// An element has to leave before an empty answer returns that surely came later and, if ordered, before a worse
    /// element does whose removal surely came later.
    static func obligations(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>, isOrdered: Bool
    ) -> [RemovalObligation] {
        var obligations: [RemovalObligation] = []
        // Numbered backwards, so that the worse elements are those below a bound; the empty answers are worst.
        let worst = table.elementCount
        let returns = MinimumTree(count: worst + 1)
        for rank in (0..<table.timeline.count).reversed() {
            let event = table.timeline.events[rank]
            let place = event >> 1
            let operation = operations[Int(place)]
            if operation.action == .removeNothing {
                if event & 1 == 0, !operation.isCrashed {
                    returns.note(table.timeline.returned[place], mark: place, at: 0)
                }
                continue
            }
            let element = operation.element
            guard element >= 0, table.takesPart(Int(element)) else { continue }
            let entry = table.elements[element]
            if isOrdered, entry.removeInvoked == Int32(rank) {
                returns.note(entry.removeReturned, mark: table.removal[element], at: worst - Int(element))
            } else if entry.insertReturned == Int32(rank), table.removal[element] < 0,
                let (value, mark) = returns.least(below: worst - Int(element))
            {
                obligations.append(RemovalObligation(deadline: value, element: element, blocker: mark))
            }
        }
        return obligations
    }

    static func arrange(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>, isOrdered: Bool
    ) -> Decision {
        let empties = EmptyInstants(table)
        if let core = empties.core { return .invalid(core: core) }
        let removedAt = FlatBuffer<Int32>(count: table.elementCount, repeating: Timeline.never)
        let free = FreeInstants(count: isOrdered ? table.timeline.count : 0)
        for element in 0..<table.elementCount where table.takesPart(element) {
            let entry = table.elements[element]
            if table.removal[element] >= 0 {
                let instant = isOrdered ? free.first(from: entry.removeInvoked) : entry.removeInvoked
                // What crashed has until the end of the timeline.
                guard instant < min(entry.removeReturned, Int32(table.timeline.count)) else {
                    let end = min(entry.removeReturned, Int32(table.timeline.count))
                    let cover = table.cover(entry.removeInvoked..<end, below: element) ?? []
                    return .invalid(core: table.operations(of: [Int32(element)] + cover))
                }
                removedAt[element] = instant
            }
            if isOrdered, !entry.isFleeting { free.cover(entry.insertReturned, entry.removeInvoked) }
        }
        return .valid(order: linearize(table, operations, removedAt, empties))
    }

    /// At every instant first the removals, better elements first, then the empty answers, then the insertions.
    private static func linearize(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>,
        _ removedAt: borrowing FlatBuffer<Int32>, _ empties: borrowing EmptyInstants
    ) -> [Int32] {
        let length = table.timeline.count
        let head = FlatBuffer<Int32>(count: length, repeating: -1)
        let following = FlatBuffer<Int32>(count: table.elementCount, repeating: -1)
        for element in (0..<table.elementCount).reversed() where removedAt[element] < Timeline.never {
            following[element] = head[removedAt[element]]
            head[removedAt[element]] = Int32(element)
        }
        var order = OperationOrder(capacity: table.operationCount)
        var nextEmpty = 0
        for instant in 0..<Int32(length) {
            var removed = head[instant]
            while removed >= 0 {
                if table.elements[removed].insertReturned > instant { order.append(table.insertion[removed]) }
                order.append(table.removal[removed])
                removed = following[removed]
            }
            while nextEmpty < table.empties.count, empties.instant[nextEmpty] == instant {
                order.append(table.empties[nextEmpty])
                nextEmpty += 1
            }
            guard instant + 1 < Int32(length) else { break }
            let element = operations[Int(table.timeline.events[instant + 1] >> 1)].element
            guard element >= 0, table.takesPart(Int(element)) else { continue }
            if table.elements[element].insertReturned == instant + 1, removedAt[element] > instant {
                order.append(table.insertion[element])
            }
        }
        return order.finish()
    }
}
