import PolygraphGenerators
import PolygraphHistory
import Testing

@Suite struct PacingTests {
    @Test(arguments: [0, 1, 7, 1_000]) func `A limit is exact`(count: Int) throws {
        for system in systems {
            #expect(try simulate(counting().limit(count), on: system).invocations.count == count)
        }
    }

    @Test(arguments: [Gaps.exponential, .uniform, .fixed], [10.0, 500, 20_000])
    func `A rate is kept`(gaps: Gaps, rate: Double) throws {
        let seconds = 10_000 / rate
        let events = try simulate(
            counting().stagger(rate: rate, gaps: gaps, seed: 3).timeLimit(.nanoseconds(Int64(seconds * 1e9))),
            workers: 50, on: systems[0])
        let count = Double(events.invocations.count)
        // Five standard deviations of a Poisson process; the others spread less.
        #expect(abs(count - 10_000) < 500)
        if gaps == .fixed { #expect(abs(count - 10_000) <= 1) }
        let times = events.invocations.map { Double($0.intended!) }
        let distances = zip(times.dropFirst(), times).map { $0 - $1 }
        let mean = distances.reduce(0, +) / Double(distances.count)
        let spread = distances.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(distances.count) / (mean * mean)
        // The squared coefficient of variation: 1 for exponential gaps, 1/3 for uniform ones.
        let expected = gaps == .exponential ? 1 : gaps == .uniform ? 1.0 / 3 : 0
        #expect(abs(spread - expected) < 0.1)
    }

    @Test func `Contents and intended times depend on the seed only`() throws {
        func generator(_ seed: UInt64) -> any Generator {
            Generators.register(keys: 5, cas: true, seed: seed).stagger(rate: 2_000, seed: seed).limit(3_000)
        }
        let reference = try simulate(generator(1), on: systems[0]).wishes
        for system in systems {
            for workers in [1, 3, 70, 130] {
                let wishes = try simulate(generator(1), workers: workers, seed: 9, on: system).wishes
                #expect(wishes == reference)
            }
        }
        #expect(try simulate(generator(2), on: systems[0]).wishes != reference)
    }

    @Test func `A late call keeps its intended time, and none is left out`() throws {
        // One worker, ten calls a second, half a second for each: the queue grows.
        let events = try simulate(
            counting().delay(.milliseconds(100)).limit(50), workers: 1,
            on: FunctionSystem { _, _, _, _ in SimulatedAnswer(latency: 500_000_000) })
        for (number, invocation) in events.invocations.enumerated() {
            #expect(invocation.intended == Int64(number + 1) * 100_000_000)
            #expect(invocation.time == 100_000_000 + Int64(number) * 500_000_000)
        }
    }

    @Test(arguments: 0..<20) func `Nothing begins after a time limit`(seed: UInt64) throws {
        for system in systems {
            let limit = Int64(1_000_000 + seed * 7_777_777)
            let events = try simulate(
                counting().stagger(rate: 1_000, seed: seed).timeLimit(.nanoseconds(limit)), workers: 3, seed: seed,
                on: system)
            #expect(events.invocations.allSatisfy { $0.time < limit })
            // It lasts until then, too.
            if limit > 50_000_000 { #expect(events.invocations.last!.time > limit / 2) }
        }
    }

    @Test func `A generator without a pace keeps all workers busy`() throws {
        let events = try simulate(
            counting().limit(1_000), workers: 10,
            on: FunctionSystem { _, _, _, _ in SimulatedAnswer(latency: 1_000_000) })
        #expect(events.last!.time == 100_000_000)
        #expect(events.invocations.allSatisfy { $0.intended == $0.time })
    }

    @Test func `No more operations run at once than allowed`() throws {
        let events = try simulate(counting().concurrencyLimit(3).limit(500), on: systems[2])
        var open = 0
        var most = 0
        for event in events {
            open += event.kind == .invoke ? 1 : -1
            most = max(most, open)
        }
        #expect(most == 3)
    }

    @Test func `A start can be put off`() throws {
        let events = try simulate(counting().startingAfter(.seconds(5)).limit(1))
        #expect(events[0].time == 5_000_000_000)
    }

    @Test func `Workers share the load, also when it is light`() throws {
        let events = try simulate(counting().delay(.seconds(1)).limit(5_000), workers: 70, on: systems[0])
        var counts: [Int: Int] = [:]
        for event in events.invocations { counts[event.process.number!, default: 0] += 1 }
        #expect(counts.count == 70)
        #expect(counts.values.allSatisfy { (25...130).contains($0) })
    }
}
