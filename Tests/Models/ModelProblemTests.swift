import PolygraphHistory
import PolygraphModels
import Testing

/// Calls that a model cannot judge are named before anything is judged.
@Suite struct ModelProblemTests {
    private static let wrongForms: [(model: String, function: String, input: Value, output: Value?)] = [
        ("cas-register", "cas", 3, nil),
        ("cas-register", "cas", [1, 2, 3], nil),
        ("multi-register", "read", .null, 1),
        ("multi-register", "read", ["x", .null], ["y", 1]),
        ("multi-register", "write", 1, nil),
        ("multi-register", "cas", ["x", 1], nil),
        ("multi-register", "txn", "x", nil),
        ("multi-register", "txn", [["append", "x", 1]], nil),
        ("multi-register", "txn", [["r", "x"]], nil),
        ("multi-register", "txn", [["r", "x", .null]], [["r", "y", 1]]),
        ("multi-register", "txn", [["w", "x", 1]], [["w", "x", 2]]),
        ("kv", "get", .null, 1),
        ("kv", "put", "x", nil),
        ("string-kv", "append", ["x", 1], nil),
        ("string-kv", "put", "x", nil),
        ("owner-mutex", "acquire", .null, nil),
        ("reentrant-mutex", "release", .null, nil),
        ("fenced-mutex", "acquire", .null, "token"),
        ("fenced-mutex", "acquire", .null, .some(.null)),
        ("fenced-mutex", "release", "token", nil),
        ("fenced-mutex", "release", .null, nil),
        ("semaphore", "acquire", 0, nil),
        ("semaphore", "release", "one", nil),
        ("fifo-queue", "enqueue", .null, nil),
        ("unordered-queue", "enqueue", .null, nil),
        ("stack", "push", .null, nil),
        ("priority-queue", "insert", "a", nil),
        ("priority-queue", "poll", .null, "a"),
        ("set", "contains", 1, 1),
        ("set", "read", .null, 1),
        ("g-set", "read", .null, .some(.null)),
        ("counter", "add", .null, nil),
        ("counter", "increment", -1, nil),
        ("counter", "read", .null, .some(.null)),
        ("fetch-and-add", "fetch-and-add", .null, 1),
        ("fetch-and-add", "read", .null, "a"),
        ("log", "append", 1, "a"),
        ("log", "append", 1, [0, 2]),
        ("log", "read", .null, 3),
        ("unique-ids", "generate", .null, .some(.null)),
        ("leader", "elected", "a", nil),
        ("leader", "leader", .null, "a"),
    ]

    @Test func wrongFormsAreProblems() throws {
        for (name, function, input, output) in Self.wrongForms {
            let model = try #require(ModelCatalog.model(named: name))
            let call = Call(
                function: function, input: input, output: output, outcome: output == nil ? .unknown : .happened)
            let problem = try #require(model.problem(with: call), "\(name) \(call)")
            #expect(problem.contains(" "), "\(problem)")
        }
    }

    @Test(arguments: ModelCatalog.entries.map(\.name))
    func otherFunctionsAreProblems(name: String) throws {
        let model = try #require(ModelCatalog.model(named: name))
        let call = Call(function: "defragment", input: .null, output: .null)
        #expect(model.name == name)
        #expect(model.problem(with: call)?.contains("no function defragment") ?? false)
        let isAllowed = Self.allows(model, call)
        #expect(!isAllowed)
        #expect(!model.isObserver(call))
    }

    private static func allows<M: Model>(_ model: M, _ call: Call) -> Bool { model.step(model.initial, call) != nil }

    @Test func refusalsOfOtherFunctionsAreProblems() throws {
        for (name, function, input) in [
            ("kv", "put", ["x", 1]), ("mutex", "acquire", .null), ("fifo-queue", "dequeue", .null),
            ("counter", "add", 1), ("log", "append", 1),
        ] as [(String, String, Value)] {
            let model = try #require(ModelCatalog.model(named: name))
            let call = Call(function: function, input: input, output: nil, outcome: .refused)
            #expect(model.problem(with: call)?.contains("refused") ?? false, "\(name)")
        }
    }

    @Test func everyModelOfTheCommandLineExists() {
        let names: Set<String> = [
            "register", "cas-register", "multi-register", "kv", "string-kv", "mutex", "owner-mutex", "reentrant-mutex",
            "fenced-mutex", "semaphore", "fifo-queue", "unordered-queue", "stack", "priority-queue", "set", "g-set",
            "counter", "fetch-and-add", "log", "unique-ids", "leader",
        ]
        #expect(Set(ModelCatalog.entries.map(\.name)) == names)
        #expect(ModelCatalog.entries.count == names.count)
    }

    @Test func initialValuesOfTheWrongFormAreErrors() throws {
        for (name, initial) in [
            ("kv", 3), ("string-kv", ["x": 3]), ("mutex", 1), ("fenced-mutex", "a"), ("semaphore", 2),
            ("fifo-queue", 1), ("priority-queue", ["a"]), ("set", 1), ("counter", "a"), ("leader", [1]),
        ] as [(String, Value)] {
            let entry = try #require(ModelCatalog.entries.first { $0.name == name })
            #expect(throws: ModelOptionsError.self, "\(name)") { try entry.make(ModelOptions(initial: initial)) }
        }
    }

    @Test func initialValuesAreUsed() throws {
        for (name, initial, function, input, output) in [
            ("register", 3, "read", .null, 3), ("kv", ["x": 1], "get", "x", 1),
            ("kv", [[7, 1]], "get", 7, 1), ("string-kv", ["x": "a"], "get", "x", "a"),
            ("mutex", true, "release", .null, .null), ("owner-mutex", "me", "release", "me", .null),
            ("fenced-mutex", 4, "acquire", .null, 5), ("fifo-queue", [1, 2], "dequeue", .null, 1),
            ("stack", [1, 2], "pop", .null, 2), ("priority-queue", [2, 1, 3], "poll", .null, 1),
            ("unordered-queue", [1, 2], "dequeue", .null, 2), ("set", [1], "contains", 1, true),
            ("g-set", [1], "read", .null, [1]), ("counter", 5, "read", .null, 5),
            ("fetch-and-add", 5, "read", .null, 5),
            ("log", [1], "read", .null, [1]), ("leader", [[1, "a"]], "leader", .null, [1, "a"]),
        ] as [(String, Value, String, Value, Value)] {
            let model = try #require(ModelCatalog.model(named: name, initial: initial))
            let call = Call(function: function, input: input, output: output)
            let isAllowed = Self.allows(model, call)
            #expect(isAllowed, "\(name)")
        }
    }
}
