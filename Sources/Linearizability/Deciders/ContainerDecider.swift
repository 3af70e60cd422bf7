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
/// Removals that crashed are given to the elements that need them: the earliest to the one with the earliest deadline.
/// As a crashed removal never ends, whatever the later one of two can do, the earlier one can; so no other choice meets
/// more deadlines (Hall's condition for nested neighbourhoods). Where the choice matters beyond deadlines and this one
/// leads to a contradiction, the history is left undecided.
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
        if table.hasUnremoved, Discipline.alwaysNeedsObligations || !table.crashedRemovals.isEmpty {
            var obligations = Discipline.obligations(table, operations)
            obligations.sort { ($0.deadline, $0.element) < ($1.deadline, $1.element) }
            if let core = meet(obligations, &table, operations) {
                if !table.crashedRemovals.isEmpty, case .invalid(let core) = decideRemoved(operations, table) {
                    return .invalid(core: core)
                }
                return .invalid(core: core)
            }
        }
        let decision = Discipline.arrange(table, operations)
        guard case .invalid(let core) = decision, !table.crashedRemovals.isEmpty else { return decision }
        let isSure = core.allSatisfy {
            operations[Int($0)].element < 0
                ? operations[Int($0)].action == .removeNothing : table.isSurelyRemoved(Int(operations[Int($0)].element))
        }
        return isSure ? decision : decideRemoved(operations, table)
    }

    /// Gives crashed removals to obligations; returns a core if there are too few.
    private static func meet(
        _ obligations: [RemovalObligation], _ table: inout ContainerTable,
        _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> [Int32]? {
        for (place, obligation) in obligations.enumerated() {
            let crashed = table.crashedRemovals
            guard place < crashed.count, table.timeline.invoked[crashed[place]] < obligation.deadline else {
                var core = Set(crashed.prefix(place))
                for obligation in obligations.prefix(place + 1) {
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
