import PolygraphHistory
import PolygraphModels
import Testing

/// Nondeterministic models against trying every choice.
@Suite struct SubsetConstructionTests {
    /// A random automaton: what may follow each of five states under each of three functions.
    private struct Automaton: NondeterministicModel {
        let name = "automaton"
        let initial = 0
        var moves: [String: [[Int]]] = [:]

        init(_ random: inout SeededGenerator) {
            for function in ["a", "b", "c"] {
                moves[function] = (0..<5).map { _ in
                    (0..<5).filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
                }
            }
        }

        func successors(of state: Int, under call: Call) -> [Int] { moves[call.function]?[state] ?? [] }

        func hasPath(from state: Int, _ functions: ArraySlice<String>) -> Bool {
            guard let first = functions.first else { return true }
            return (moves[first]?[state] ?? []).contains { hasPath(from: $0, functions.dropFirst()) }
        }
    }

    @Test func allowsWhatSomeChoiceAllows() {
        var counts = (allowed: 0, forbidden: 0)
        for seed in 0..<3_000 as Range<UInt64> {
            var random = SeededGenerator(seed)
            let automaton = Automaton(&random)
            let model = SubsetConstruction(automaton)
            let functions = (0..<6).map { _ in ["a", "b", "c"][Int(random.next() % 3)] }
            var state: Set<Int>? = model.initial
            for function in functions {
                state = state.flatMap { model.step($0, Call(function: function, input: .null, output: .null)) }
            }
            let expected = automaton.hasPath(from: 0, functions[...])
            #expect((state != nil) == expected, "seed \(seed)")
            if expected { counts.allowed += 1 } else { counts.forbidden += 1 }
        }
        #expect(counts.allowed > 200 && counts.forbidden > 200, "\(counts)")
    }

    /// A value that is one of two until somebody looks.
    private struct Coin: NondeterministicModel {
        let name = "coin"
        let initial = false
        func successors(of state: Bool, under call: Call) -> [Bool] {
            call.function == "toss" ? [false, true] : call.output.map { $0 == .bool(state) } ?? true ? [state] : []
        }
        func isObserver(_ call: Call) -> Bool { call.function == "look" }
    }

    @Test func whatNarrowsTheStateIsNoObserver() throws {
        let model = SubsetConstruction(Coin())
        let look = Call(function: "look", input: .null, output: true)
        let tossed = try #require(
            model.step(model.initial, Call(function: "toss", input: .null, output: nil, outcome: .unknown)))
        #expect(tossed == [false, true])
        #expect(model.step(tossed, look) == [true])
        #expect(!model.isObserver(look))
        #expect(model.isObserver(Call(function: "look", input: .null, output: nil, outcome: .unknown)))
    }
}
