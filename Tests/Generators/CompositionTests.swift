import PolygraphGenerators
import PolygraphHistory
import Testing

@Suite struct CompositionTests {
    @Test func `A mix draws by weight, and in the same order on every system`() throws {
        func generator() -> any Generator {
            Generators.weighted([(6, counting("a")), (3, counting("b")), (1, counting("c"))], seed: 5)
                .stagger(rate: 5_000, seed: 1).limit(10_000)
        }
        let wishes = try simulate(generator(), on: systems[0]).wishes
        for (name, share) in [("a", 6_000), ("b", 3_000), ("c", 1_000)] {
            let part = wishes.filter { $0.call.function == name }
            #expect(abs(part.count - share) < 250)
            // Every part gives its own calls in their order.
            #expect(part.enumerated().allSatisfy { $1.call.value == .integer(Int64($0)) })
        }
        #expect(try simulate(generator(), on: systems[2]).wishes == wishes)
    }

    @Test func `A mix goes on with what is left`() throws {
        let mix = Generators.mix(
            [counting("a").limit(3), counting("b").limit(20), Generators.once(Call("c"))], seed: 1)
        let counts = Dictionary(grouping: try simulate(mix).invocations, by: \.function).mapValues(\.count)
        #expect(counts == ["a": 3, "b": 20, "c": 1])
    }

    @Test(arguments: 0..<10) func `Phases never overlap`(seed: UInt64) throws {
        for system in systems {
            let events = try simulate(
                Generators.phases([
                    counting("a").limit(57), counting("b").stagger(rate: 100, seed: seed).timeLimit(.milliseconds(300)),
                    Generators.calls([]), Generators.eachWorkerOnce(Call("c")),
                ]).then(counting("d").limit(2)), seed: seed, on: system)
            var open: [String: Int] = [:]
            for event in events {
                open[event.function, default: 0] += event.kind == .invoke ? 1 : -1
                #expect(open.values.count { $0 > 0 } <= 1)
            }
            #expect(Set(open.keys) == ["a", "b", "c", "d"])
            let last = events.invocations.filter { $0.function == "a" }.last!.time
            let second = events.invocations.filter { $0.function == "b" }
            // The second phase's own clock begins with it.
            #expect(second.allSatisfy { $0.intended! > last && $0.time < second[0].time + 400_000_000 })
        }
    }

    @Test func `A sequence does not wait`() throws {
        let events = try simulate(
            Generators.sequence([counting("a").limit(5), counting("b").limit(5)]), workers: 10, on: systems[2])
        #expect(events.prefix(10).allSatisfy { $0.kind == .invoke && $0.time == 0 })
    }

    @Test func `Each worker once`() throws {
        for workers in [1, 10, 64, 65, 200] {
            let events = try simulate(Generators.eachWorkerOnce(Call("hello")), workers: workers, on: systems[2])
            #expect(events.invocations.map { $0.process.number! % workers }.sorted() == Array(0..<workers))
        }
    }

    @Test(arguments: systems.indices) func `Reserved workers do nothing else`(system: Int) throws {
        let events = try simulate(
            Generators.reserve(
                [(3, counting("a")), (64, counting("b").stagger(rate: 1_000_000, seed: 1))], rest: counting("c")
            ).limit(5_000), workers: 80, on: systems[system])
        for event in events.invocations {
            let worker = event.process.number! % 80
            #expect(event.function == (worker < 3 ? "a" : worker < 67 ? "b" : "c"))
        }
        #expect(Set(events.map(\.function)) == ["a", "b", "c"])
    }

    @Test func `A reservation of more workers than there are leaves none for the rest`() throws {
        let events = try simulate(
            Generators.reserve([(3, counting("a")), (9, counting("b"))], rest: counting("c")).limit(100), workers: 5)
        #expect(Set(events.map(\.function)) == ["a", "b"])
    }

    @Test func `Only the named workers`() throws {
        let events = try simulate(counting().onWorkers(2..<4).limit(200), workers: 6, on: systems[2])
        #expect(Set(events.map { $0.process.number! % 6 }) == [2, 3])
        #expect(try simulate(counting().onWorkers(9..<12), workers: 6).isEmpty)
    }

    @Test func `A generator of its own for every worker`() throws {
        let events = try simulate(
            Generators.perWorker { worker in counting("w\(worker)").limit(worker + 1) }, workers: 7, on: systems[2])
        for worker in 0..<7 {
            let own = events.invocations.filter { $0.process.number! % 7 == worker }
            #expect(own.map(\.function) == Array(repeating: "w\(worker)", count: worker + 1))
            #expect(own.map(\.value) == (0...worker).map { .integer(Int64($0)) })
        }
    }

    @Test func `Barriers and counts work within a part of the workers`() throws {
        let part = Generators.phases([Generators.eachWorkerOnce(Call("a")), Generators.eachWorkerOnce(Call("b"))])
        let events = try simulate(
            Generators.reserve([(4, part)], rest: counting("c").limit(300)), workers: 6, on: systems[2])
        let own = events.filter { $0.function != "c" }
        #expect(own.invocations.map(\.function) == Array(repeating: "a", count: 4) + Array(repeating: "b", count: 4))
        #expect(own.firstIndex { $0.function == "b" } == 8)
    }

    @Test(arguments: systems.indices, [1, 3, 10, 25]) func `Keys are never mixed`(system: Int, workersPerKey: Int)
        throws
    {
        let keys = (0..<23).map { Value.integer(Int64($0)) }
        let events = try simulate(
            Generators.perKey(keys: keys, workersPerKey: workersPerKey, limit: 40) { _ in counting() }, workers: 20,
            on: systems[system])
        let groups = max(1, 20 / workersPerKey)
        for (number, key) in keys.enumerated() {
            let own = events.invocations.filter { $0.key == key }
            #expect(own.count == 40)
            // A fresh generator for each key, and only the workers of its group.
            #expect(own.map(\.value) == (0..<40).map { .integer(Int64($0)) })
            let first = number % groups * workersPerKey
            #expect(own.allSatisfy { (first..<first + workersPerKey).contains($0.process.number! % 20) })
        }
        #expect(events.invocations.count == 23 * 40)
        #expect(try simulate(Generators.perKey(keys: [], workersPerKey: 2) { _ in counting() }).isEmpty)
    }

    @Test func `Two at once share the workers in turns`() throws {
        let events = try simulate(counting("a").concurrentWith(counting("b").limit(50)).limit(200), on: systems[1])
        #expect(events.invocations.prefix(100).count { $0.function == "b" } == 50)
        #expect(events.invocations.suffix(100).allSatisfy { $0.function == "a" })
    }

    @Test func `Until ok`() throws {
        var seen: Set<Int> = []
        for seed in 0..<50 as Range<UInt64> {
            let events = try simulate(
                Generators.repeat(Call("read")).concurrencyLimit(1).untilOk(), seed: seed,
                on: RandomSystem(failProbability: 0.3, infoProbability: 0.3))
            #expect(events.count { $0.kind == .ok } == 1)
            #expect(events.last!.kind == .ok)
            seen.insert(events.count)
        }
        #expect(seen.count > 2)
    }

    @Test func `Until ok does not take another's success for its own`() throws {
        let events = try simulate(
            Generators.repeat(Call("read")).onWorkers(0..<1).untilOk().concurrentWith(counting().limit(50)),
            on: FunctionSystem { call, _, time, _ in
                SimulatedAnswer(latency: 1_000, kind: call.function == "read" && time < 9_000 ? .fail : .ok)
            })
        #expect(events.filter { $0.function == "read" }.last!.kind == .ok)
    }
}
