import ArgumentParser
import PolygraphGenerators
import PolygraphHistory
import PolygraphNemesis
import PolygraphRunner
import PolygraphWorkloads

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print what a run would do, when, and to whom; start nothing.",
        discussion: """
            The same seed prints the same plan, byte for byte. Operations are shown as they would come if every one \
            were answered at once: in a run, a slow system changes who makes an operation and when, never which.
            """)

    @OptionGroup var workload: WorkloadArguments

    @Option(
        parsing: .unconditional, help: "How many operations to show.", transform: OptionNumber.whole(0...100_000))
    var operations = 20

    @Flag(help: "Print the plan as JSON.")
    var json = false

    func run() throws {
        let file = try workload.load()
        var plan = file.plan(seed: file.seed ?? 0)
        plan.add(arguments: workload.words)
        let calls = PlannedCalls(plan, limit: operations)
        if json {
            var bytes: [UInt8] = []
            var document = plan.document.fields ?? [:]
            if file.scheduleRules.isSwarm {
                let lines = PlannedFaultLines.leftOutBySwarm(file, seed: plan.seed)
                document["left_out_by_swarm"] = .list(lines.map { .integer(Int64($0)) })
            }
            document["operations"] = .list(calls.operations.map { $0.planValue })
            JSONWriter.append(.object(document), to: &bytes)
            Console.print(String(decoding: bytes, as: UTF8.self))
            return
        }
        Console.print("\(plan.name), seed \(plan.seed)\(file.seed == nil ? " (none given: a run would draw one)" : "")")
        Console.print(
            "\(plan.nodes) nodes, \(plan.workers) clients, \(Quantity.describe(duration: plan.duration)) of load, "
                + "\(Quantity.describe(duration: plan.timeout)) an operation at most")
        for line in try PlannedClusterLines(file.cluster).lines { Console.print(line) }
        for caution in file.cautions + [file.leftovers].compactMap({ $0 }) { Console.print("mind: \(caution)") }
        Console.print("\nfaults")
        for line in PlannedFaultLines(file, plan).lines { Console.print("  " + line) }
        if calls.operations.isEmpty { return }
        Console.print("\nfirst \(calls.operations.count) operations")
        for operation in calls.operations {
            Console.print(
                "  \(Quantity.describe(duration: operation.intended ?? operation.time)) \(operation.function)"
                    + "\(operation.key.map { " \($0)" } ?? "")"
                    + "\(operation.value == .null ? "" : " \(operation.value)")")
        }
    }
}

/// The first operations of a plan, drawn against a system that answers at once.
struct PlannedCalls {
    var operations: [Operation] = []

    init(_ plan: Plan, limit: Int) {
        var generator = plan.generator
        var context = Context(workers: plan.workers)
        while operations.count < limit, context.time < plan.duration {
            switch generator.next(context) {
            case .invoke(let invocation):
                context.time = max(context.time, invocation.time)
                let operation = Operation(
                    index: operations.count, time: context.time, process: .client(invocation.worker), kind: .invoke,
                    function: invocation.call.function, key: invocation.call.key, value: invocation.call.value,
                    intended: invocation.time)
                operations.append(operation)
                generator.update(operation, context)
                var completion = operation
                completion.kind = .ok
                generator.update(completion, context)
            case .pending(let until):
                guard until > context.time, until < .max else { return }
                context.time = until
            case .exhausted: return
            }
        }
    }
}

extension Operation {
    fileprivate var planValue: Value {
        var fields: [String: Value] = ["f": .string(function), "value": value, "intended": .integer(intended ?? time)]
        if let key { fields["key"] = key }
        return .object(fields)
    }
}

extension Plan {
    /// Completes the document with what else it takes to run the same again.
    mutating func add(arguments: [String]) {
        var fields = document.fields ?? [:]
        fields["version"] = .string(PolygraphCommand.version)
        fields["arguments"] = .list(arguments.map(Value.string))
        document = .object(fields)
    }
}
