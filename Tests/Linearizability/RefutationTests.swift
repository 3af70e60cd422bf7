import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// A refutation against depth-first search: it names the first event without an order, its core has none, and no part
/// of the core is enough.
@Suite struct RefutationTests {
    static let rounds: UInt64 = {
        #if DEBUG
            4_000
        #else
            20_000
        #endif
    }()

    private static let budget = Budget(deadline: .max / 2, bytes: 64 << 20)

    /// What the operations up to `rank` that touch the time from `start` on allow, when of them only `required` are
    /// known to have taken effect; from the first state, or where there is a start from any.
    private static func answer(
        _ search: KeySearch<CASRegister>, required: Set<Int>, upTo rank: Int32, from start: Int32?
    ) -> DepthFirstSearch<CASRegister>.Answer {
        let places = search.operations.indices.filter {
            search.operations[$0].invoked <= rank && search.operations[$0].returned >= start ?? 0
        }
        let candidates = places.map {
            DepthFirstSearch<CASRegister>.Candidate(
                invoked: search.operations[$0].invoked, returned: search.operations[$0].returned,
                call: search.call($0))
        }
        var second = DepthFirstSearch(
            candidates,
            required: Set(
                places.indices.filter {
                    required.contains(places[$0]) && search.operations[places[$0]].invoked >= start ?? 0
                }), model: search.model)
        // Any state at all: also one that the history does not know.
        return second.decide(
            from: start == nil ? [search.model.initial] : ProofWindow.states(search, around: places) + ["unheard of"],
            within: budget)
    }

    @Test(arguments: [false, true])
    func refutationsAreFirstAndMinimal(usesZones: Bool) {
        var count = (all: 0, windows: 0)
        for round in 0..<Self.rounds {
            let seed = round &+ 300_000
            let history = RandomHistory(seed: seed, hasCAS: true, maximumOperations: 12, maximumProcesses: 5).make()
            let operations = Partition.split(history, failedCAS: .mismatch).first?.operations ?? []
            let search = KeySearch(
                operations, columns: history.columns, model: CASRegister(), effort: SearchEffort(usesZones: usesZones))
            guard case .invalid(let place, let rank, let suspects) = search.decide(within: Self.budget).answer else {
                continue
            }
            let found = Refutation.make(search, failed: place, rank: rank, suspects: suspects, within: Self.budget)
            count.all += 1
            if found.start != nil { count.windows += 1 }
            let returned = operations.indices.filter { operations[$0].returned < found.rank }
            #expect(
                Self.answer(search, required: Set(returned), upTo: found.rank - 1, from: nil) == .linearizable,
                "there is an earlier failure, seed \(seed)")
            #expect(operations[found.failed].returned == found.rank && found.core.contains(found.failed))
            #expect(
                Self.answer(search, required: Set(found.core), upTo: found.rank, from: found.start) == .notLinearizable,
                "the core has an order, seed \(seed)")
            for dropped in found.core where dropped != found.failed {
                let rest = Set(found.core).subtracting([dropped])
                #expect(
                    Self.answer(search, required: rest, upTo: found.rank, from: found.start) == .linearizable,
                    "the core is not minimal, seed \(seed)")
            }
        }
        #expect(count.all > Int(Self.rounds) / 10 && count.windows > Int(Self.rounds) / 100, "\(count)")
    }

    /// 1 was delivered twice and came once; after the first time the queue was empty, which is no proof that the second
    /// delivery contradicts nothing but itself.
    @Test func coresOfQueuesAreImpossibleWhateverTheOthersDid() throws {
        let events: [(process: Int, kind: Operation.Kind, function: String, value: Value)] = [
            (0, .invoke, "dequeue", .null),
            (1, .invoke, "enqueue", 1),
            (0, .ok, "dequeue", 1),
            (1, .ok, "enqueue", 1),
            (0, .invoke, "enqueue", 2),
            (1, .invoke, "dequeue", .null),
            (0, .ok, "enqueue", 2),
            (0, .invoke, "dequeue", .null),
            (2, .invoke, "dequeue", .null),
            (3, .invoke, "enqueue", 2),
            (3, .info, "enqueue", 2),
            (4, .invoke, "dequeue", .null),
            (4, .ok, "dequeue", 2),
            (1, .ok, "dequeue", 1),
            (2, .ok, "dequeue", 4),
        ]
        let history = try History(
            events.enumerated().map { index, event in
                Operation(
                    index: index, time: Int64(index), process: .client(event.process), kind: event.kind,
                    function: event.function, value: event.value)
            })
        let operations = try #require(Partition.split(history, failedCAS: .mismatch).first).operations
        let search = KeySearch(operations, columns: history.columns, model: FIFOQueue())
        guard case .invalid(let place, let rank, let suspects) = search.decide(within: Self.budget).answer else {
            Issue.record("not invalid")
            return
        }
        let found = Refutation.make(search, failed: place, rank: rank, suspects: suspects, within: Self.budget)
        #expect(!found.dependsOnOthers)
        let alone = search.decide(upTo: found.rank, required: Set(found.core), within: Self.budget).answer
        guard case .invalid = alone else {
            Issue.record("the core has an order: \(found.core)")
            return
        }
    }
}
