import PolygraphHistory
import PolygraphModels

/// Decides the operations of a key by the decider of their model's family, where there is one.
struct FamilyDecision<M: Model> {
    let model: M
    let columns: EventColumns
    /// The operations; those whose return is `never` may have taken effect or not.
    let operations: [PartitionOperation]
    let scratch: RegisterZones.Scratch
    /// What a decider that searches may use.
    let budget: Budget

    /// `undecided` where the family has no decider or the operations are not what it can handle.
    func decide() -> Decision {
        switch model.family {
        case .fifoQueue:
            container(FirstInFirstOut.self, queue) {
                QueueDecider.decide($0, elementCount: $1, within: budget)
            }
        case .unorderedQueue: container(AnyOrder.self, queue)
        case .stack:
            container(LastInFirstOut.self, stack) { StackSearch.decide($0, elementCount: $1, within: budget) }
        case .priorityQueue: container(BestFirst.self, priorityQueue, inOrder: true)
        case .set: element()
        case .mutex: mutex()
        case .semaphore: semaphore()
        case .counter: counter()
        case .fetchAndAdd: fetchAndAdd()
        case .growOnlySet: growOnlySet()
        case .ownerMutex: ownerMutex()
        case .fencedMutex: fencedMutex()
        case .uniqueIDs: uniqueIDs()
        case .leader: leaders()
        case .general, .register: .undecided
        }
    }

    // MARK: - Reading

    /// What a function of a container does; nil for one that it does not have.
    private typealias Role = ContainerOperation.Action?

    private func queue(_ name: String) -> Role {
        switch QueueFunction(name) {
        case .enqueue: .insert
        case .dequeue: .remove
        case nil: nil
        }
    }

    private func stack(_ name: String) -> Role {
        switch StackFunction(name) {
        case .push: .insert
        case .pop: .remove
        case nil: nil
        }
    }

    private func priorityQueue(_ name: String) -> Role {
        switch PriorityQueueFunction(name) {
        case .insert: .insert
        case .poll: .remove
        case nil: nil
        }
    }

    /// The id of what the operation carries, and that of its answer; -1 without one.
    private func ids(_ operation: PartitionOperation) -> (input: Int32, output: Int32) {
        let input = columns.valueIDs[Int(operation.invoked)]
        return (input, operation.isMandatory ? columns.valueIDs[Int(operation.returned)] : -1)
    }

    /// What an operation answered though it counts as one that may not have taken effect: then it did with this answer.
    private func answer(_ operation: PartitionOperation) -> Int32 {
        let completion = Int(columns.partner[Int(operation.invoked)])
        return completion >= 0 && columns.kinds[completion] == .ok ? columns.valueIDs[completion] : -1
    }

    private func function(_ operation: PartitionOperation) -> Int {
        Int(columns.functions[Int(operation.invoked)])
    }

    private func lockFunctions() -> [LockFunction?] { columns.functionNames.map { LockFunction($0) } }

    private var isEmptyAtFirst: Bool {
        switch model.initial {
        case let list as [Value]: list.isEmpty
        case let list as ArraySlice<Value>: list.isEmpty
        case let list as [Int64]: list.isEmpty
        case let set as Set<Value>: set.isEmpty
        case let table as [Value: Value]: table.isEmpty
        case let queue as UnorderedQueue.State: queue.isEmpty
        default: false
        }
    }

    /// The decision about the operations at `places` as one about all.
    func renamed(_ decision: Decision, _ places: [Int32]) -> Decision {
        switch decision {
        case .valid(let order): .valid(order: order.map { places[Int($0)] })
        case .invalid(let core): .invalid(core: core.map { places[Int($0)] })
        case .undecided: .undecided
        }
    }

    // MARK: - Containers

    /// - Parameter search: decides what the decider cannot, with the number of elements.
    private func container<Discipline: ContainerDiscipline>(
        _ discipline: Discipline.Type, _ roleOf: (String) -> Role, inOrder: Bool = false,
        search: ([ContainerOperation], Int) -> Decision = { _, _ in .undecided }
    ) -> Decision {
        guard isEmptyAtFirst else { return .undecided }
        let roles = columns.functionNames.map(roleOf)
        scratch.start(columns.values.count)
        var count: Int32 = 0
        var values: [Int32] = []
        func element(_ id: Int32) -> Int32 {
            let number = scratch.cluster(of: id, next: count)
            if number == count {
                count += 1
                if inOrder { values.append(id) }
            }
            return number
        }
        var read: [ContainerOperation] = []
        var places: [Int32] = []
        read.reserveCapacity(operations.count)
        places.reserveCapacity(operations.count)
        for (place, operation) in operations.enumerated() {
            guard let role = roles[function(operation)] else { return .undecided }
            let input = ids(operation).input
            let output = role == .remove ? answer(operation) : -1
            // Nobody has to have found nothing.
            if output == ValueTable.null, !operation.isMandatory { continue }
            var entry = ContainerOperation(
                invoked: operation.invoked, returned: operation.returned, action: role, element: -1)
            if role == .insert {
                if input == ValueTable.null { return .undecided }
                entry.element = element(input)
            } else if output == ValueTable.null {
                entry.action = .removeNothing
            } else if output >= 0 {
                entry.element = element(output)
            }
            read.append(entry)
            places.append(Int32(place))
        }
        if inOrder {
            // The number of an element is its rank.
            var ranked: [(priority: Int64, number: Int32)] = []
            for (number, id) in values.enumerated() {
                guard let priority = columns.values[id].integerValue else { return .undecided }
                ranked.append((priority, Int32(number)))
            }
            ranked.sort { $0.priority < $1.priority }
            var ranks = [Int32](repeating: 0, count: ranked.count)
            for (rank, entry) in ranked.enumerated() { ranks[Int(entry.number)] = Int32(rank) }
            for place in read.indices where read[place].element >= 0 {
                read[place].element = ranks[Int(read[place].element)]
            }
        }
        var decision = ContainerDecider<Discipline>.decide(read, elementCount: Int(count))
        if decision == .undecided { decision = search(read, Int(count)) }
        return renamed(decision, places)
    }

