import PolygraphCluster
import PolygraphHistory
import Testing

@testable import PolygraphRunner

@Suite struct DurabilityAuditTests {
    /// Writes and reads, one after the other, of ten each; every one takes 1000 ns from 10,000 × its number on.
    private func history() throws -> History {
        var operations: [Operation] = []
        for number in 0..<20 {
            let start = Int64(number) * 10_000
            let function = number % 2 == 0 ? "write" : "read"
            let kind: Operation.Kind = number % 10 == 8 ? .fail : .ok
            operations.append(
                Operation(index: 2 * number, time: start, process: .client(0), kind: .invoke, function: function))
            operations.append(
                Operation(
                    index: 2 * number + 1, time: start + 1000, process: .client(0), kind: kind, function: function))
        }
        return try History(operations)
    }

    private func audit(_ times: [[Int64]]) throws -> DurabilityAudit? {
        DurabilityAudit(
            try history(), readOnly: ["read"], syncs: times.map { DurabilityCounters(syncs: $0.count, syncTimes: $0) },
            origin: 5)
    }

    @Test func `only syncs during an operation count, on any node`() throws {
        #expect(try audit([]) == nil)
        #expect(try audit([[], []])?.sentence == "8 writes acknowledged, 0 calls to fsync")
        #expect(try audit([[]])?.warning != nil)
        // Just before, at the beginning, at the end, just after; and during a read.
        #expect(try audit([[4, 10_500, 20_005], [41_005, 61_006]])?.synced == 2)
        let all = (0..<20).map { Int64($0) * 10_000 + 500 }
        #expect(try audit([all])?.synced == 8)
        #expect(try audit([all])?.warning == nil)
    }
}
