import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

@Suite struct ObjectDiagnosisTests {
    /// A name claims that there is no order, so it must never be given where there is one.
    @Test(arguments: ObjectSpecification.all.map(\.name))
    func noNameWhereThereIsAnOrder(name: String) throws {
        let specification = try #require(ObjectSpecification.all.first { $0.name == name })
        var names: [String: Int] = [:]
        var invalid = 0
        for seed in 0..<UInt64(20_000) {
            let history = specification.history(seed: seed)
            guard history.invocations.contains(where: { history.completion(of: $0)?.kind == .ok }) else { continue }
            let found = specification.diagnose(ObjectSpecification.scene(history))
            let isLinearizable = specification.isLinearizable(history)
            if !isLinearizable { invalid += 1 }
            if let found {
                names[found.name.rawValue, default: 0] += 1
                #expect(!isLinearizable, "\(name), seed \(seed): \(found)")
            }
        }
        // A good part of the contradictions that small histories have is named.
        let named = names.values.reduce(0, +)
        #expect(invalid > 300 && named * 3 > invalid, "\(name): \(invalid) invalid, \(names)")
    }

    private func name(_ history: History, _ specification: String) throws -> String? {
        let specification = try #require(ObjectSpecification.all.first { $0.name == specification })
        #expect(!specification.isLinearizable(history))
        return specification.diagnose(ObjectSpecification.scene(history))?.name.rawValue
    }

    /// A history without overlaps: process, function, input, answer.
    private func history(_ calls: [(Int, String, Value, Value)]) -> History {
        var script = HistoryScript()
        for (process, function, input, answer) in calls { script.run(process, function, input, gets: answer, key: 1) }
        return script.history
    }

    @Test func queues() throws {
        let fifo = "fifo-queue"
        #expect(
            try name(history([(1, "enqueue", 1, 1), (2, "dequeue", .null, 1), (3, "dequeue", .null, 1)]), fifo)
                == "duplicate delivery")
        #expect(
            try name(
                history([
                    (1, "enqueue", 1, 1), (1, "enqueue", 2, 2), (2, "dequeue", .null, 2), (3, "dequeue", .null, 1),
                ]), fifo) == "out-of-order delivery")
        #expect(
            try name(history([(1, "enqueue", 1, 1), (1, "enqueue", 2, 2), (2, "dequeue", .null, 2)]), fifo)
                == "lost element")
        #expect(try name(history([(2, "dequeue", .null, 2)]), fifo) == "delivery of an element never added")
        #expect(try name(history([(1, "enqueue", 1, 1), (2, "dequeue", .null, .null)]), fifo) == "lost element")
        #expect(
            try name(history([(1, "enqueue", 1, 1), (2, "dequeue", .null, .null), (2, "dequeue", .null, 1)]), fifo)
                == "empty although not empty")
        #expect(
            try name(
                history([(1, "push", 1, 1), (1, "push", 2, 2), (2, "pop", .null, 1), (3, "pop", .null, 2)]), "stack")
                == "out-of-order delivery")
        #expect(
            try name(history([(1, "insert", 3, 3), (1, "insert", 2, 2), (2, "poll", .null, 3)]), "priority-queue")
                == "out-of-order delivery")
    }

    @Test func locks() throws {
        #expect(
            try name(history([(1, "acquire", .null, .null), (2, "acquire", .null, .null)]), "mutex")
                == "two holders of a lock")
        #expect(
            try name(
                history([(1, "acquire", .null, .null), (2, "acquire", .null, .null), (1, "release", .null, .null)]),
                "owner-mutex") == "two holders of a lock")
        #expect(
            try name(history([(1, "acquire", .null, .null), (2, "release", .null, .null)]), "owner-mutex")
                == "release by one who does not hold")
        #expect(
            try name(
                history([(1, "acquire", .null, .null), (1, "acquire", .null, .null), (2, "acquire", .null, .null)]),
                "reentrant-mutex") == "two holders of a lock")
        #expect(
            try name(
                history([(1, "acquire", .null, 2), (1, "release", .null, .null), (2, "acquire", .null, 1)]),
                "fenced-mutex") == "token went backwards")
        #expect(
            try name(
                history([(1, "acquire", .null, .null), (2, "acquire", .null, .null), (3, "acquire", .null, .null)]),
                "semaphore") == "more permits than there are")
    }

    @Test func numbersAndLists() throws {
        #expect(try name(history([(1, "add", 2, .null), (2, "read", .null, 1)]), "counter") == "counter read too low")
        #expect(try name(history([(1, "add", 2, .null), (2, "read", .null, 3)]), "counter") == "counter read too high")
        #expect(
            try name(history([(1, "add", 2, .null), (2, "read", .null, 2), (3, "read", .null, 0)]), "counter")
                == "non-monotonic read")
        #expect(
            try name(history([(1, "fetch-and-add", 1, 0), (2, "fetch-and-add", 1, 0)]), "fetch-and-add")
                == "lost update")
        #expect(try name(history([(1, "append", 1, .null), (2, "read", .null, [])]), "log") == "lost append")
        #expect(
            try name(
                history([
                    (1, "append", 1, .null), (2, "append", 2, .null), (2, "read", .null, [1, 2]),
                    (3, "read", .null, [2, 1]),
                ]), "log") == "divergent order")
        #expect(
            try name(
                history([(1, "append", "1;", .null), (2, "append", "2;", .null), (2, "get", .null, "2;")]), "string-kv")
                == "lost append")
        #expect(try name(history([(1, "add", 1, true), (2, "contains", 1, false)]), "set") == "lost element")
        #expect(
            try name(history([(1, "add", 1, true), (2, "remove", 1, true), (3, "contains", 1, true)]), "set")
                == "resurrected value")
        #expect(
            try name(history([(1, "add", 1, true), (2, "contains", 1, false), (3, "contains", 1, true)]), "set")
                == "stale read")
    }

    @Test func identities() {
        let ids = ObjectSpecification.scene(
            history([(1, "generate", .null, 7), (2, "generate", .null, 8), (3, "generate", .null, 7)]))
        #expect(ids.duplicateID()?.name == .duplicateID)
        let leaders = ObjectSpecification.scene(
            history([
                (1, "elected", [1, "n1"], .null), (2, "leader", .null, [2, "n2"]), (3, "leader", .null, [1, "n3"]),
            ]))
        #expect(leaders.twoLeaders()?.name == .twoLeaders)
        let fine = ObjectSpecification.scene(history([(1, "generate", .null, 7), (3, "leader", .null, [1, "n3"])]))
        #expect(fine.duplicateID() == nil && fine.twoLeaders() == nil)
    }
}
