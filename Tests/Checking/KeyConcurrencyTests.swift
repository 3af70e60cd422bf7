import PolygraphHistory
import Testing

@testable import PolygraphChecking

@Suite struct KeyConcurrencyTests {
    /// Operations of several processes on few keys, in a random order.
    private func history(_ seed: UInt64) throws -> History {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func draw(_ limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
        var open: [Int: Operation] = [:]
        var events: [Operation] = []
        for index in 0..<(1 + draw(60)) {
            let process = draw(4)
            if var operation = open.removeValue(forKey: process) {
                operation.index = index
                operation.kind = [.ok, .fail, .ok][draw(3)]
                events.append(operation)
            } else {
                let operation = Operation(
                    index: index, time: Int64(index), process: .client(process), kind: .invoke,
                    function: ["read", "write", "cas"][draw(3)], key: .integer(Int64(draw(3))))
                open[process] = operation
                events.append(operation)
            }
        }
        return try History(events)
    }

    @Test(arguments: UInt64(1)...300) func `it counts what a comparison of all pairs counts`(seed: UInt64) throws {
        let history = try history(seed)
        let calls = history.invocations.map { position in
            (
                operation: history.operations[position], from: position,
                to: history.partner[position] < 0 ? Int.max : Int(history.partner[position])
            )
        }
        let meeting = calls.indices.filter { one in
            calls.indices.contains { other in
                one != other && calls[one].operation.key == calls[other].operation.key
                    && calls[one].from < calls[other].to && calls[other].from < calls[one].to
                    && (calls[one].operation.function != "read" || calls[other].operation.function != "read")
            }
        }
        let concurrency = KeyConcurrency(history, readOnly: ["read"])
        #expect(concurrency.operations == calls.count)
        #expect(concurrency.overlapping == meeting.count)
    }
}
