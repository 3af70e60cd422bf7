import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Histories in which most of what changes the register never returns, over so few values that the same operation can
/// help at many moments, but only as often as it was invoked.
@Suite struct OptionalOperationTests {
    static let rounds: UInt64 = {
        #if DEBUG
            30_000
        #else
            60_000
        #endif
    }()

    /// Reads and successful compare-and-sets that return, among writes and compare-and-sets that do not.
    static func history(_ seed: UInt64) -> History {
        var random = SeededGenerator(seed)
        let values = Int64.random(in: 2...4, using: &random)
        let noise = [0.0, 0.1, 0.3].randomElement(using: &random) ?? 0.0
        var optionalLeft = Int.random(in: 2...6, using: &random)
        var mandatoryLeft = Int.random(in: 2...6, using: &random)
        var script = HistoryScript()
        var state: Value = .null
        var next = 0
        // What has no effect yet: process, function, argument.
        var waiting: [(process: Int, function: String, input: Value)] = []
        var answers: [(process: Int, answer: Value)] = []
        func pick() -> Value { .integer(Int64.random(in: 0..<values, using: &random)) }
        var open: Set<Int> = []
        while mandatoryLeft > 0 || !open.isEmpty {
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where optionalLeft > 0:
                optionalLeft -= 1
                let isWrite = random.chance(0.6)
                let input: Value = isWrite ? pick() : .list([random.chance(0.5) ? state : pick(), pick()])
                script.invoke(next, isWrite ? "write" : "cas", input)
                waiting.append((next, isWrite ? "write" : "cas", input))
                next += 1
            case 1 where mandatoryLeft > 0 && open.count < 3:
                mandatoryLeft -= 1
                let function = ["read", "read", "read", "cas", "write"].randomElement(using: &random) ?? "read"
                let input: Value = function == "read" ? .null : function == "write" ? pick() : .list([state, pick()])
                script.invoke(next, function, input)
                waiting.append((next, function, input))
                open.insert(next)
                next += 1
            case 2, 3:
                guard !waiting.isEmpty else { continue }
                let (process, function, input) = waiting.remove(at: Int.random(in: waiting.indices, using: &random))
                var answer = input
                switch function {
                case "read": answer = random.chance(noise) ? pick() : state
                case "write": state = input
                default: if let pair = input.elements, pair[0] == state { state = pair[1] }
                }
                if open.contains(process) { answers.append((process, answer)) }
            default:
                guard !answers.isEmpty else { continue }
                let (process, answer) = answers.remove(at: Int.random(in: answers.indices, using: &random))
                script.complete(process, .ok, answer)
                open.remove(process)
            }
        }
        return script.history
    }

    @Test func theEnginesAgree() {
        var counts = (valid: 0, invalid: 0)
        for seed in 0..<Self.rounds {
            let history = Self.history(seed)
            let partition = Partition.split(history, failedCAS: .mismatch)[0]
            let search = KeySearch(partition.operations, columns: history.columns, model: CASRegister())
            var second = DepthFirstSearch(search, model: CASRegister())
            let expected = second.decide(within: Budget(deadline: .max, bytes: .max / 4)) == .linearizable
            if expected { counts.valid += 1 } else { counts.invalid += 1 }
            for effort in OracleTests.efforts {
                let actual = OracleTests.decide(history, CASRegister(), effort: effort, seed: seed)
                #expect(actual == expected, "\(effort), seed \(seed)")
                if actual != expected { return }
            }
        }
        #expect(counts.valid > Int(Self.rounds) / 5 && counts.invalid > Int(Self.rounds) / 10, "\(counts)")
    }

    /// Not counting optional operations makes more orders possible, never fewer; an order that uses none too often is
    /// one.
    @Test func countingLessAllowsMore() {
        var refined = 0
        let budget = Budget(deadline: .max, bytes: .max / 4)
        for seed in 0..<Self.rounds {
            let history = Self.history(seed)
            let partition = Partition.split(history, failedCAS: .mismatch)[0]
            let search = KeySearch(partition.operations, columns: history.columns, model: CASRegister())
            var second = DepthFirstSearch(search, model: CASRegister())
            let expected = second.decide(within: budget) == .linearizable
            let table = search.table
            let operations = partition.operations.indices.compactMap { place -> SearchOperation? in
                let (operation, label) = (partition.operations[place], table.labels[place])
                if !operation.isMandatory && table.isObserver[Int(label)] { return nil }
                return SearchOperation(
                    invoked: operation.invoked, returned: operation.returned, label: label, source: Int32(place))
            }
            let verifier = WitnessVerifier(history, model: CASRegister(), failedCAS: .mismatch)
            var counted: Set<Int32> = []
            while true {
                let schedule = Schedule(operations, table: table, tracking: .only(counted))
                let steps = ShapedTransitions(table)
                let end = FrontierSearch(schedule, table: table, steps: steps, budget: budget).run()
                guard case .found(let path) = end else {
                    #expect(!expected, "an order was missed, seed \(seed)")
                    break
                }
                let overused = WitnessOrder<ShapedTransitions>.overused(path, schedule: schedule)
                if overused.isEmpty {
                    let order = WitnessOrder.build(
                        path, schedule: schedule, table: table, steps: steps,
                        within: Budget(deadline: .max, bytes: .max / 4))
                    let positions = (order ?? []).map { Int(partition.operations[Int($0)].invoked) }
                    #expect(expected && verifier.fault(in: positions, of: 3) == nil, "seed \(seed)")
                    break
                }
                if overused.isSubset(of: counted) { break }
                counted.formUnion(overused)
                refined += 1
            }
        }
        #expect(refined > Int(Self.rounds) / 100, "\(refined)")
    }
}
