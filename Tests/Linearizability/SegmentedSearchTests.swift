import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Long histories that are searched in pieces.
@Suite struct SegmentedSearchTests {
    /// Pieces so short that small histories have several.
    private static func effort(threads: Int, beam: Int = 16) -> SearchEffort {
        SearchEffort(usesZones: false, beam: beam, segment: 6, warmUp: 4, threads: threads)
    }

    /// Every verdict is that of exhaustive search, and every witness is replayed.
    @Test(arguments: [(1, 1), (2, 16), (3, 2)])
    func agreesWithExhaustiveSearch(threads: Int, beam: Int) {
        var counts = (valid: 0, invalid: 0)
        for seed in 0..<(OracleTests.rounds / 5) {
            var recipe = RandomHistory(seed: seed, hasCAS: seed % 3 != 0)
            recipe.maximumOperations = 9
            let history = recipe.make()
            let expected = ExhaustiveOracle().isLinearizable(history)
            if expected { counts.valid += 1 } else { counts.invalid += 1 }
            let actual = OracleTests.decide(
                history, CASRegister(), effort: Self.effort(threads: threads, beam: beam), seed: seed)
            #expect(actual == expected, "seed \(seed)")
            if actual != expected { return }
        }
        #expect(min(counts.valid, counts.invalid) > OracleTests.rounds / 110, "\(counts)")
    }

    /// A register with few values on one key, `operations` long, valid.
    private static func history(operations: Int, processes: Int, seed: UInt64) -> History {
        var random = SeededGenerator(seed)
        var state = Value.null
        var events: [Operation] = []
        var open: [(operation: Operation, effect: (kind: Operation.Kind, value: Value)?)?] = Array(
            repeating: nil, count: processes)
        var issued = 0
        while issued < operations || open.contains(where: { $0 != nil }) {
            let process = Int.random(in: 0..<processes, using: &random)
            guard var running = open[process] else {
                if issued == operations { continue }
                issued += 1
                func pick() -> Value { .integer(Int64.random(in: 0..<5, using: &random)) }
                let (function, value): (String, Value) =
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: ("write", pick())
                    case 1: ("cas", .list([pick(), pick()]))
                    default: ("read", .null)
                    }
                let invocation = Operation(
                    index: events.count, time: Int64(events.count), process: .client(process), kind: .invoke,
                    function: function, value: value)
                events.append(invocation)
                open[process] = (invocation, nil)
                continue
            }
            guard let effect = running.effect else {
                let value = running.operation.value
                switch running.operation.function {
                case "write":
                    state = value
                    running.effect = (.ok, value)
                case "read": running.effect = (.ok, state)
                default:
                    let matches = value.elements?[0] == state
                    if matches { state = value.elements?[1] ?? .null }
                    running.effect = (matches ? .ok : .fail, value)
                }
                open[process] = running
                continue
            }
            var completion = running.operation
            completion.index = events.count
            completion.time = Int64(events.count)
            completion.kind = effect.kind
            completion.value = effect.value
            if effect.kind == .fail { completion.error = "mismatch" }
            events.append(completion)
            open[process] = nil
        }
        guard let history = try? History(events) else { preconditionFailure("seed \(seed) makes no history") }
        return history
    }

    private static func order(_ history: History, threads: Int) throws -> [Int32]? {
        let partition = try #require(Partition.split(history, failedCAS: .mismatch).first)
        let effort = SearchEffort(segment: 5_000, warmUp: 1_000, threads: threads)
        let search = KeySearch(partition.operations, columns: history.columns, model: CASRegister(), effort: effort)
        guard case .valid(let order) = search.decide(within: Budget(deadline: .max, bytes: .max / 4)).answer else {
            return nil
        }
        let verifier = WitnessVerifier(history, model: CASRegister(), failedCAS: .mismatch)
        let positions = order?.map { Int(partition.operations[Int($0)].invoked) }
        #expect(positions.map { verifier.fault(in: $0, of: partition.key) } == .some(nil))
        return order
    }

    /// The witness is the same, whatever the number of threads.
    @Test(arguments: [3, 10, 20])
    func threadsChangeNothing(processes: Int) throws {
        let history = Self.history(operations: 20_000, processes: processes, seed: UInt64(processes))
        let orders = try [1, 2, 5].map { try Self.order(history, threads: $0) }
        #expect(orders[0]?.isEmpty == false)
        #expect(orders[1] == orders[0] && orders[2] == orders[0])
    }

    /// The pieces of an ordinary long history fit together without being searched again.
    @Test(arguments: [3, 10, 20])
    func piecesFit(processes: Int) throws {
        let history = Self.history(operations: 20_000, processes: processes, seed: 100 + UInt64(processes))
        let partition = try #require(Partition.split(history, failedCAS: .mismatch).first)
        let table = LabelTable(partition.operations, columns: history.columns, model: CASRegister())
        let operations = partition.operations.indices.map {
            SearchOperation(
                invoked: partition.operations[$0].invoked, returned: partition.operations[$0].returned,
                label: table.labels[$0], source: Int32($0))
        }
        let schedule = Schedule(operations, table: table)
        let search = SegmentedSearch(
            schedule, table: table, steps: ShapedTransitions(table),
            budget: Budget(deadline: .max, bytes: .max / 4),
            effort: SearchEffort(segment: 5_000, warmUp: 1_000, threads: 2))
        let outcome = try #require(search).run()
        #expect(outcome.path != nil)
        #expect(outcome.repeated == 0)
    }
}
