/// Stacks: the element that came last leaves first.
///
/// An element can be put at the bottom of all others that are left if there is an instant within its insertion, and one
/// within its removal, at which no other element is surely inside. Taking such elements away one by one, in any order,
/// leaves nothing if and only if the history is linearizable (Lee, Mathur: Efficient
/// decrease-and-conquer linearizability monitoring, OOPSLA 2025). An instant once free stays free. For the order, each
/// element is inserted at the latest free instant and removed at the earliest when it is taken away; at one instant the
/// elements taken away later are inside those taken away before. An element that may be removed at the instant of its
/// insertion is, and binds nothing.
enum LastInFirstOut: ContainerDiscipline {
    static var alwaysNeedsObligations: Bool { false }

    /// An element has to leave before another does that surely came before it and whose removal is surely invoked
    /// later, and before an empty answer that surely came later.
    static func obligations(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> [RemovalObligation] {
        var obligations: [RemovalObligation] = []
        let returns = MinimumTree(count: table.timeline.count + 1)
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
            if entry.removeInvoked == Int32(rank), !entry.isFleeting {
                returns.note(entry.removeReturned, mark: table.removal[element], at: Int(entry.insertReturned) + 1)
            } else if entry.insertReturned == Int32(rank), table.removal[element] < 0,
                let (value, mark) = returns.least(below: Int(entry.insertInvoked) + 1)
            {
                obligations.append(RemovalObligation(deadline: value, element: element, blocker: mark))
            }
        }
        return obligations
    }

    static func arrange(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Decision {
        let empties = EmptyInstants(table)
        if let core = empties.core { return .invalid(core: core) }
        let peeling = StackPeeling(table, operations)
        if peeling.isComplete { return .valid(order: linearize(table, operations, peeling, empties)) }
        let groups = peeling.contradiction(table).map { table.operations(of: [$0]) }
        let core = CoreReduction.reduce(groups) { places in
            guard case .invalid = ContainerDecider<LastInFirstOut>.decide(only: places, of: operations) else {
                return false
            }
            return true
        }
        return .invalid(core: core)
    }

    /// At every instant first the elements that come and go there, then removals, empty answers and insertions.
    private static func linearize(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>,
        _ peeling: borrowing StackPeeling, _ empties: borrowing EmptyInstants
    ) -> [Int32] {
        let length = table.timeline.count
        let insertions = FlatBuffer<Int32>(count: length, repeating: -1)
        let removals = FlatBuffer<Int32>(count: length, repeating: -1)
        let nextInsertion = FlatBuffer<Int32>(count: table.elementCount, repeating: -1)
        let nextRemoval = FlatBuffer<Int32>(count: table.elementCount, repeating: -1)
        for place in 0..<peeling.count {
            let element = peeling.sequence[place]
            guard table.removal[element] >= 0 else { continue }
            let instant = peeling.removedAt[element]
            nextRemoval[element] = removals[instant]
            removals[instant] = element
        }
        for place in (0..<peeling.count).reversed() {
            let element = peeling.sequence[place]
            let instant = peeling.insertedAt[element]
            nextInsertion[element] = insertions[instant]
            insertions[instant] = element
        }
        var order = OperationOrder(capacity: table.operationCount)
        var nextEmpty = 0
        for instant in 0..<Int32(length) {
            let fleeting = table.element(at: instant, operations)
            if fleeting >= 0, table.takesPart(Int(fleeting)), table.elements[fleeting].removeInvoked == instant,
                table.elements[fleeting].isFleeting
            {
                order.append(table.insertion[fleeting])
                order.append(table.removal[fleeting])
            }
            var element = removals[instant]
            while element >= 0 {
                order.append(table.removal[element])
                element = nextRemoval[element]
            }
            while nextEmpty < table.empties.count, empties.instant[nextEmpty] == instant {
                order.append(table.empties[nextEmpty])
                nextEmpty += 1
            }
            element = insertions[instant]
            while element >= 0 {
                order.append(table.insertion[element])
                element = nextInsertion[element]
            }
        }
        return order.finish()
    }
}
