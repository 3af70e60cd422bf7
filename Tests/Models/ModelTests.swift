import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels
import Testing

/// SplitMix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}

/// Every model on random sequences of calls, against the same object written a second time.
@Suite struct ModelTests {
    private struct Counts {
        var allowed = 0
        var forbidden = 0
    }

    @Test(arguments: ModelVocabulary.all)
    func agreesWithTheNaiveObject(vocabulary: ModelVocabulary) {
        let counts = walk(vocabulary, vocabulary.model)
        #expect(counts.allowed > 2_000)
        let canBeWrong = vocabulary.model.name != "g-set" || counts.forbidden > 0
        #expect(canBeWrong && counts.forbidden > 200, "\(counts)")
    }

    private func walk<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> Counts {
        let naive = NaiveObject(vocabulary)
        var counts = Counts()
        for seed in 0..<2_000 as Range<UInt64> {
            var random = SeededGenerator(seed)
            var state = model.initial
            var worlds: Set<Value> = [naive.initial]
            var past: [Call] = []
            for _ in 0..<8 {
                let call = self.call(vocabulary, naive, worlds, &random)
                let next = model.step(state, call)
                let possible = Set(worlds.flatMap { naive.successors(of: $0, under: call) })
                #expect((next != nil) == !possible.isEmpty, "\(call) after \(past)")
                #expect(model.problem(with: call) == nil)
                if let shape = model.shape(of: call) { #expect(shape.step(state) == next, "\(call) after \(past)") }
                if model.isObserver(call), let next { #expect(next == state, "\(call) after \(past)") }
                commute(model, call, past.last, state)
                guard let next, !possible.isEmpty else {
                    counts.forbidden += 1
                    continue
                }
                counts.allowed += 1
                past.append(call)
                state = next
                worlds = possible
            }
        }
        return counts
    }

    /// Mostly an answer that fits, so that sequences go on.
    private func call(
        _ vocabulary: ModelVocabulary, _ naive: NaiveObject, _ worlds: Set<Value>, _ random: inout SeededGenerator
    ) -> Call {
        let request = vocabulary.requests[Int.random(in: 0..<vocabulary.requests.count, using: &random)]
        let process = Int.random(in: 0..<3, using: &random)
        let mood = Int.random(in: 0..<10, using: &random)
        if mood < 2 { return vocabulary.call(request, process: process, output: nil, outcome: .unknown) }
        if mood < 4, request.canBeRefused {
            return vocabulary.call(request, process: process, output: nil, outcome: .refused)
        }
        let calls = request.answers.map { vocabulary.call(request, process: process, output: $0, outcome: .happened) }
        let fitting = calls.filter { call in worlds.contains { !naive.successors(of: $0, under: call).isEmpty } }
        return (mood < 8 ? fitting.randomElement(using: &random) : nil)
            ?? calls[Int(random.next() % UInt64(calls.count))]
    }

    /// Calls that touch different parts can change places.
    private func commute<M: Model>(_ model: M, _ call: Call, _ other: Call?, _ state: M.State) {
        guard let other, let left = model.parts(of: call), let right = model.parts(of: other),
            Set(left).isDisjoint(with: right)
        else { return }
        let one = model.step(state, call).flatMap { model.step($0, other) }
        let two = model.step(state, other).flatMap { model.step($0, call) }
        #expect(one == two, "\(call) and \(other) in \(state)")
    }

    /// Calls without parts concern the whole, so a model that has parts must name them for every change of one.
    @Test func partsAreThoseOfTheCall() {
        func parts(_ model: any Model, _ function: String, _ input: Value, _ output: Value? = nil) -> [Value]? {
            model.parts(of: Call(function: function, input: input, output: output))
        }
        #expect(parts(ElementSet(), "add", 3) == [3])
        #expect(parts(ElementSet(), "read", .null, [3]) == nil)
        #expect(parts(KeyValueMap(), "put", ["x", 1]) == ["x"])
        #expect(parts(KeyValueMap(), "get", "x", 1) == ["x"])
        #expect(parts(KeyValueMap(), "txn", [["r", "x", .null], ["w", "y", 1], ["r", "x", .null]]) == ["x", "y"])
        #expect(parts(UniqueIDs(), "generate", .null, 7) == [7])
        #expect(parts(UniqueIDs(), "generate", .null) == [])
        #expect(parts(LeaderElection(), "leader", .null, [4, "a"]) == [4])
        #expect(parts(FIFOQueue(), "enqueue", 1) == nil)
    }
}
