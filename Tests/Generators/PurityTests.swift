import PolygraphGenerators
import PolygraphHistory
import Testing

/// Trees of generators drawn by chance, and what must hold for each of them.
@Suite struct PurityTests {
    private static func tree(_ random: inout RandomSource, depth: Int) -> any Generator {
        let seed = random.next()
        guard depth > 0 else {
            switch random.next(below: 4) {
            case 0: return counting(seed: seed).limit(random.next(below: 60))
            case 1: return Generators.register(keys: 3, cas: true, seed: seed).limit(random.next(below: 60))
            case 2: return Generators.eachWorkerOnce(Call("hello"))
            default: return Generators.finalReads(keys: RegisterGenerator.keys(3), readers: 2)
            }
        }
        func child() -> AnyGenerator { AnyGenerator(tree(&random, depth: depth - 1)) }
        switch random.next(below: 13) {
        case 0: return Generators.mix([child(), child()], seed: seed)
        case 1: return Generators.weighted([(3, child()), (1, child()), (2, child())], seed: seed)
        case 2: return child().stagger(rate: 700, seed: seed)
        case 3: return child().stagger(every: .milliseconds(3), gaps: .uniform, seed: seed)
        case 4: return child().timeLimit(.milliseconds(400))
        case 5: return Generators.phases([child(), child()])
        case 6: return Generators.sequence([child(), child()])
        case 7: return Generators.any([child(), child()])
        case 8: return Generators.reserve([(2, child()), (3, child())], rest: child())
        case 9:
            let generator = child()
            return Generators.perWorker { _ in generator }
        case 10:
            let generator = child()
            return Generators.perKey(keys: RegisterGenerator.keys(5), workersPerKey: 3, limit: 9) { _ in generator }
        case 11: return child().untilOk().onWorkers(0..<7)
        default: return child().concurrencyLimit(2).startingAfter(.milliseconds(20))
        }
    }

    @Test(arguments: 0..<80) func `Every composition ends, breaks no rule, and copies run alike`(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let generator = Self.tree(&random, depth: 3)
        let workers = [1, 5, 12, 70][random.next(below: 4)]
        for system in systems {
            let events = try simulate(generator, workers: workers, seed: seed, on: system)
            // A generator is a value: running one copy leaves the other as it was.
            #expect(try simulate(generator, workers: workers, seed: seed, on: system) == events)
        }
        var again = RandomSource(seed: seed)
        let rebuilt = Self.tree(&again, depth: 3)
        #expect(
            bytes(try simulate(rebuilt, workers: workers, on: systems[1]))
                == bytes(try simulate(generator, workers: workers, on: systems[1])))
    }

    @Test(arguments: 0..<60) func `A copy taken in the midst of a run has the same future`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var generator = Self.tree(&random, depth: 3)
        var context = Context(workers: 12)
        for step in 0..<40 {
            var copy = generator
            #expect(copy.next(context) == generator.next(context))
            // What pends still pends when it is asked again at the same time.
            if case .pending(let until) = generator.next(context) {
                #expect(generator.next(context) == .pending(until: until))
            }
            context.time += Int64(step) * 1_000_000
        }
    }

    private func bytes(_ operations: [Operation]) -> [UInt8] {
        var bytes: [UInt8] = []
        for operation in operations { JSONLines.append(operation, to: &bytes) }
        return bytes
    }
}
