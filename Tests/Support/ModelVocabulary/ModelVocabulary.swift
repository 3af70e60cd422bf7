import PolygraphHistory
import PolygraphModels

/// A model with a small set of requests and answers, right and wrong, from which tests make calls and histories.
public struct ModelVocabulary: Sendable, CustomStringConvertible {
    /// Something that a client may ask for, and what it may hear.
    public struct Request: Sendable {
        public var function: String
        public var input: Value
        public var answers: [Value]
        /// Whether a refusal is an observation.
        public var canBeRefused = false

        public init(function: String, input: Value, answers: [Value], canBeRefused: Bool = false) {
            self.function = function
            self.input = input
            self.answers = answers
            self.canBeRefused = canBeRefused
        }
    }

    public var model: any Model
    public var requests: [Request]
    /// The key that every operation carries; nil for none.
    public var key: Value?
    /// What tells this one from others of the same model.
    public var variant = ""

    public var description: String { variant.isEmpty ? model.name : "\(model.name), \(variant)" }

    public func call(_ request: Request, process: Int, output: Value?, outcome: Call.Outcome) -> Call {
        Call(
            function: request.function, input: request.input, output: output, outcome: outcome,
            process: model.needsProcess ? process : nil, key: key)
    }

    /// One or more for each model of the catalog.
    public static let all: [ModelVocabulary] = registers + keyed + locks + containers + numbers
}

private typealias Request = ModelVocabulary.Request

private let pairs: [Value] = [[0, 1], [1, 0], [1, 2], [.null, 1], [2, 2]]

extension ModelVocabulary {
    static var registers: [ModelVocabulary] {
        let plain =
            [0, 1, 2].map { Request(function: "write", input: $0, answers: [$0]) } + [
                Request(function: "read", input: .null, answers: [.null, 0, 1, 2]),
                Request(function: "read", input: .null, answers: [.null, 0, 1, 2]),
            ]
        let compare = pairs.map { Request(function: "cas", input: $0, answers: [$0], canBeRefused: true) }
        return [
            ModelVocabulary(model: Register(), requests: plain),
            ModelVocabulary(
                model: Register(initial: 1, nilRead: .any), requests: plain, variant: "initial value, null reads any"),
            ModelVocabulary(model: CASRegister(), requests: plain + compare),
            ModelVocabulary(
                model: CASRegister(initial: 0, nilRead: .any), requests: plain + compare,
                variant: "initial value, null reads any"),
        ]
    }

