import PolygraphGenerators
import PolygraphHistory
import Testing

@Suite struct RegisterGeneratorTests {
    private func calls(_ generator: RegisterGenerator, _ count: Int = 20_000) throws -> [Call] {
        try simulate(generator.limit(count), on: systems[0]).wishes.map(\.call)
    }

    private func share(_ calls: [Call], _ function: String) -> Double {
        Double(calls.count { $0.function == function }) / Double(calls.count)
    }

    @Test func `Shares and keys`() throws {
        let all = try calls(Generators.register(keys: 20, cas: true, seed: 1))
        #expect(abs(share(all, "read") - 0.4) < 0.02)
        #expect(abs(share(all, "write") - 0.3) < 0.02)
        #expect(abs(share(all, "cas") - 0.3) < 0.02)
        let keys = Dictionary(grouping: all, by: \.key!).mapValues(\.count)
        #expect(Set(keys.keys) == Set((0..<20).map { .string("k\($0)") }))
        #expect(keys.values.allSatisfy { abs($0 - 1_000) < 160 })
        let noCas = try calls(Generators.register(keys: 2, cas: false, seed: 1))
        #expect(abs(share(noCas, "read") - 0.5) < 0.02)
        #expect(share(noCas, "cas") == 0)
        let reads = try calls(RegisterGenerator(keys: 2, cas: true, readFraction: 0.9, writeFraction: 0.1, seed: 1))
        #expect(abs(share(reads, "read") - 0.9) < 0.02)
        #expect(share(reads, "cas") < 0.001)
        let hot = try calls(RegisterGenerator(keys: 100, cas: true, seed: 1, sampling: .hot(keys: 2, share: 0.8)))
        #expect(abs(Double(hot.count { $0.key == "k0" || $0.key == "k1" }) / 20_000 - 0.8) < 0.02)
    }

    @Test func `Distinct values are 1, 2, 3, … for each key, and a cas names one of the last three`() throws {
        var last: [Value: Int64] = [:]
        var ages: [Int64: Int] = [:]
        for call in try calls(Generators.register(keys: 7, cas: true, seed: 3)) {
            let key = try #require(call.key)
            switch call.function {
            case "read": #expect(call.value == .null)
            case "write":
                last[key, default: 0] += 1
                #expect(call.value == .integer(last[key]!))
            default:
                let parts = try #require(call.value.elements).map { $0.integerValue! }
                let newest = try #require(last[key])
                #expect(parts.count == 2 && parts[1] == newest + 1)
                #expect(parts[0] >= 1 && (newest - 2...newest).contains(parts[0]))
                ages[newest - parts[0], default: 0] += 1
                last[key] = newest + 1
            }
        }
        #expect(ages[0]! > ages[1]! && ages[1]! > ages[2]!)
    }

    @Test func `Small values stay small`() throws {
        var seen: Set<Int64> = []
        for call in try calls(Generators.register(keys: 3, cas: true, values: .small(5), seed: 3), 2_000) {
            if let value = call.value.integerValue { seen.insert(value) }
            for value in call.value.elements ?? [] { seen.insert(value.integerValue!) }
        }
        #expect(seen == [0, 1, 2, 3, 4])
    }

    @Test(arguments: 0..<20) func `Final reads reach every key from every reader`(seed: UInt64) throws {
        let keys = RegisterGenerator.keys(30)
        let events = try simulate(
            Generators.finalReads(keys: keys, readers: 5), workers: 12, seed: seed,
            on: RandomSystem(failProbability: 0.2, infoProbability: 0.2))
        var read: Set<[Value]> = []
        for event in events where event.kind == .ok {
            #expect(event.function == "read")
            let worker = event.process.number! % 12
            #expect(worker < 5)
            #expect(read.insert([event.key!, .integer(Int64(worker))]).inserted)
        }
        #expect(read.count == 30 * 5)
    }

    @Test func `Final reads of a dead system end`() throws {
        let events = try simulate(
            FinalReads(keys: RegisterGenerator.keys(3), readers: nil, attempts: 4, pause: .milliseconds(10)),
            workers: 2,
            on: RandomSystem(failProbability: 1))
        #expect(events.invocations.count == 3 * 2 * 4)
        #expect(events.last!.time >= 3 * 3 * 10_000_000)
    }
}
