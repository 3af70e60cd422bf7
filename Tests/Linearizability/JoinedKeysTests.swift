import PolygraphChecking
import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Operations that bear a key and operations that name their keys inside are about one object.
@Suite struct JoinedKeysTests {
    private func check(_ script: HistoryScript) -> CheckResult {
        Linearizable(model: KeyValueMap(), options: LinearizabilityOptions(threads: 1)).check(script.history)
    }

    @Test func aTransactionSeesWhatAKeyedWriteLeft() {
        var script = HistoryScript()
        script.run(0, "put", 1, key: "a")
        script.run(1, "txn", [["r", "a", .null]], gets: [["r", "a", 1]], key: .none)
        #expect(check(script).verdict == .valid)
    }

    @Test func aKeyedReadSeesWhatATransactionLeft() {
        var script = HistoryScript()
        script.run(0, "put", 1, key: "a")
        script.run(1, "txn", [["w", "a", 2]], gets: [["w", "a", 2]], key: .none)
        script.run(2, "get", .null, gets: 1, key: "a")
        let result = check(script)
        #expect(result.verdict == .invalid)
        #expect(result.anomalies.first?.operations.count == 3)
        script = HistoryScript()
        script.run(0, "put", 1, key: "a")
        script.run(1, "txn", [["w", "a", 2]], gets: [["w", "a", 2]], key: .none)
        script.run(2, "get", .null, gets: 2, key: "a")
        #expect(check(script).verdict == .valid)
    }

    @Test func aCertificateOfBothKindsHolds() throws {
        var script = HistoryScript()
        script.run(0, "put", 1, key: "a")
        script.run(1, "txn", [["r", "a", .null]], gets: [["r", "a", 1]], key: .none)
        let options = LinearizabilityOptions(threads: 1, keepsWitnesses: true)
        let result = Linearizable(model: KeyValueMap(), options: options).check(script.history)
        let orders = result.partitions.map { (key: $0.key, order: $0.witness ?? []) }
        let file = CertificateFile(
            model: "kv", options: ModelOptions(initial: .null), failedCAS: .mismatch, orders: orders, of: script.history
        )
        let read = try CertificateFile(file.render())
        #expect(read.fault(of: script.history, model: KeyValueMap()) == nil)
    }

    /// The core of a history of both kinds has both kinds, and is invalid by itself.
    @Test func coresOfBothKindsAreInvalid() throws {
        let vocabulary = try #require(ModelVocabulary.all.first { $0.model is KeyValueMap })
        let model = KeyValueMap(initial: ["x": 0])
        let generator = RandomModelHistory(vocabulary, model)
        let oracle = ExhaustiveSearch(model)
        let options = LinearizabilityOptions(threads: 1)
        var cores = 0
        var mixed = 0
        for seed in 0..<UInt64(4_000) {
            let events = generator.make(seed: seed)
            let history = try History(withKeys(events, seed: seed))
            let result = Linearizable(model: model, options: options).check(history)
            #expect(
                result.verdict == (oracle.isLinearizable(events) ? .valid : .invalid),
                "seed \(seed): \(result.partitions.map(\.reason))")
            for anomaly in result.anomalies {
                let core = try #require(
                    CoreFile.core(of: anomaly, in: history, model: model, options: options), "seed \(seed)")
                #expect(Linearizable(model: model, options: options).check(core).verdict == .invalid)
                let indices = Set(core.operations.map(\.index))
                #expect(anomaly.failedAt.map(indices.contains) ?? false, "seed \(seed)")
                cores += 1
                if Set(core.invocations.map { core.operations[$0].key == nil }).count == 2 { mixed += 1 }
            }
        }
        #expect(cores > 300 && mixed > 50, "\(cores) \(mixed)")
    }

    /// The same with the key beside the value for about half of the operations of one key.
    private func withKeys(_ events: [Operation], seed: UInt64) -> [Operation] {
        var random = SeededGenerator(seed)
        var keys: [Operation.Process: Value] = [:]
        return events.map { event in
            var event = event
            let pair = event.value.elements ?? []
            if event.kind == .invoke {
                keys[event.process] = nil
                guard event.function != "txn", random.chance(0.5) else { return event }
                let key = pair.first ?? event.value
                keys[event.process] = .some(key)
                event.key = key
                event.value = pair.count == 2 ? pair[1] : .null
            } else if let key = keys[event.process] {
                event.key = key
                if pair.first == .some(key), pair.count == 2 { event.value = pair[1] }
            }
            return event
        }
    }

    /// One operation at a time on an object that grows: states that nothing needs any more are forgotten.
    @Test func longStatesAreForgotten() {
        var script = HistoryScript()
        for round in 0..<2_000 { script.run(0, "enqueue", .integer(Int64(round % 7))) }
        for round in 0..<2_000 { script.run(0, "dequeue", .null, gets: .integer(Int64(round % 7))) }
        let options = LinearizabilityOptions(memoryLimitBytes: 64 << 20, threads: 1)
        let result = Linearizable(model: FIFOQueue(), options: options).check(script.history)
        #expect(result.verdict == .valid, "\(result.reason)")
    }
}
