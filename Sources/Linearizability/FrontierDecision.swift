import PolygraphModels

/// Decides operations by frontier searches, the ones that are likely to be cheap first.
///
/// A search with a beam finds orders. A search that does not count optional operations finds that there are none: it
/// lets each group of equal ones take effect as often as anybody likes, once one of them was invoked, which can only
/// make more orders possible. An order that uses none too often is a real one; otherwise the groups that were used too
/// often are counted from then on (counterexample-guided refinement: Clarke et al., 2000).
struct FrontierDecision<M: Model, Steps: Transitions> {
    typealias Result = KeySearch<M>.Result

    private let operations: [SearchOperation]
    private let table: LabelTable
    private let steps: Steps
    private let effort: SearchEffort
    /// Whether any state of the table can be the first.
    private let startsAnywhere: Bool

    private static var refinements: Int { 12 }

    init(
        _ operations: [SearchOperation], _ table: LabelTable, _ steps: Steps, _ effort: SearchEffort,
        startsAnywhere: Bool = false
    ) {
        self.effort = effort
        self.startsAnywhere = startsAnywhere
        self.operations = operations
        self.table = table
        self.steps = steps
    }

    func decide(_ budget: Budget) -> Result {
        var spent = Spent()
        let exact = Schedule(operations, table: table)
        if exact.lanes.isEmpty {
            if !startsAnywhere, let result = searchSegments(exact, budget, &spent) { return result }
            let beam = effort.beam(events: exact.events.count)
            return run(exact, budget, beam: beam, fallsBack: true, .frontier, &spent)!
        }
        let started = Budget.now()
        // The search for an order may take a fifth of the time; more would be taken from the refutation.
        let fifth = budget.limited(to: (budget.deadline &- started) / 5)
        if let result = run(exact, fifth, beam: effort.beam, fallsBack: false, .frontier, &spent) {
            if case .exhausted = result.answer {} else { return result }
        }
        let half = budget.limited(to: (budget.deadline &- Budget.now()) / 2)
        // Without shapes operations that may be used without end lead to states without end.
        if effort.abstracts, Steps.areShaped, let result = refine(half, &spent) { return result }
        return run(exact, budget, beam: .max, fallsBack: true, .frontier, &spent)!
    }

    /// What the searches did together.
    private struct Spent {
        var visited = 0
        var largestFrontier = 0
    }

    /// Nil when the beam died.
    private func run(
        _ schedule: Schedule, _ budget: Budget, beam: Int, fallsBack: Bool, _ engine: KeySearch<M>.Engine,
        _ spent: inout Spent
    ) -> Result? {
        let search = FrontierSearch(
            schedule, table: table, steps: steps, budget: budget, beam: beam, fallsBack: fallsBack,
            startsAnywhere: startsAnywhere)
        let end = search.run()
        spent.visited += search.visited
        spent.largestFrontier = max(spent.largestFrontier, search.largestFrontier)
        let answer: Result.Answer
        switch end {
        case .found(let path):
            answer = valid(path, schedule, search.steps, budget)
        case .none(let event): answer = invalid(at: event, schedule)
        case .dead: return nil
        case .exhausted(let limit, let event):
            answer = .exhausted(
                limit, done: event, events: schedule.events.count, rank: schedule.events[event].rank)
        }
        return Result(
            answer: answer, engine: engine, visited: spent.visited, largestFrontier: spent.largestFrontier)
    }

    /// Nil where the history is not cut into pieces, or the pieces do not fit together.
    private func searchSegments(_ schedule: Schedule, _ budget: Budget, _ spent: inout Spent) -> Result? {
        let half = budget.limited(to: (budget.deadline &- Budget.now()) / 2)
        guard let segments = SegmentedSearch(schedule, table: table, steps: steps, budget: half, effort: effort)
        else { return nil }
        let found = segments.run()
        spent.visited += found.visited
        spent.largestFrontier = max(spent.largestFrontier, found.largestFrontier)
        guard let path = found.path else { return nil }
        return Result(
            answer: valid(path, schedule, steps, budget), engine: .frontier, visited: spent.visited,
            largestFrontier: spent.largestFrontier)
    }

    private func valid(
        _ path: [(step: WitnessArena.Step, event: Int32)], _ schedule: Schedule, _ steps: Steps, _ budget: Budget
    ) -> Result.Answer {
        let order = WitnessOrder.build(path, schedule: schedule, table: table, steps: steps, within: budget)
        let events = schedule.events.count
        if order == nil, events > 0, budget.timeIsUp {
            return .exhausted(.time, done: events, events: events, rank: schedule.events[events - 1].rank)
        }
        return .valid(order: order)
    }

    private func invalid(at event: Int, _ schedule: Schedule) -> Result.Answer {
        let failed = schedule.operations[Int(schedule.events[event].argument)]
        return .invalid(place: Int(failed.source), rank: failed.returned, suspects: nil)
    }

    /// Counts no group of optional operations, then those that were used too often.
    /// - Returns: nil when that decides nothing within the budget.
    private func refine(_ budget: Budget, _ spent: inout Spent) -> Result? {
        var counted: Set<Int32> = []
        for _ in 0..<Self.refinements {
            let schedule = Schedule(operations, table: table, tracking: .only(counted))
            let search = FrontierSearch(
                schedule, table: table, steps: steps, budget: budget, startsAnywhere: startsAnywhere)
            let end = search.run()
            spent.visited += search.visited
            spent.largestFrontier = max(spent.largestFrontier, search.largestFrontier)
            switch end {
            case .none(let event):
                return Result(
                    answer: invalid(at: event, schedule), engine: .abstraction, visited: spent.visited,
                    largestFrontier: spent.largestFrontier)
            case .found(let path):
                let overused = WitnessOrder<Steps>.overused(path, schedule: schedule)
                if overused.isEmpty {
                    return Result(
                        answer: valid(path, schedule, search.steps, budget),
                        engine: .abstraction, visited: spent.visited, largestFrontier: spent.largestFrontier)
                }
                if overused.isSubset(of: counted) { return nil }
                counted.formUnion(overused)
            case .dead, .exhausted: return nil
            }
        }
        return nil
    }
}
