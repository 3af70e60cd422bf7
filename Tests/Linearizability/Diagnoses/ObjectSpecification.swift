import PolygraphHistory
import PolygraphModels

@testable import PolygraphLinearizability

/// A tiny object, spelled out for these tests only: what it does, and how its histories are named.
struct ObjectSpecification: Sendable {
    var name: String
    /// The successor of a state (a list of values) and the answer; nil where the object cannot do it now.
    var step: @Sendable (_ state: [Value], _ function: String, _ input: Value, _ process: Int) -> ([Value], Value)?
    /// Operations to choose from; an integer input means one of 0 ... itself.
    var calls: [(function: String, inputs: Int)]
    var isObservable: @Sendable (_ function: String) -> Bool = { _ in true }
    var diagnose: @Sendable (_ scene: ObjectScene) -> Diagnosis?

    static let all: [ObjectSpecification] = [
        container("fifo-queue", ["enqueue", "dequeue"], .oldestFirst) { _ in 0 },
        container("stack", ["push", "pop"], .youngestFirst) { $0.count - 1 },
        container("priority-queue", ["insert", "poll"], .leastFirst) { state in
            state.indices.min { (state[$0].integerValue ?? 0) < (state[$1].integerValue ?? 0) } ?? 0
        },
        set, counter, fetchAndAdd, log, lock("mutex"), lock("owner-mutex"), lock("reentrant-mutex"), fenced, semaphore,
        strings,
    ]

    private static func container(
        _ name: String, _ functions: [String], _ order: ContainerDiagnosis.Order,
        _ next: @escaping @Sendable ([Value]) -> Int
    ) -> ObjectSpecification {
        ObjectSpecification(
            name: name,
            step: { state, function, input, _ in
                if function == functions[0] { return (state + [input], .null) }
                if state.isEmpty { return (state, .null) }
                var rest = state
                let value = rest.remove(at: next(state))
                return (rest, value)
            }, calls: [(functions[0], 3), (functions[0], 3), (functions[1], -1), (functions[1], -1)],
            isObservable: { $0 == functions[1] },
            diagnose: { ContainerDiagnosis(scene: $0, order: order, initial: []).make() })
    }

    private static let set = ObjectSpecification(
        name: "set",
        step: { state, function, input, _ in
            switch function {
            case "add": (state.contains(input) ? state : state + [input], .bool(!state.contains(input)))
            case "remove": (state.filter { $0 != input }, .bool(state.contains(input)))
            case "contains": (state, .bool(state.contains(input)))
            default: (state, .list(state.sorted { "\($0)" < "\($1)" }))
            }
        }, calls: [("add", 1), ("remove", 1), ("contains", 1), ("read", -1)],
        diagnose: { SetDiagnosis(scene: $0, initial: [], tellsChanges: true).make() })

    private static let counter = ObjectSpecification(
        name: "counter",
        step: { state, function, input, _ in
            let number = state.first?.integerValue ?? 0
            switch function {
            case "add": return ([.integer(number + (input.integerValue ?? 0))], .null)
            case "decrement": return ([.integer(number - 1)], .null)
            default: return (state, .integer(number))
            }
        }, calls: [("add", 2), ("add", 2), ("read", -1), ("read", -1), ("decrement", -1)],
        isObservable: { $0 == "read" }, diagnose: { CounterDiagnosis(scene: $0, initial: 0, isFetching: false).make() })

    private static let fetchAndAdd = ObjectSpecification(
        name: "fetch-and-add",
        step: { state, function, input, _ in
            let number = state.first?.integerValue ?? 0
            return ([.integer(number + (function == "read" ? 0 : input.integerValue ?? 0))], .integer(number))
        }, calls: [("fetch-and-add", 2), ("fetch-and-add", 2), ("read", -1)],
        diagnose: { CounterDiagnosis(scene: $0, initial: 0, isFetching: true).make() })

    private static let log = ObjectSpecification(
        name: "log",
        step: { state, function, input, _ in
            function == "append" ? (state + [input], .null) : (state, .list(state))
        }, calls: [("append", 3), ("read", -1)], isObservable: { $0 == "read" },
        diagnose: { LogDiagnosis(scene: $0, initial: []).make() })

    private static let strings = ObjectSpecification(
        name: "string-kv",
        step: { state, function, input, _ in
            let text = state.first?.stringValue ?? ""
            switch function {
            case "append": return ([.string(text + "\(input);")], .null)
            case "put": return ([.string("\(input);")], .null)
            default: return (state, .string(text))
            }
        }, calls: [("append", 3), ("append", 3), ("get", -1), ("put", 3)], isObservable: { $0 == "get" },
        diagnose: { LogDiagnosis.lostAppend($0, initial: [:]) })

    private static func lock(_ name: String) -> ObjectSpecification {
        ObjectSpecification(
            name: name,
            step: { state, function, _, process in
                let me = Value.integer(Int64(process))
                if function == "acquire" {
                    let isMine = name == "reentrant-mutex" && state.allSatisfy { $0 == me }
                    return state.isEmpty || isMine ? (state + [me], .null) : nil
                }
                guard let holder = state.last, name == "mutex" || holder == me else { return nil }
                return (Array(state.dropLast()), .null)
            }, calls: [("acquire", -1), ("release", -1)], isObservable: { _ in false },
            diagnose: { LockDiagnosis(scene: $0, model: name).make() })
    }

