import PolygraphModels

/// The frontier search over the operations of one key, whole or with some of its obligations dropped.
struct KeySearch<M: Model> {
    let model: M
    let operations: [PartitionOperation]
    private let table: LabelTable

    init(_ operations: [PartitionOperation], model: M) {
        self.model = model
        self.operations = operations
        table = LabelTable(operations, model: model)
    }

    struct Result {
        enum Answer {
            /// Places of the operations in a valid order; nil when the search could not turn its steps into one.
            case valid(order: [Int32]?)
            /// No order exists up to the return of the operation at `place`; its completion has rank `rank`.
            case invalid(place: Int, rank: Int32)
            /// The budget ran out before the event of rank `rank`; `done` of `events` were behind.
            case exhausted(Exhaustion, done: Int, events: Int, rank: Int32)
        }
        var answer: Answer
        /// Configurations that were expanded or kept.
        var visited: Int
        var largestFrontier: Int
    }

    /// Decides the whole partition.
    func decide(within budget: Budget) -> Result {
        search(
            operations.indices.map {
                SearchOperation(
                    invoked: operations[$0].invoked, returned: operations[$0].returned, label: table.labels[$0],
                    source: Int32($0))
            }, budget)
    }

    /// Decides the partition up to the event of rank `rank` when only the operations at `required` are known to have
    /// taken effect: of the others, mutators may have, and observers say nothing.
    ///
    /// Each of these changes takes an obligation away, so that a valid order of the partition stays valid: if this is
    /// invalid, so is the partition.
    func decide(upTo rank: Int32, required: Set<Int>, within budget: Budget) -> Result {
        var part: [SearchOperation] = []
        for (place, operation) in operations.enumerated() where operation.invoked <= rank {
            let keeps = operation.returned <= rank && required.contains(place)
            if !keeps && table.isObserver[Int(table.labels[place])] { continue }
            part.append(
                SearchOperation(
                    invoked: operation.invoked, returned: keeps ? operation.returned : PartitionOperation.never,
                    label: table.labels[place], source: Int32(place)))
        }
        return search(part, budget)
    }

    private func search(_ part: [SearchOperation], _ budget: Budget) -> Result {
        let schedule = Schedule(part, table: table)
        return table.isShaped
            ? search(schedule, ShapedTransitions(table), budget)
            : search(schedule, RememberedTransitions(table, model: model), budget)
    }

    private func search<Steps: Transitions>(_ schedule: Schedule, _ steps: Steps, _ budget: Budget) -> Result {
        let search = FrontierSearch(schedule, table: table, steps: steps, budget: budget)
        let answer: Result.Answer
        switch search.run() {
        case .found(let path):
            answer = .valid(order: WitnessOrder.build(path, schedule: schedule, table: table, steps: steps))
        case .none(let event):
            let failed = schedule.operations[Int(schedule.events[event].argument)]
            answer = .invalid(place: Int(failed.source), rank: failed.returned)
        case .exhausted(let limit, let event):
            answer = .exhausted(
                limit, done: event, events: schedule.events.count, rank: schedule.events[event].rank)
        }
        return Result(answer: answer, visited: search.visited, largestFrontier: search.largestFrontier)
    }
}
