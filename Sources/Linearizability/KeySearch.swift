import PolygraphHistory
import PolygraphModels

/// Which engines a search uses, and how; tests set it to reach each of them.
struct SearchEffort: Sendable {
    var usesZones = true
    /// Whether the families of other models have their own way.
    var usesDeciders = true
    /// Whether the states of containers are shared trees instead of the model's own.
    var internsContents = true
    /// Configurations that the beam keeps; `Int.max` for a search without beam.
    var beam = usualBeam
    /// Whether operations of unknown outcome are first not counted.
    var abstracts = true
    /// Events of one piece of a long history, and events before it from which its search starts. They decide which
    /// order is found; `threads` does not.
    var segment = 40_000
    var warmUp = 1_000
    /// Threads that search pieces.
    var threads = 1

    private static let usualBeam = 16

    /// The beam for a history of so many events. One that loses nothing says at once that there is no order, and for
    /// short histories it costs little more.
    func beam(events: Int) -> Int { beam == Self.usualBeam && events < 4_096 ? 8 * beam : beam }
}

/// Decides the operations of one key, whole or with some of its obligations dropped, by the cheapest engine that can.
///
/// First the zones of a register with distinct values; then a frontier search with a beam, which finds most orders at
/// once; then, where operations of unknown outcome make the frontier large, the search that does not count them, and
/// counts one group after the other as far as it must; at last the exact search.
///
/// Not `Sendable`: it belongs to one thread at a time.
final class KeySearch<M: Model> {
    let model: M
    let operations: [PartitionOperation]
    let columns: EventColumns
    private let reading: RegisterReading?
    private let scratch: RegisterZones.Scratch
    private let effort: SearchEffort
    private lazy var parts = PartSearch(self)
    private(set) lazy var table = LabelTable(operations, columns: columns, model: model)

    init(
        _ operations: [PartitionOperation], columns: EventColumns, model: M,
        scratch: RegisterZones.Scratch = RegisterZones.Scratch(), effort: SearchEffort = SearchEffort()
    ) {
        self.effort = effort
        self.model = model
        self.operations = operations
        self.columns = columns
        self.scratch = scratch
        reading =
            effort.usesZones
            ? RegisterReading(operations, columns: columns, model: model, scratch: scratch) : nil
    }

    struct Result {
        enum Answer {
            /// Places of the operations in a valid order; nil when the search could not turn its steps into one.
            case valid(order: [Int32]?)
            /// No order exists up to the return of the operation at `place`; its completion has rank `rank`.
            /// Where `suspects` are given, these places alone have none.
            case invalid(place: Int, rank: Int32, suspects: [Int32]?)
            /// The model cannot judge an operation; why, in words.
            case unjudgeable(String)
            /// The budget ran out before the event of rank `rank`; `done` of `events` were behind.
            case exhausted(Exhaustion, done: Int, events: Int, rank: Int32)
        }
        var answer: Answer
        /// The engine that gave the answer.
        var engine: Engine
        /// Configurations that were expanded or kept.
        var visited = 0
        var largestFrontier = 0
    }

    /// What decided a key.
    enum Engine: String, CaseIterable, Sendable {
        case zones
        /// The near-linear decider of the model's family.
        case decider
        case frontier
        case abstraction
    }

    /// Decides the whole partition.
    func decide(within budget: Budget) -> Result {
        search(.whole, budget)
    }

    /// Decides the partition up to the event of rank `rank` when only the operations at `required` are known to have
    /// taken effect: of the others, mutators may have, and observers say nothing.
    ///
    /// Each of these changes takes an obligation away, so that a valid order of the partition stays valid: if this is
    /// invalid, so is the partition.
    /// - Parameters:
    ///   - required: nil for all that returned up to `rank`.
    ///   - start: the rank before which nothing is known: what had returned by then is left out and the state at
    ///     `start` can be any, and what was open then may take effect after it or not. Nil for the beginning. Only for
    ///     tables with shapes.
    func decide(upTo rank: Int32, required: Set<Int>?, from start: Int32? = nil, within budget: Budget) -> Result {
        var part = Part(startsAnywhere: start != nil)
        let first = start ?? 0
        for (place, operation) in operations.enumerated() {
            if operation.invoked > rank { break }
            if operation.returned < first { continue }
            let keeps =
                operation.returned <= rank && operation.invoked >= first && required?.contains(place) ?? true
            part.append(Int32(place), returned: keeps ? operation.returned : PartitionOperation.never)
        }
        return search(part, budget)
    }

