import PolygraphHistory

/// Runs a generator against a simulated system in virtual time: what a run would do, without a cluster, in a moment.
/// It keeps the rules of the real runner: completions are taken before invocations are handed out, and a process that
/// ends as `info` is retired.
public struct Simulator: Sendable {
    /// How a simulation ended.
    public enum Ending: Hashable, Sendable {
        /// The generator was exhausted, and all operations ended.
        case exhausted
        /// The time or the number of events was used up.
        case cut
        /// The generator waits for an event, but none will ever come.
        case stuck
        /// The generator broke a rule; the text says which.
        case broken(String)
    }

    /// What came of it.
    public struct Result: Hashable, Sendable {
        public var operations: [Operation]
        public var ending: Ending
    }

    public var workers: Int
    /// Names of the nodes; the process number picks one. Empty: none.
    public var nodes: [String] = []
    /// For the system's random numbers.
    public var seed: UInt64
    /// What the nemesis does; times are kept, indices are not.
    public var nemesis: [Operation] = []
    /// Virtual nanoseconds after which no more calls are made.
    public var deadline = Int64.max
    /// Events after which no more calls are made, so that an endless generator ends.
    public var eventLimit = 10_000_000

    public init(workers: Int, seed: UInt64 = 0) {
        self.workers = workers
        self.seed = seed
    }

    /// The history of a run.
    public func run(_ generator: any Generator, on system: any SimulatedSystem = RandomSystem()) -> Result {
        var state = State(self, generator, system)
        return state.run()
    }

    private struct State {
        let simulator: Simulator
        var generator: any Generator
        var system: any SimulatedSystem
        let random: RandomSource
        var context: Context
        var operations: [Operation] = []
        var calls = 0
        /// Of each worker: when its operation ends (`.max`: it is free), and how.
        var ends: [Int64]
        var completions: [Operation?]
        var nemesis: ArraySlice<Operation>

        init(_ simulator: Simulator, _ generator: any Generator, _ system: any SimulatedSystem) {
            self.simulator = simulator
            self.generator = generator
            self.system = system
            random = RandomSource(seed: simulator.seed).split("simulated system")
            context = Context(workers: simulator.workers)
            ends = Array(repeating: .max, count: simulator.workers)
            completions = Array(repeating: nil, count: simulator.workers)
            nemesis = simulator.nemesis.sorted { $0.time < $1.time }[...]
        }

        mutating func run() -> Result {
            var ending: Ending?
            while true {
                takeEvents()
                if ending == nil, context.time >= simulator.deadline || operations.count >= simulator.eventLimit {
                    ending = .cut
                }
                var until = Int64.max
                if ending == nil {
                    switch generator.next(context) {
                    case .invoke(let invocation):
                        ending = invoke(invocation)
                        continue
                    case .pending(let time): until = min(time, simulator.deadline)
                    case .exhausted: ending = .exhausted
                    }
                }
                // After the end only the completions of what is open are still waited for.
                if ending != nil, context.areAllFree { break }
                let event = nextEvent()
                let next = ending == nil ? min(until, event ?? .max) : event ?? .max
                if next == .max {
                    ending = .stuck
                    break
                }
                context.time = max(next, context.time + (next <= context.time ? 1 : 0))
            }
            return Result(operations: operations, ending: ending!)
        }

        /// Hands an invocation out.
        /// - Returns: a broken rule, or nil.
        private mutating func invoke(_ invocation: Invocation) -> Ending? {
            let worker = invocation.worker
            guard (0..<simulator.workers).contains(worker), context.isFree(worker) else {
                return .broken("worker \(worker) was chosen at \(context.time) ns, but it is not free")
            }
            guard invocation.time <= context.time else {
                return .broken("a call for \(invocation.time) ns was handed out at \(context.time) ns already")
            }
            let process = context.processes[worker]
            let nodes = simulator.nodes
            let operation = Operation(
                index: 0, time: context.time, process: .client(process), kind: .invoke,
                function: invocation.call.function, key: invocation.call.key, value: invocation.call.value,
                node: nodes.isEmpty ? nil : nodes[process % nodes.count], intended: invocation.time)
            var stream = random.split(calls)
            calls += 1
            let answer = system.answer(invocation.call, worker: worker, time: context.time, random: &stream)
            var completion = operation
            completion.time = context.time + max(0, answer.latency)
            completion.kind = answer.kind
            completion.value = answer.value ?? operation.value
            completion.error = answer.error
            completion.intended = nil
            ends[worker] = completion.time
            completions[worker] = completion
            context.setFree(worker, false)
            record(operation)
            return nil
        }

        private mutating func record(_ operation: Operation) {
            var operation = operation
            operation.index = operations.count
            operations.append(operation)
            generator.update(operation, context)
        }

        /// Takes everything that has happened by now, in order of time.
        private mutating func takeEvents() {
            while let time = nextEvent(), time <= context.time {
                if let event = nemesis.first, event.time <= time {
                    nemesis.removeFirst()
                    record(event)
                    continue
                }
                guard let worker = ends.firstIndex(of: time), let completion = completions[worker] else { return }
                ends[worker] = .max
                completions[worker] = nil
                context.setFree(worker, true)
                if completion.kind == .info { context.processes[worker] += simulator.workers }
                record(completion)
            }
        }

        private func nextEvent() -> Int64? {
            let next = min(ends.min() ?? .max, nemesis.first?.time ?? .max)
            return next == .max ? nil : next
        }
    }
}
