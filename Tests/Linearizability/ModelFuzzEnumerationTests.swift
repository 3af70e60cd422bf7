import PolygraphChecking
import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels
import Testing

/// Every history of up to four operations of the models that say much with few requests.
@Suite struct ModelFuzzEnumerationTests {
    /// A model with the few requests that are enumerated.
    struct SmallDomain: Sendable, CustomStringConvertible {
        var model: any Model
        var requests: [ModelVocabulary.Request]
        var operations: Int

        var description: String { "\(model.name), up to \(operations) operations" }
    }

    private static func request(
        _ function: String, _ input: Value = .null, _ answers: [Value], canBeRefused: Bool = false
    ) -> ModelVocabulary.Request {
        ModelVocabulary.Request(function: function, input: input, answers: answers, canBeRefused: canBeRefused)
    }

    static let domains: [SmallDomain] = {
        func queue(_ insert: String, _ remove: String) -> [ModelVocabulary.Request] {
            [request(insert, 1, [1]), request(insert, 2, [2]), request(remove, .null, [.null, 1, 2])]
        }
        let lock = [request("acquire", .null, [.null]), request("release", .null, [.null])]
        return [
            SmallDomain(
                model: Register(initial: 0),
                requests: [request("write", 0, [0]), request("write", 1, [1]), request("read", .null, [0, 1])],
                operations: 4),
            SmallDomain(
                model: CASRegister(initial: 0),
                requests: [
                    request("write", 1, [1]), request("cas", [0, 1], [.null], canBeRefused: true),
                    request("read", .null, [0, 1]),
                ], operations: 4),
            SmallDomain(model: OwnerlessMutex(), requests: lock, operations: 4),
            SmallDomain(model: CountingSemaphore(permits: 2), requests: lock, operations: 4),
            SmallDomain(
                model: Counter(), requests: [request("increment", .null, [.null]), request("read", .null, [0, 1, 2])],
                operations: 4),
            SmallDomain(
                model: FetchAndAdd(), requests: [request("fetch-and-add", 1, [0, 1]), request("read", .null, [1])],
                operations: 4),
            SmallDomain(
                model: ElementSet(),
                requests: [request("add", 1, [true, .null]), request("remove", 1, [true, false])], operations: 4),
            SmallDomain(model: FIFOQueue(), requests: queue("enqueue", "dequeue"), operations: 4),
            SmallDomain(model: UnorderedQueue(), requests: queue("enqueue", "dequeue"), operations: 4),
            SmallDomain(model: LIFOStack(), requests: queue("push", "pop"), operations: 4),
            SmallDomain(model: PriorityQueue(), requests: queue("insert", "poll"), operations: 4),
        ]
    }()

    /// One way in which an operation can go.
    private struct Way {
        var function: String
        var input: Value
        /// Nil for an operation that nobody hears of again.
        var end: (kind: Operation.Kind, value: Value, error: String?)?
    }

    private static func ways(_ requests: [ModelVocabulary.Request]) -> [Way] {
        requests.flatMap { request -> [Way] in
            let answered = request.answers.map {
                Way(function: request.function, input: request.input, end: (.ok, $0, nil))
            }
            let refused = Way(function: request.function, input: request.input, end: (.fail, .null, "mismatch"))
            let open = Way(function: request.function, input: request.input, end: nil)
            return answered + (request.canBeRefused ? [refused] : []) + [open]
        }
    }

    /// Calls `body` with every history of exactly `count` operations, once for histories that differ only in the
    /// numbers of the processes or in the order of ends that no begin separates.
    private static func histories(_ count: Int, _ ways: [Way], _ body: ([Operation]) -> Void) {
        var events: [Operation] = []
        var open: [(process: Int, way: Way)] = []
        func append(_ process: Int, _ kind: Operation.Kind, _ way: Way, _ value: Value, _ error: String? = nil) {
            events.append(
                Operation(
                    index: events.count, time: Int64(events.count) * 1_000, process: .client(process), kind: kind,
                    function: way.function, value: value, error: error))
        }
        func extend(begun: Int, lastEnd: Int) {
            if begun == count, open.isEmpty { return body(events) }
            for (place, operation) in open.enumerated() where operation.process > lastEnd {
                guard let end = operation.way.end else { continue }
                // An end that must come before this one in a row of ends cannot come any more.
                if begun == count, place > 0 { break }
                append(operation.process, end.kind, operation.way, end.value, end.error)
                open.remove(at: place)
                extend(begun: begun, lastEnd: operation.process)
                open.insert(operation, at: place)
                events.removeLast()
            }
            guard begun < count else { return }
            for way in ways {
                append(begun, .invoke, way, way.input)
                if way.end != nil { open.append((begun, way)) }
                extend(begun: begun + 1, lastEnd: -1)
                if way.end != nil { open.removeLast() }
                events.removeLast()
            }
        }
        extend(begun: 0, lastEnd: -1)
    }

    @Test(arguments: domains)
    func everyHistory(domain: SmallDomain) {
        #if DEBUG
            let operations = domain.operations - 1
        #else
            let operations = domain.operations
        #endif
        let counts = check(domain.model, Self.ways(domain.requests), operations)
        #expect(counts.valid > 80 && counts.invalid > 80, "\(counts)")
    }

    private func check<M: Model>(_ model: M, _ ways: [Way], _ operations: Int) -> (valid: Int, invalid: Int) {
        let oracle = ExhaustiveSearch(model)
        var counts = (valid: 0, invalid: 0)
        for count in 1...operations {
            Self.histories(count, ways) { events in
                let expected = oracle.isLinearizable(events)
                if expected { counts.valid += 1 } else { counts.invalid += 1 }
                let actual = ModelFuzzTests.verdict(events, model)
                if actual != (expected ? .valid : .invalid) {
                    Issue.record("\(actual) instead of \(expected): \(events)")
                }
            }
        }
        return counts
    }

    /// Operations begin in a given order, and each ends in one of the gaps between later begins: n! ways.
    @Test func eachOrderOfEventsComesOnce() {
        let way = Way(function: "f", input: .null, end: (.ok, .null, nil))
        for (count, orders) in [(1, 1), (2, 2), (3, 6), (4, 24)] {
            var seen: Set<[Operation]> = []
            var made = 0
            Self.histories(count, [way]) { events in
                made += 1
                seen.insert(events)
            }
            #expect(made == seen.count)
            #expect(made == orders, "\(count) operations")
        }
    }
}
