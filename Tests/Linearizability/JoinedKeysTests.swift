import PolygraphChecking
import PolygraphHistory
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
            model: "kv", initial: .null, failedCAS: .mismatch, orders: orders, of: script.history)
        let read = try CertificateFile(file.render())
        #expect(read.fault(of: script.history, model: KeyValueMap()) == nil)
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