    /// The same operations without all but those at `places`, which ascend.
    func restricted(to places: [Int32]) -> KeySearch {
        KeySearch(places.map { operations[Int($0)] }, columns: columns, model: model, scratch: scratch, effort: effort)
    }

    /// The operation at a place as the model sees it.
    func call(_ place: Int) -> Call {
        columns.call(Int(operations[place].invoked), needsProcess: model.needsProcess)
    }

    /// Some operations of the partition, with returns that may have been dropped.
    struct Part {
        var places: [Int32] = []
        var returns: [Int32] = []
        /// Whether it is the partition itself.
        var isWhole = false
        /// Whether the state before it can be any.
        var startsAnywhere = false

        init(startsAnywhere: Bool = false) { self.startsAnywhere = startsAnywhere }

        /// The partition itself.
        static var whole: Part {
            var part = Part()
            part.isWhole = true
            return part
        }

        mutating func append(_ place: Int32, returned: Int32) {
            places.append(place)
            returns.append(returned)
        }
    }

    func search(_ part: Part, _ budget: Budget) -> Result {
        if let parts { return parts.decide(part, within: budget) }
        if let reading, !part.startsAnywhere {
            switch RegisterZones.decide(part.isWhole ? reading : reading.part(part.places, returns: part.returns)) {
            case .valid(let order):
                return Result(
                    answer: .valid(order: part.isWhole ? order : order.map { part.places[Int($0)] }), engine: .zones)
            case .invalid(let suspects):
                return refuted(part.isWhole ? suspects : suspects.map { part.places[Int($0)] }, part)
            case .undecided: break
            }
        }
        if effort.usesDeciders, !part.startsAnywhere, let result = decideByFamily(part, budget) { return result }
        if let problem = table.problem {
            return Result(
                answer: .unjudgeable(
                    "operation \(columns.index(Int(operations[problem.place].invoked))): \(problem.text)"),
                engine: .frontier)
        }
        let found = searchOperations(part)
        if table.isShaped {
            return FrontierDecision(
                found, table, ShapedTransitions(table), effort, startsAnywhere: part.startsAnywhere
            ).decide(budget)
        }
        if effort.internsContents,
            let steps = ContainerTransitions(table, model: model, operations: found.count)
        {
            return FrontierDecision(found, table, steps, effort).decide(budget)
        }
        return FrontierDecision(found, table, RememberedTransitions(table, model: model), effort).decide(budget)
    }

    /// Nil where the model's family has no decider for these operations.
    private func decideByFamily(_ part: Part, _ budget: Budget) -> Result? {
        if model.family == .general || model.family == .register { return nil }
        let chosen =
            part.isWhole
            ? operations
            : part.places.indices.map {
                PartitionOperation(invoked: operations[Int(part.places[$0])].invoked, returned: part.returns[$0])
            }
        // The other half of the time is for the search that comes after.
        let decision = FamilyDecision(
            model: model, columns: columns, operations: chosen, scratch: scratch,
            budget: budget.limited(to: (budget.deadline &- Budget.now()) / 2)
        ).decide()
        switch decision {
        case .valid(let order):
            return Result(
                answer: .valid(order: part.isWhole ? order : order.map { part.places[Int($0)] }), engine: .decider)
        case .invalid(let core):
            var result = refuted(part.isWhole ? core : core.map { part.places[Int($0)] }, part)
            result.engine = .decider
            return result
        case .undecided: return nil
        }
    }

    /// The answer for operations that contradict each other: at the latest at the last return among them.
    private func refuted(_ suspects: [Int32], _ part: Part) -> Result {
        var last = (place: Int(suspects.first ?? 0), rank: Int32(-1))
        var next = 0
        for place in suspects.sorted() {
            var returned = operations[Int(place)].returned
            if !part.isWhole {
                while part.places[next] < place { next += 1 }
                returned = part.returns[next]
            }
            if returned != PartitionOperation.never && returned > last.rank { last = (Int(place), returned) }
        }
        return Result(
            answer: .invalid(place: last.place, rank: last.rank, suspects: suspects), engine: .zones)
    }

    private func searchOperations(_ part: Part) -> [SearchOperation] {
        let count = part.isWhole ? operations.count : part.places.count
        var found: [SearchOperation] = []
        found.reserveCapacity(count)
        for number in 0..<count {
            let place = part.isWhole ? number : Int(part.places[number])
            let returned = part.isWhole ? operations[place].returned : part.returns[number]
            let label = table.labels[place]
            if returned == PartitionOperation.never && table.isObserver[Int(label)] { continue }
            found.append(
                SearchOperation(
                    invoked: operations[place].invoked, returned: returned, label: label, source: Int32(place)))
        }
        return found
    }
}