    static var keyed: [ModelVocabulary] {
        let read = Value.string("r")
        let write = Value.string("write")
        let transactions: [Request] = [
            Request(
                function: "txn", input: [[read, "x", .null], [write, "y", 1]],
                answers: [.null, 0, 1].map { [[read, "x", $0], [write, "y", 1]] }),
            Request(
                function: "txn", input: [[write, "x", 1], [":r", "x", .null], [":w", "y", 0]],
                answers: [.null, 0, 1].map { [[write, "x", 1], [":r", "x", $0], [":w", "y", 0]] }),
            Request(
                function: "txn", input: [[read, "x", .null], [read, "y", .null]],
                answers: [.null, 0, 1].flatMap { first in
                    [.null, 0, 1].map { [[read, "x", first], [read, "y", $0]] }
                }),
        ]
        var pairRequests: [Request] = []
        for key in ["x", "y"] as [Value] {
            for value in [0, 1] as [Value] {
                pairRequests.append(Request(function: "write", input: [key, value], answers: [[key, value]]))
            }
            pairRequests.append(Request(function: "read", input: key, answers: [.null, 0, 1]))
            pairRequests.append(
                Request(function: "read", input: [key, .null], answers: [[key, .null], [key, 0], [key, 1]]))
            pairRequests.append(
                Request(function: "cas", input: [key, [0, 1]], answers: [.null], canBeRefused: true))
        }
        let map =
            pairRequests.map { request in
                var request = request
                if request.function == "write" { request.function = "put" }
                if request.function == "read" { request.function = "get" }
                return request
            } + [Request(function: "delete", input: "x", answers: [.null, true])]
        let ofOneKey: [Request] = [
            Request(function: "put", input: [0, 1], answers: [.null]),
            Request(function: "write", input: 1, answers: [1]),
            Request(function: "get", input: .null, answers: [.null, 1, [0, 1]]),
            Request(function: "read", input: .null, answers: [.null, 1, [0, 1]]),
            Request(function: "delete", input: .null, answers: [.null]),
            Request(function: "cas", input: [1, [0, 1]], answers: [.null], canBeRefused: true),
        ]
        let strings: [Request] = [
            Request(function: "put", input: ["x", "a"], answers: [.null]),
            Request(function: "put", input: ["x", ""], answers: [.null]),
            Request(function: "append", input: ["x", "a"], answers: [["x", "a"]]),
            Request(function: "append", input: ["x", "b"], answers: [.null]),
            Request(function: "append", input: ["y", "b"], answers: [.null]),
            Request(function: "get", input: "x", answers: ["", "a", "b", "ab", "ba", "aa", .null]),
            Request(function: "get", input: "y", answers: ["", "b", "bb"]),
        ]
        return [
            ModelVocabulary(model: MultiRegister(), requests: pairRequests + transactions),
            ModelVocabulary(
                model: MultiRegister(initial: ["x": 1], nilRead: .any), requests: pairRequests + transactions,
                variant: "initial value, null reads any"),
            ModelVocabulary(model: KeyValueMap(initial: ["x": 0]), requests: map + transactions),
            ModelVocabulary(
                model: KeyValueMap(initial: ["k": 1, "l": 2]), requests: ofOneKey, key: "k",
                variant: "operations with a key"),
            ModelVocabulary(model: StringMap(), requests: strings),
            ModelVocabulary(
                model: StringMap(initial: ["k": "a"]),
                requests: [
                    Request(function: "put", input: "a", answers: [.null]),
                    Request(function: "append", input: "b", answers: ["b"]),
                    Request(function: "get", input: .null, answers: ["", "a", "b", "ab", "abb"]),
                ], key: "k", variant: "operations with a key"),
        ]
    }

    static var locks: [ModelVocabulary] {
        let unnamed: [Request] = [
            Request(function: "acquire", input: .null, answers: [.null]),
            Request(function: "release", input: .null, answers: [.null]),
        ]
        let named: [Request] = [
            Request(function: "lock", input: "me", answers: [true]),
            Request(function: "unlock", input: "me", answers: [true]),
        ]
        let tokens: [Value] = [1, 2, 3, 4]
        let fenced: [Request] =
            [
                Request(function: "acquire", input: .null, answers: tokens),
                Request(function: "lock", input: .null, answers: tokens),
                Request(function: "release", input: .null, answers: [.null]),
            ] + tokens.prefix(3).map { Request(function: "release", input: $0, answers: [.null]) }
        let several: [Request] =
            unnamed + [
                Request(function: "acquire", input: 2, answers: [2]),
                Request(function: "release", input: 2, answers: [.null]),
            ]
        let elections: [Request] = [
            Request(function: "elected", input: [1, "a"], answers: [.null]),
            Request(function: "elected", input: [1, "b"], answers: [.null]),
            Request(function: "elected", input: [2, "b"], answers: [[2, "b"]]),
            Request(function: "leader", input: .null, answers: [.null, [1, "a"], [2, "a"], [2, "b"], [3, "c"]]),
        ]
        return [
            ModelVocabulary(model: OwnerlessMutex(), requests: unnamed),
            ModelVocabulary(model: OwnerlessMutex(initial: true), requests: unnamed, variant: "held at first"),
            ModelVocabulary(model: OwnerMutex(), requests: unnamed + named),
            ModelVocabulary(model: ReentrantMutex(), requests: unnamed + named),
            ModelVocabulary(model: FencedMutex(), requests: fenced),
            ModelVocabulary(model: FencedMutex(lastToken: 1), requests: fenced, variant: "after token 1"),
            ModelVocabulary(model: CountingSemaphore(), requests: unnamed),
            ModelVocabulary(model: CountingSemaphore(permits: 3, initial: 2), requests: several, variant: "3 permits"),
            ModelVocabulary(model: LeaderElection(), requests: elections),
        ]
    }