    // MARK: - Counts

    /// One element of a set, whose additions and removals tell whether they changed anything.
    private func element() -> Decision {
        guard let initial = model.initial as? Set<Value> else { return .undecided }
        let functions = columns.functionNames.map { SetFunction($0) }
        let yes = columns.values.id(of: true)
        let no = columns.values.id(of: false)
        var read: [CountedOperation] = []
        var places: [Int32] = []
        var subject: Int32 = -1
        for (place, operation) in operations.enumerated() {
            let (input, output) = ids(operation)
            if subject < 0 { subject = input }
            guard let function = functions[function(operation)], function != .read, input == subject else {
                return .undecided
            }
            if !operation.isMandatory && function == .contains { continue }
            // An answer that only repeats the element tells nothing.
            if operation.isMandatory && (output != yes && output != no || output == input) { return .undecided }
            var entry = CountedOperation(
                invoked: operation.invoked, returned: operation.returned, role: .observe,
                view: output == yes ? 1 : 0)
            if function != .contains {
                if !operation.isMandatory || output == yes {
                    entry.role = function == .add ? .rise : .fall
                } else {
                    entry.view = function == .add ? 1 : 0
                }
            }
            read.append(entry)
            places.append(Int32(place))
        }
        guard subject >= 0 else { return .undecided }
        let isThere = initial.contains(columns.values[subject])
        return renamed(BooleanDecider.decide(read, isSetInitially: isThere), places)
    }

    private func mutex() -> Decision {
        guard let isHeld = model.initial as? Bool, let read = transitions() else { return .undecided }
        return BooleanDecider.decide(read, isSetInitially: isHeld)
    }

    private func semaphore() -> Decision {
        guard let semaphore = model as? CountingSemaphore, semaphore.initial == semaphore.permits,
            let read = transitions()
        else { return .undecided }
        return SemaphoreDecider.decide(read, permits: Int(semaphore.permits))
    }

    /// Acquisitions as rises and releases as falls, of one permit each.
    private func transitions() -> [CountedOperation]? {
        let functions = lockFunctions()
        let one = columns.values.id(of: 1)
        var read: [CountedOperation] = []
        for operation in operations {
            guard let function = functions[function(operation)] else { return nil }
            let input = ids(operation).input
            if model.family == .semaphore && input != ValueTable.null && input != one { return nil }
            read.append(
                CountedOperation(
                    invoked: operation.invoked, returned: operation.returned,
                    role: function == .acquire ? .rise : .fall))
        }
        return read
    }

    private func counter() -> Decision {
        guard let first = model.initial as? Int64, let initial = Int32(exactly: first), initial >= 0 else {
            return .undecided
        }
        let one = columns.values.id(of: 1) ?? -1
        var read: [CountedOperation] = []
        var places: [Int32] = []
        for (place, operation) in operations.enumerated() {
            let (input, output) = ids(operation)
            var entry = CountedOperation(
                invoked: operation.invoked, returned: operation.returned, role: .rise)
            switch columns.functionNames[function(operation)] {
            case "add" where input == one, "increment" where input == one || input == ValueTable.null: break
            case "read":
                if !operation.isMandatory { continue }
                guard let seen = columns.values[output].integerValue, let view = Int32(exactly: seen), view >= 0
                else { return .undecided }
                entry.role = .observe
                entry.view = view
            default: return .undecided
            }
            read.append(entry)
            places.append(Int32(place))
        }
        return renamed(CounterDecider.decide(read, initial: initial), places)
    }

    private func fetchAndAdd() -> Decision {
        guard let initial = model.initial as? Int64 else { return .undecided }
        var read: [FetchAndAddOperation] = []
        var places: [Int32] = []
        for (place, operation) in operations.enumerated() {
            let (input, output) = ids(operation)
            let isRead = columns.functionNames[function(operation)] == "read"
            if isRead && !operation.isMandatory { continue }
            guard let amount = isRead ? 0 : columns.values[input].integerValue else { return .undecided }
            guard let prior = operation.isMandatory ? columns.values[output].integerValue : 0 else {
                return .undecided
            }
            read.append(
                FetchAndAddOperation(
                    invoked: operation.invoked, returned: operation.returned, amount: amount, prior: prior))
            places.append(Int32(place))
        }
        return renamed(FetchAndAddDecider.decide(read, initial: initial), places)
    }
}
