/// An element that no removal which returned took out, but that must have been taken out: by a removal that crashed.
struct RemovalObligation {
    /// The rank of the return before which it must have happened.
    var deadline: Int32
    var element: Int32
    /// The operation whose return that is.
    var blocker: Int32
}

/// In which order a container gives back its elements.
protocol ContainerDiscipline {
    /// Whether `arrange` relies on `obligations` even where no removal crashed.
    static var alwaysNeedsObligations: Bool { get }
    /// The elements that some crashed removal must have taken out, each with the earliest deadline; in any order.
    static func obligations(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> [RemovalObligation]
    /// Decides the history in which every element has at most one removal.
    static func arrange(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Decision
}

/// Decides histories of a container into which no element is inserted twice, in near-linear time.
///
/// The argument for cores, the same for all disciplines: delete all operations of an element from a linearization and a
/// linearization of the rest remains, as what is left comes out in the same order and a container found empty stays so.
/// Removals that crashed may always be left undone. So a few elements that contradict each other are a core, if the
/// crashed removals that could help them belong to it.
///
/// A removal that crashed and can have taken out one element only takes that one out, if it must. The other removals
/// that crashed are given to the elements that need them: the earliest to the one with the earliest deadline. As a
/// crashed removal never ends, whatever the later one of two can do, the earlier one can; so no other choice meets more
/// deadlines (Hall's condition for nested neighbourhoods). Where the choice matters beyond deadlines and this one leads
/// to a contradiction, a few others are tried, with the elements in the way removed before what they contradict. If none
/// is found to be right, the history is left undecided.
enum ContainerDecider<Discipline: ContainerDiscipline> {
    /// - Parameter elementCount: one more than the largest number of an element.
    static func decide(_ operations: [ContainerOperation], elementCount: Int) -> Decision {
        operations.withUnsafeBufferPointer { decide($0, elementCount: elementCount) }
    }

    private static func decide(
        _ operations: UnsafeBufferPointer<ContainerOperation>, elementCount: Int
    ) -> Decision {
        var table = ContainerTable(operations, elementCount: elementCount)
        if let decision = table.decision { return decision }
        var obligations: [RemovalObligation] = []
        if table.unremovedCount > 0,
            Discipline.alwaysNeedsObligations || operations.contains(where: { $0.isCrashed && $0.action == .remove })
        {
            obligations = Discipline.obligations(table, operations)
            if let core = meet(&obligations, &table, operations) {
                if !table.crashedRemovals.isEmpty, case .invalid(let core) = decideRemoved(operations, table) {
                    return .invalid(core: core)
                }
                return .invalid(core: core)
            }
        }
        var attempts = 8
        while true {
            let decision = Discipline.arrange(table, operations)
            guard case .invalid(let core) = decision, !isSure(core, table, operations) else { return decision }
            attempts -= 1
            guard attempts > 0, tighten(&obligations, core, table, operations) else { break }
            table = ContainerTable(operations, elementCount: elementCount)
            guard meet(&obligations, &table, operations) == nil else { break }
        }
        return decideRemoved(operations, table)
    }

    /// Whether no crashed removal could help the operations of a core.
    private static func isSure(
        _ core: [Int32], _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Bool {
        core.allSatisfy { place in
            let operation = operations[Int(place)]
            if operation.element < 0 { return operation.action == .removeNothing }
            return table.isSurelyRemoved(Int(operation.element))
                || table.crashedRemovals.isEmpty && table.ownRemoval[operation.element] < 0
        }
    }

    /// Wants the elements of a core that stay or leave late to have left before the next return of it that can see
    /// them; false if there is nothing new to want. A guess: what follows from it may only be taken for valid, not for
    /// invalid.
    private static func tighten(
        _ obligations: inout [RemovalObligation], _ core: [Int32], _ table: borrowing ContainerTable,
        _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Bool {
        var places: [Int32: Int] = [:]
        for (place, obligation) in obligations.enumerated() { places[obligation.element] = place }
        var isTighter = false
        for place in core where operations[Int(place)].action == .insert {
            let element = operations[Int(place)].element
            guard !table.isSurelyRemoved(Int(element)) else { continue }
            let start = table.elements[element].insertReturned
            var deadline = Timeline.never
            var blocker: Int32 = -1
            for other in core where operations[Int(other)].action != .insert && !operations[Int(other)].isCrashed {
                let returned = table.timeline.returned[other]
                if returned > start, returned < deadline {
                    deadline = returned
                    blocker = other
                }
            }
            guard blocker >= 0 else { continue }
            let obligation = RemovalObligation(deadline: deadline, element: element, blocker: blocker)
            if let place = places[element] {
                guard deadline < obligations[place].deadline else { continue }
                obligations[place] = obligation
            } else {
                obligations.append(obligation)
            }
            isTighter = true
        }
        return isTighter
    }

    /// Gives crashed removals to obligations, which it sorts; returns a core if there are too few.
    private static func meet(
        _ obligations: inout [RemovalObligation], _ table: inout ContainerTable,
        _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> [Int32]? {
        obligations.sort { ($0.deadline, $0.element) < ($1.deadline, $1.element) }
        let crashed = table.crashedRemovals
        var taking: [RemovalObligation] = []
        for obligation in obligations
        where !table.assumeOwn(removes: obligation.element, before: obligation.deadline) {
            let used = taking.count
            taking.append(obligation)
            guard used < crashed.count, table.timeline.invoked[crashed[used]] < obligation.deadline else {
                var core = Set(crashed.prefix(used))
                for obligation in taking {
                    core.insert(table.insertion[obligation.element])
                    core.insert(obligation.blocker)
                    let element = operations[Int(obligation.blocker)].element
                    if element >= 0 { core.insert(table.insertion[element]) }
                }
                return core.sorted()
            }
            table.assumeNextCrashed(removes: obligation.element)
        }
        return nil
    }

    /// Decides the history of what was surely removed alone: if that is invalid, so is the whole.
    private static func decideRemoved(
        _ operations: UnsafeBufferPointer<ContainerOperation>, _ table: borrowing ContainerTable
    ) -> Decision {
        var places: [Int32] = []
        for place in operations.indices {
            let operation = operations[place]
            let stays =
                operation.element >= 0
                ? table.isSurelyRemoved(Int(operation.element))
                : operation.action == .removeNothing && !operation.isCrashed
            if stays { places.append(Int32(place)) }
        }
        return decide(only: places, of: operations)
    }

    /// Decides the history of some operations alone, given by their places in rising order; of a valid one no order is
    /// told, but `undecided`.
    static func decide(only places: [Int32], of operations: UnsafeBufferPointer<ContainerOperation>) -> Decision {
        // Numbered anew, as the numbers of a few elements may be large; their order stays.
        var numbers: [Int32: Int32] = [:]
        for element in Set(places.map { operations[Int($0)].element }).sorted() where element >= 0 {
            numbers[element] = Int32(numbers.count)
        }
        let chosen = places.map { place in
            var operation = operations[Int(place)]
            operation.element = numbers[operation.element] ?? -1
            return operation
        }
        guard case .invalid(let core) = decide(chosen, elementCount: numbers.count) else { return .undecided }
        return .invalid(core: core.map { places[Int($0)] })
    }
}