    static var containers: [ModelVocabulary] {
        func container(_ insert: String, _ remove: String) -> [Request] {
            [1, 2, 3].map { Request(function: insert, input: $0, answers: [$0]) }
                + [Request(function: remove, input: .null, answers: [.null, 1, 2, 3])]
                + [Request(function: remove, input: .null, answers: [.null, 1, 2])]
        }
        var elements: [Request] = []
        for element in [1, 2, true] as [Value] {
            elements.append(Request(function: "add", input: element, answers: [true, false, element, .null]))
            elements.append(Request(function: "remove", input: element, answers: [true, false, .null]))
            elements.append(Request(function: "contains", input: element, answers: [true, false]))
        }
        let whole = Request(
            function: "read", input: .null, answers: [[], [1], [2], [2, 1], [1, 2, true], [1, true]])
        let added = [1, 2, 3].map { Request(function: "add", input: $0, answers: [.null, $0]) }
        let reads = Request(
            function: "read", input: .null, answers: [[], [1], [2], [2, 1], [1, 2, 3], [3, 1], [1, 1]])
        let log: [Request] = [
            Request(function: "append", input: 7, answers: [7, .null, 0, 1, 2, [1, 7]]),
            Request(function: "append", input: 8, answers: [8, 0, 1]),
            Request(
                function: "read", input: .null,
                answers: [[], [7], [8], [7, 7], [7, 8], [8, 7], [8, 7, 7], [7, 8, 7]]),
        ]
        return [
            ModelVocabulary(model: FIFOQueue(), requests: container("enqueue", "dequeue")),
            ModelVocabulary(
                model: FIFOQueue(initial: [2, 1]), requests: container("offer", "poll"), variant: "filled at first"),
            ModelVocabulary(model: UnorderedQueue(), requests: container("enqueue", "dequeue")),
            ModelVocabulary(
                model: UnorderedQueue(initial: [1, 1, 2]), requests: container("send", "take"),
                variant: "filled at first"),
            ModelVocabulary(model: LIFOStack(), requests: container("push", "pop")),
            ModelVocabulary(model: LIFOStack(initial: [2, 1]), requests: container("push", "pop"), variant: "filled"),
            ModelVocabulary(model: PriorityQueue(), requests: container("insert", "poll")),
            ModelVocabulary(
                model: PriorityQueue(initial: [2, 1, 2]), requests: container("add", "delete-min"), variant: "filled"),
            ModelVocabulary(model: ElementSet(), requests: elements),
            ModelVocabulary(model: ElementSet(initial: [1]), requests: elements + [whole], variant: "read as a whole"),
            ModelVocabulary(model: GrowOnlySet(), requests: added + [reads, reads]),
            ModelVocabulary(model: AppendOnlyLog(), requests: log),
            ModelVocabulary(
                model: UniqueIDs(), requests: [Request(function: "generate", input: .null, answers: [1, 2, 3, 4, 5])]),
        ]
    }

    static var numbers: [ModelVocabulary] {
        let sums: [Value] = [-1, 0, 1, 2, 3, 4]
        let counter: [Request] = [
            Request(function: "add", input: 2, answers: [2]),
            Request(function: "add", input: -1, answers: [.null]),
            Request(function: "add", input: 0, answers: [.null]),
            Request(function: "increment", input: .null, answers: [.null]),
            Request(function: "decrement", input: 2, answers: [.null]),
            Request(function: "read", input: .null, answers: sums),
            Request(function: "read", input: .null, answers: sums),
        ]
        let fetch: [Request] = [
            Request(function: "fetch-and-add", input: 1, answers: sums),
            Request(function: "add", input: 2, answers: sums),
            Request(function: "fetch-and-add", input: -1, answers: sums),
            Request(function: "fetch-and-add", input: 0, answers: sums),
            Request(function: "read", input: .null, answers: sums),
        ]
        return [
            ModelVocabulary(model: Counter(), requests: counter),
            ModelVocabulary(model: FetchAndAdd(), requests: fetch),
            ModelVocabulary(model: FetchAndAdd(initial: 1), requests: fetch, variant: "initial value"),
        ]
    }
}
