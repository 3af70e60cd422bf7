import PolygraphChecking
import PolygraphClients
import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels
import PolygraphNemesis
import PolygraphRunner
import PolygraphSystems

extension WorkloadFile {
    /// Everything that a run of this file will do. The same seed gives the same plan.
    /// - Parameter recorded: the faults; nil: those that the file says, drawn by the seed.
    public func plan(seed: UInt64, schedule recorded: Schedule? = nil) -> Plan {
        let schedule = recorded ?? Schedule(faults, rules: scheduleRules, nodes: nodes, duration: time, seed: seed)
        let (client, access) = (client, openedAccess)
        var plan = Plan(
            name: name, seed: seed, nodes: nodes, workers: clients.count, timeout: clients.timeout, duration: time,
            quiet: quiet, readyWithin: system.readyWithin, schedule: schedule, generator: generator(seed: seed),
            finalGenerator: finalGenerator,
            readOnly: Set(client.functions.filter(\.changesNothing).map(\.name)), system: system,
            clients: { setting in
                let targets = setting.nodes.map(TemplateNode.init)
                return { node, _ throws(ClientError) in
                    try HTTPClient(
                        client, node: targets[node], nodes: targets, access: access, way: setting.way(node),
                        keyPrefix: setting.keyPrefix, meter: setting.meter)
                }
            },
            checkers: [Linearizable(model: model, options: checkOptions), OperationStatistics()],
            acceptsTameRuns: tame == .accept, document: document(seed: seed, schedule: schedule))
        plan.removal = client.delete == nil ? nil : HTTPClientSpec.deleteName
        plan.keyPrefix = keyPrefix
        plan.limits = limits
        if let rate = limits.rate { plan.finalTime = Int64(Double(finalOperations) / rate * 1e9) }
        return plan
    }

    /// How many operations the final reads are, where nothing has to be asked again.
    private var finalOperations: Int {
        switch workload {
        case .register(let spec): spec.finalReads ? spec.keys * min(nodes, clients.count) : 0
        }
    }

    private var model: any Model { ModelCatalog.model(named: modelName)! }

    private var checkOptions: LinearizabilityOptions {
        var options = LinearizabilityOptions()
        if let limit = check.timeLimit { options.timeLimitSeconds = Double(limit) / 1e9 }
        if let limit = check.memoryLimit { options.memoryLimitBytes = Int(limit) }
        return options
    }

    private func generator(seed: UInt64) -> any Generator {
        switch workload {
        case .register(let spec):
            let register = registerGenerator(spec, seed: seed)
            guard let rate = clients.rate else { return register }
            return register.stagger(rate: rate, seed: seed)
        }
    }

    private func registerGenerator(_ spec: RegisterSpec, seed: UInt64) -> RegisterGenerator {
        let total = spec.mix.read + spec.mix.write + spec.mix.cas
        let values: RegisterGenerator.Values =
            switch spec.values {
            case .distinct: .distinct
            case .small(let count): .small(count)
            }
        return RegisterGenerator(
            keys: spec.keys, cas: spec.cas, values: values, readFraction: spec.mix.read / total,
            writeFraction: spec.mix.write / total, seed: seed)
    }

    private var finalGenerator: (any Generator)? {
        switch workload {
        case .register(let spec):
            // One reader a node: what a single node has lost shows too.
            spec.finalReads
                ? FinalReads(keys: RegisterGenerator.keys(spec.keys), readers: min(nodes, clients.count)) : nil
        }
    }

    /// What stands in `plan.json`.
    private func document(seed: UInt64, schedule: Schedule) -> Value {
        [
            "format": .string(Plan.format), "name": .string(name), "seed": PlanSeed.value(seed),
            "nodes": .integer(Int64(nodes)), "cluster": cluster.value,
            "clients": .integer(Int64(clients.count)), "rate": clients.rate.map(Value.double) ?? "unlimited",
            "timeout_ns": .integer(clients.timeout), "time_ns": .integer(time), "quiet_ns": .integer(quiet),
            "check": .string(check.promise.rawValue), "model": .string(modelName), "schedule": schedule.value,
            "workload_file": .string(text),
        ]
    }
}