    /// The state is the last token, and the holder where there is one.
    private static let fenced = ObjectSpecification(
        name: "fenced-mutex",
        step: { state, function, _, process in
            let me = Value.integer(Int64(process))
            let token = state.first?.integerValue ?? 0
            if function == "acquire" {
                return state.count == 2 ? nil : ([.integer(token + 1), me], .integer(token + 1))
            }
            return state.count == 2 && state[1] == me ? ([state[0]], .null) : nil
        }, calls: [("acquire", -1), ("release", -1)], isObservable: { $0 == "acquire" },
        diagnose: { LockDiagnosis(scene: $0, model: "fenced-mutex").make() })

    private static let semaphore = ObjectSpecification(
        name: "semaphore",
        step: { state, function, _, _ in
            if function == "acquire" { return state.count < 2 ? (state + [0], .null) : nil }
            return state.isEmpty ? nil : (Array(state.dropLast()), .null)
        }, calls: [("acquire", -1), ("acquire", -1), ("release", -1)], isObservable: { _ in false },
        diagnose: { LockDiagnosis(scene: $0, model: "semaphore").permits(free: 2) })

    // MARK: - Histories

    /// A history of at most seven operations; answers are often, but not always, right.
    func history(seed: UInt64) -> History {
        var random = SeededGenerator(seed)
        let count = Int.random(in: 2...7, using: &random)
        let processes = Int.random(in: 1...3, using: &random)
        let noise = [0.0, 0.15, 0.4].randomElement(using: &random) ?? 0.0
        let crashes = [0.0, 0.2].randomElement(using: &random) ?? 0.0
        var state: [Value] = []
        // Wrong answers are those of other times: stale ones, mostly.
        var past: [String: [Value]] = [:]
        var open: [Int: (operation: Operation, answer: Value?)] = [:]
        var events: [Operation] = []
        var names = Array(0..<processes)
        var issued = 0
        while issued < count || !open.isEmpty {
            let place = Int.random(in: 0..<processes, using: &random)
            let process = names[place]
            guard var running = open[process] else {
                if issued == count { continue }
                issued += 1
                let call = calls.randomElement(using: &random) ?? calls[0]
                let input: Value =
                    call.inputs < 0 ? .null : .integer(Int64.random(in: 0...Int64(call.inputs), using: &random))
                var operation = Operation(
                    index: events.count, time: Int64(events.count), process: .client(process), kind: .invoke,
                    function: call.function, key: 1, value: input, node: "n1")
                if name == "string-kv", input != .null { operation.value = .string("\(input);") }
                events.append(operation)
                open[process] = (operation, nil)
                continue
            }
            if running.answer == nil, random.chance(0.7) {
                var input = running.operation.value
                if case .string(let text) = input { input = .integer(Int64(text.dropLast()) ?? 0) }
                // The object itself goes wrong too: it mixes up or forgets what it holds.
                if random.chance(noise / 2) {
                    if random.chance(0.5) || state.isEmpty {
                        state.shuffle(using: &random)
                    } else {
                        state.remove(at: Int.random(in: state.indices, using: &random))
                    }
                }
                if let (next, answer) = step(state, running.operation.function, input, process) {
                    state = next
                    past[running.operation.function, default: []].append(answer)
                    running.answer = .some(
                        random.chance(noise)
                            ? past[running.operation.function]?.randomElement(using: &random) ?? answer : answer)
                } else {
                    running.answer = random.chance(noise) ? .some(.null) : .none
                }
                open[process] = running
                if running.answer != nil { continue }
            }
            var completion = running.operation
            completion.index = events.count
            completion.time = Int64(events.count)
            open[process] = nil
            if random.chance(crashes) {
                names[place] = (names.max() ?? 0) + 1
                completion.kind = .info
            } else if let answer = running.answer {
                completion.kind = .ok
                if isObservable(completion.function) { completion.value = answer }
            } else {
                completion.kind = .fail
            }
            events.append(completion)
        }
        guard let history = try? History(events) else { preconditionFailure("seed \(seed) makes no history") }
        return history
    }

    /// Whether some order of the operations that may have happened gives all answers; by trying all.
    func isLinearizable(_ history: History) -> Bool {
        let places = history.invocations.filter { history.completion(of: $0)?.kind != .fail }
        return extend(history, places, [])
    }

    private func extend(_ history: History, _ left: [Int], _ state: [Value]) -> Bool {
        func returned(_ place: Int) -> Int {
            history.completion(of: place)?.kind == .ok ? Int(history.partner[place]) : .max
        }
        if left.allSatisfy({ returned($0) == .max }) { return true }
        return left.contains { place in
            if left.contains(where: { returned($0) < place }) { return false }
            let operation = history.operations[place]
            var input = operation.value
            if case .string(let text) = input { input = .integer(Int64(text.dropLast()) ?? 0) }
            guard let (next, answer) = step(state, operation.function, input, operation.process.number ?? 0) else {
                return false
            }
            if returned(place) != .max, isObservable(operation.function) {
                let told = history.operations[returned(place)].value
                let mayBeUnordered = told.elements.map { $0.sorted { "\($0)" < "\($1)" } } == answer.elements
                if told != answer, name != "set" || told.elements == nil || !mayBeUnordered { return false }
            }
            return extend(history, left.filter { $0 != place }, next)
        }
    }

    /// The scene in which all operations contradict each other.
    static func scene(_ history: History) -> ObjectScene {
        let accesses = Access.all(of: 1, in: history, model: Register(), failedCAS: .mismatch)
        let done = accesses.indices.filter { accesses[$0].isOK }
        let failed = done.max { accesses[$0].returned < accesses[$1].returned } ?? 0
        return ObjectScene(accesses: accesses, core: done, failed: failed)
    }
}
