/// Queues: elements leave in the order in which they came.
///
/// Two elements contradict each other if one surely came first and the other surely left first; a history without empty
/// answers is linearizable unless some two do (Henzinger, Sezgin, Vafeiadis: Aspect-oriented linearizability proofs,
/// CONCUR 2013). The order is found alongside: of the elements that are left, either the one whose insertion returned
/// first or the one whose removal returned first has to be preceded by no other, unless just these two contradict each
/// other. An empty answer needs an instant at which no element is surely inside. Such instants cut the history into
/// pieces; an element belongs to the piece in which its removal is invoked, and no element of a piece has to precede
/// one of an earlier piece.
enum FirstInFirstOut: ContainerDiscipline {
    static var alwaysNeedsObligations: Bool { true }

    /// An element has to leave before one that surely came later does, and before an empty answer that surely came
    /// later.
    static func obligations(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> [RemovalObligation] {
        var obligations: [RemovalObligation] = []
        var deadline = Timeline.never
        var blocker: Int32 = -1
        var rank = table.timeline.count
        var left = table.unremovedCount
        while rank > 0, left > 0 {
            rank -= 1
            let event = table.timeline.events[rank]
            let operation = operations[Int(event >> 1)]
            if event & 1 == 0 {
                if operation.action == .insert {
                    let returned = table.elements[operation.element].removeReturned
                    if table.takesPart(Int(operation.element)), returned < deadline {
                        deadline = returned
                        blocker = table.removal[operation.element]
                    }
                } else if operation.action == .removeNothing, !operation.isCrashed {
                    let returned = table.timeline.returned[event >> 1]
                    if returned < deadline {
                        deadline = returned
                        blocker = event >> 1
                    }
                }
            } else if operation.action == .insert, table.removal[operation.element] < 0 {
                left -= 1
                guard blocker >= 0 else { continue }
                obligations.append(
                    RemovalObligation(deadline: deadline, element: operation.element, blocker: blocker))
            }
        }
        return obligations
    }

    static func arrange(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Decision {
        let cuts = EmptyInstants(table)
        if let core = cuts.core { return .invalid(core: core) }
        let arrivals = FlatBuffer<Int32>(count: table.elementCount, repeating: -1)
        let departures = FlatBuffer<Int32>(count: table.elementCount, repeating: -1)
        var arrivalCount = 0
        var departureCount = 0
        for rank in 0..<table.timeline.count {
            let event = table.timeline.events[rank]
            let element = operations[Int(event >> 1)].element
            guard event & 1 == 1, element >= 0 else { continue }
            // What takes no part has no such rank.
            if table.elements[element].insertReturned == Int32(rank) {
                arrivals[arrivalCount] = element
                arrivalCount += 1
            }
            if table.elements[element].removeReturned == Int32(rank) {
                departures[departureCount] = element
                departureCount += 1
            }
        }
        for place in 0..<arrivalCount where table.elements[arrivals[place]].removeReturned == ContainerTable.late {
            departures[departureCount] = arrivals[place]
            departureCount += 1
        }
        if !cuts.instants.isEmpty {
            cuts.groupByPiece(arrivals, count: arrivalCount, table)
            cuts.groupByPiece(departures, count: departureCount, table)
        }
        let sequence = FlatBuffer<Int32>(count: arrivalCount, repeating: -1)
        if let core = order(
            arrivals, arrivalCount, departures, departureCount, into: sequence, table)
        {
            return core.isEmpty ? .undecided : .invalid(core: core)
        }
        return .valid(order: linearize(sequence, table, cuts))
    }

    /// Puts the elements in the order of the queue; returns a core if two of them contradict each other.
    private static func order(
        _ arrivals: borrowing FlatBuffer<Int32>, _ arrivalCount: Int, _ departures: borrowing FlatBuffer<Int32>,
        _ departureCount: Int, into sequence: borrowing FlatBuffer<Int32>, _ table: borrowing ContainerTable
    ) -> [Int32]? {
        let isPlaced = FlatBuffer<Bool>(count: table.elementCount, repeating: false)
        var placed = 0
        var arrival = 0
        var departure = 0
        while placed < arrivalCount {
            while isPlaced[arrivals[arrival]] { arrival += 1 }
            while departure < departureCount, isPlaced[departures[departure]] { departure += 1 }
            var chosen = arrivals[arrival]
            if departure < departureCount {
                let first = chosen
                let leaving = departures[departure]
                // Both are of the first piece that has elements left: only the last one has elements that stay.
                if table.elements[first].removeInvoked > table.elements[leaving].removeReturned {
                    chosen = leaving
                    if table.elements[leaving].insertInvoked > table.elements[first].insertReturned {
                        // Elements that were not surely removed cannot get here: their deadlines were met.
                        let isSure = table.isSurelyRemoved(Int(first)) && table.isSurelyRemoved(Int(leaving))
                        return isSure ? table.operations(of: [first, leaving]) : []
                    }
                }
            }
            isPlaced[chosen] = true
            sequence[placed] = chosen
            placed += 1
        }
        return nil
    }

    /// Every operation as early as the order of the queue lets it.
    private static func linearize(
        _ sequence: borrowing FlatBuffer<Int32>, _ table: borrowing ContainerTable, _ cuts: borrowing EmptyInstants
    ) -> [Int32] {
        var order = OperationOrder(capacity: table.operationCount)
        var inserted = 0
        var removed = 0
        var nextEmpty = 0
        for piece in 0...cuts.instants.count {
            var end = inserted
            if piece == cuts.instants.count {
                end = sequence.count
            } else {
                while end < sequence.count, table.elements[sequence[end]].removeInvoked <= cuts.instants[piece] {
                    end += 1
                }
            }
            var insertTime: Int32 = inserted < end ? table.elements[sequence[inserted]].insertInvoked : 0
            var removeTime: Int32 = removed < end ? table.elements[sequence[removed]].removeInvoked : 0
            while inserted < end || removed < end {
                if inserted < end, insertTime <= removeTime {
                    order.append(table.insertion[sequence[inserted]])
                    inserted += 1
                    if inserted < end { insertTime = max(insertTime, table.elements[sequence[inserted]].insertInvoked) }
                } else {
                    if table.removal[sequence[removed]] >= 0 { order.append(table.removal[sequence[removed]]) }
                    removed += 1
                    if removed < end { removeTime = max(removeTime, table.elements[sequence[removed]].removeInvoked) }
                }
            }
            while nextEmpty < table.empties.count, piece < cuts.instants.count,
                cuts.instant[nextEmpty] == cuts.instants[piece]
            {
                order.append(table.empties[nextEmpty])
                nextEmpty += 1
            }
        }
        return order.finish()
    }
}
