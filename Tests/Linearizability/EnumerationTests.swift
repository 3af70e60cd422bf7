import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Every history of up to three register operations, in every interleaving and with every ending.
@Suite struct EnumerationTests {
    /// What an operation can be: a write or a read of one of three values, or a write that ends unknown.
    private static let kinds: [(function: String, value: Value, ends: Operation.Kind)] = [
        ("write", 0, .ok), ("write", 1, .ok), ("write", 0, .info), ("write", 1, .info), ("write", 0, .fail),
        ("read", .null, .ok), ("read", 0, .ok), ("read", 1, .ok),
    ]

    /// All orders of the invocations and completions of `count` operations, operation numbers twice each.
    private static func interleavings(_ count: Int) -> [[Int]] {
        var all: [[Int]] = []
        func extend(_ order: [Int], _ left: [Int]) {
            if left.allSatisfy({ $0 == 0 }) { return all.append(order) }
            for operation in 0..<count where left[operation] > 0 {
                var rest = left
                rest[operation] -= 1
                extend(order + [operation], rest)
            }
        }
        extend([], Array(repeating: 2, count: count))
        return all
    }

    @Test func everyHistoryOfUpToThreeOperations() {
        var checked = 0
        for count in 1...3 {
            let choices = (0..<count).reduce(1) { product, _ in product * Self.kinds.count }
            for interleaving in Self.interleavings(count) {
                for choice in 0..<choices {
                    var rest = choice
                    let picked = (0..<count).map { _ in
                        defer { rest /= Self.kinds.count }
                        return Self.kinds[rest % Self.kinds.count]
                    }
                    var script = HistoryScript()
                    var started: Set<Int> = []
                    for operation in interleaving {
                        let kind = picked[operation]
                        if started.insert(operation).inserted {
                            script.invoke(operation, kind.function, kind.function == "read" ? .null : kind.value)
                        } else {
                            script.complete(operation, kind.ends, kind.value)
                        }
                    }
                    let history = script.history
                    let expected = ExhaustiveOracle().isLinearizable(history)
                    let actual = OracleTests.decide(history, Register(), seed: 0)
                    #expect(
                        actual == expected,
                        "\(script.events.map { "\($0.process) \($0.kind) \($0.function) \($0.value)" })")
                    checked += 1
                }
            }
        }
        #expect(checked == 8 + 6 * 64 + 90 * 512)
    }
}
