import PolygraphGenerators
import PolygraphHistory
import Testing

/// A stream of calls `write 0`, `write 1`, … named by `name`.
func counting(_ name: String = "write", seed: UInt64 = 1) -> FunctionGenerator {
    Generators.function(seed: seed) { _, number in Call(name, .integer(Int64(number))) }
}

/// Systems that differ in everything that a generator could come to depend on.
let systems: [RandomSystem] = [
    RandomSystem(meanLatency: 1_000),
    RandomSystem(meanLatency: 2_000_000, failProbability: 0.2),
    RandomSystem(meanLatency: 40_000_000, failProbability: 0.1, infoProbability: 0.3),
]

/// Runs a generator and checks what must hold for every generator and every system.
func simulate(
    _ generator: any Generator, workers: Int = 10, seed: UInt64 = 0, on system: any SimulatedSystem = systems[1],
    deadline: Int64 = .max, eventLimit: Int = 200_000, nemesis: [Operation] = [],
    ending: Simulator.Ending = .exhausted, location: SourceLocation = #_sourceLocation
) throws -> [Operation] {
    var simulator = Simulator(workers: workers, seed: seed)
    simulator.deadline = deadline
    simulator.eventLimit = eventLimit
    simulator.nemesis = nemesis
    let result = simulator.run(generator, on: system)
    #expect(result.ending == ending, sourceLocation: location)
    // Refuses a process that invokes while it is busy, or completes what it never invoked.
    let history = try History(result.operations)
    var retired: Set<Int> = []
    // Collected, because an expectation for each of many events takes most of the time.
    var violations: [String] = []
    var last = Int64.min
    for (position, operation) in result.operations.enumerated() {
        if operation.index != position { violations.append("index \(operation.index) at \(position)") }
        if operation.time < last { violations.append("time runs back at \(position)") }
        last = operation.time
        guard let process = operation.process.number else { continue }
        if operation.kind == .invoke {
            if retired.contains(process) { violations.append("process \(process) goes on after info") }
            if operation.intended! > operation.time { violations.append("event \(position) comes early") }
            if history.completion(of: position) == nil { violations.append("event \(position) has no completion") }
        }
        if operation.kind == .info { retired.insert(process) }
    }
    #expect(violations.isEmpty, sourceLocation: location)
    return result.operations
}

extension [Operation] {
    var invocations: [Operation] { filter { $0.kind == .invoke } }

    /// What was asked and for when, without what came of it.
    var wishes: [Invocation] {
        invocations.map {
            Invocation(time: $0.intended!, worker: 0, call: Call($0.function, key: $0.key, $0.value))
        }
    }
}

/// The event of a fault.
func fault(_ function: String, _ number: Int64, _ action: String, at time: Int64, stage: String = "effect") -> Operation
{
    Operation(
        index: 0, time: time, process: .nemesis, kind: .info, function: function,
        value: ["fault": .integer(number), "action": .string(action), "stage": .string(stage)])
}
