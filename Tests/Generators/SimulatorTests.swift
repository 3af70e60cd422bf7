import PolygraphGenerators
import PolygraphHistory
import Testing

@Suite struct SimulatorTests {
    private struct Stubborn: Generator {
        var worker: Int
        var time: Int64
        mutating func next(_ context: Context) -> Next {
            .invoke(Invocation(time: time, worker: worker, call: Call("read")))
        }
    }

    @Test func `A generator that breaks a rule is told`() {
        func ending(_ generator: any Generator) -> Simulator.Ending {
            Simulator(workers: 2).run(generator).ending
        }
        guard case .broken(let busy) = ending(Stubborn(worker: 1, time: 0)) else { return #expect(Bool(false)) }
        #expect(busy.contains("not free"))
        guard case .broken = ending(Stubborn(worker: 5, time: 0)) else { return #expect(Bool(false)) }
        guard case .broken(let early) = ending(Stubborn(worker: 0, time: 5)) else { return #expect(Bool(false)) }
        #expect(early.contains("already"))
    }

    @Test func `A deadline and a number of events cut an endless generator`() throws {
        let events = try simulate(counting(), deadline: 1_000_000_000, ending: .cut)
        #expect(events.invocations.last!.time < 1_000_000_000)
        #expect(events.invocations.count > 1_000)
        #expect(try simulate(counting(), eventLimit: 100, ending: .cut).count < 130)
    }

    @Test func `After info a process is retired, and its node stays the worker's`() throws {
        var simulator = Simulator(workers: 10, seed: 1)
        simulator.nodes = ["n1", "n2", "n3", "n4", "n5"]
        let events = simulator.run(counting().limit(500), on: RandomSystem(infoProbability: 0.3)).operations
        #expect(Set(events.map { $0.process.number! }).count > 50)
        #expect(events.allSatisfy { $0.node == "n\($0.process.number! % 5 + 1)" })
    }

    @Test func `A system with a state gives a history that one register could have shown`() throws {
        struct Register: SimulatedSystem {
            var values: [Value: Value] = [:]
            mutating func answer(
                _ call: Call, worker: Int, time: Int64, random: inout RandomSource
            ) -> SimulatedAnswer {
                let key = call.key!
                let latency = 1_000 + Int64(random.next(below: 5_000_000))
                switch call.function {
                case "read": return SimulatedAnswer(latency: latency, value: values[key] ?? .null)
                case "cas":
                    let parts = call.value.elements!
                    guard values[key] == parts[0] else {
                        return SimulatedAnswer(latency: latency, kind: .fail, error: "mismatch")
                    }
                    values[key] = parts[1]
                default: values[key] = call.value
                }
                return SimulatedAnswer(latency: latency)
            }
        }
        let result = Simulator(workers: 5, seed: 2).run(
            Generators.register(keys: 3, cas: true, seed: 2).limit(2_000), on: Register())
        let history = try History(result.operations)
        // It answers in the order of the invocations: replayed in that order, every read fits.
        var values: [Value: Value] = [:]
        var hits = 0
        for position in history.invocations {
            let completion = history.completion(of: position)!
            let key = completion.key!
            switch completion.function {
            case "read": #expect(completion.value == values[key] ?? .null)
            case "cas" where completion.kind == .ok:
                hits += 1
                values[key] = completion.value.elements![1]
            case "write": values[key] = completion.value
            default: continue
            }
        }
        #expect(hits > 50)
    }
}
