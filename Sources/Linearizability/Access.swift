import PolygraphHistory
import PolygraphModels

/// One operation of a key as a diagnosis sees it: who, when, how it ended, and what it says of the value.
struct Access: Sendable {
    /// Position of the invocation in the history.
    var position: Int
    var invocation: Operation
    var completion: Operation?
    /// Position of the completion; `Int.max` where the operation never ended with certainty.
    var returned: Int
    /// The value that the register must have had.
    var observed: Value?
    /// The value that the register must not have had.
    var excluded: Value?
    /// The value that it left, if it took effect.
    var written: Value?
    /// What an operation without a key is about, in a sentence.
    var object = "the register"

    var isOK: Bool { completion?.kind == .ok }
    var hasFailed: Bool { completion?.kind == .fail && excluded == .none }
    /// The outcome is unknown.
    var isOpen: Bool { returned == .max }
    var isCAS: Bool { invocation.function == "cas" }

    /// Whether it was over before `other` began.
    func precedes(_ other: Access) -> Bool { returned < other.position }

    /// All operations of a key, failed ones included, in order of invocation.
    /// - Parameter core: for a register only those that name a value which one of the operations invoked at these
    ///   positions names, and these themselves; no diagnosis of a register looks at others.
    static func all<M: Model>(
        of key: Value?, in history: History, model: M, failedCAS: LinearizabilityOptions.FailedCAS,
        about core: [Int]? = nil
    ) -> [Access] {
        let columns = history.columns
        let id = key.map { columns.values.id(of: $0) ?? EventColumns.none - 1 } ?? EventColumns.none
        let joinsKeys = model is any JoinsKeys
        var positions = history.invocations
        if !joinsKeys { positions = positions.filter { columns.keys[$0] == id } }
        if let core, M.State.self == Value.self {
            var isNamed = [Bool](repeating: false, count: columns.values.count)
            for position in core { columns.forEachValueNamed(at: position) { isNamed[Int($0)] = true } }
            let kept = Set(core)
            positions = positions.filter { position in
                var keeps = false
                columns.forEachValueNamed(at: position) { keeps = keeps || isNamed[Int($0)] }
                return keeps || kept.contains(position)
            }
        }
        return positions.map { Access(at: $0, in: history, model: model, failedCAS: failedCAS) }
    }

    /// The operation whose invocation is at `position`.
    init<M: Model>(at position: Int, in history: History, model: M, failedCAS: LinearizabilityOptions.FailedCAS) {
        self.position = position
        invocation = history.operations[position]
        completion = history.completion(of: position)
        object = Self.noun(model)
        returned = .max
        var call = Call(
            function: invocation.function, input: invocation.value, output: .none, outcome: .unknown,
            process: model.needsProcess ? invocation.process.number : nil, key: invocation.key)
        switch completion?.kind {
        case .ok:
            returned = Int(history.partner[position])
            call.output = completion?.value
            call.outcome = .happened
        case .fail:
            returned = Int(history.partner[position])
            if invocation.function == "cas", failedCAS.observes(isMismatch: completion?.error == "mismatch") {
                call.outcome = .refused
            }
        default: break
        }
        guard M.State.self == Value.self, let shape = model.shape(of: call) as? Shape<Value> else { return }
        written = shape.target
        if call.outcome == .unknown { return }
        switch shape.guard {
        case .only(let value): observed = value
        case .allBut(let value): excluded = value
        case .always: break
        }
    }

    private static func noun(_ model: some Model) -> String {
        switch model.family {
        case .register: "the register"
        case .set, .growOnlySet: "the set"
        case .counter, .fetchAndAdd: "the counter"
        case .fifoQueue, .unorderedQueue, .priorityQueue: "the queue"
        case .stack: "the stack"
        case .mutex, .ownerMutex, .fencedMutex: "the lock"
        default: model.name == "log" ? "the list" : "the object"
        }
    }

    /// Who did what to which key, when, and what came of it, in one sentence.
    var sentence: String {
        let who = "Process \(invocation.process.number ?? -1)"
        let place = invocation.node.map { " on \($0)" } ?? ""
        let object = invocation.key.map { "key \($0)" } ?? object
        let start = Phrases.seconds(invocation.time)
        let span =
            returned == .max
            ? "from \(start)" : "from \(start) to \(Phrases.seconds(completion?.time ?? invocation.time))"
        let number = "(operation \(invocation.index))"
        let error = completion?.error.map { " (\($0))" } ?? ""
        switch invocation.function {
        case "read":
            let node = invocation.node.map { " asked \($0) to read" } ?? " read"
            let got = isOK ? ", and got \(Self.text(completion?.value ?? .null))" : ", without an answer\(error)"
            return "\(who)\(node) \(object), \(span) \(number)\(got)."
        case "write":
            return
                "\(who) wrote \(Self.text(invocation.value)) to \(object)\(place), \(span) \(number), \(ending(error))."
        case "cas" where invocation.value.elements?.count == 2:
            let pair = invocation.value.elements ?? []
            let asked = "\(who) asked to replace \(Self.text(pair[0])) by \(Self.text(pair[1])) in \(object)\(place)"
            if excluded != .none {
                return "\(asked), \(span) \(number), and was refused because the value was not \(Self.text(pair[0]))."
            }
            return "\(asked), \(span) \(number), \(ending(error))."
        default:
            let result = completion?.value ?? .null
            // An answer that only repeats the question, or is nothing where something was asked, says no more than ok.
            let isPlain = result == invocation.value || (result == .null && invocation.value != .null)
            let isSilent = isPlain && !["get", "dequeue", "pop", "poll", "txn"].contains(invocation.function)
            let answer =
                isOK && !isSilent ? ", and got \(Self.text(result))" : ", \(ending(error))"
            let input = invocation.value == .null ? "" : " \(invocation.value)"
            let target = invocation.key.map { " of key \($0)" } ?? ""
            return
                "\(who) called \(invocation.function)\(input)\(target)\(place), \(span) \(number)\(answer)."
        }
    }

    private func ending(_ error: String) -> String {
        switch completion?.kind {
        case .ok: "and it was acknowledged"
        case .fail: "and it failed\(error)"
        default: "and never learnt whether it took effect\(error)"
        }
    }

    /// A value in a sentence; absence is a word.
    static func text(_ value: Value) -> String { value == .null ? "nothing (null)" : "\(value)" }
}

extension EventColumns {
    /// Calls `body` with the ids of the values that an operation of a register speaks of: those that it carries, or its
    /// answer.
    @inline(__always)
    fileprivate func forEachValueNamed(at position: Int, _ body: (Int32) -> Void) {
        let input = valueIDs[position]
        guard input != ValueTable.null else {
            body(partner[position] >= 0 ? valueIDs[Int(partner[position])] : input)
            return
        }
        body(input)
        guard let (first, second) = values.pair(input) else { return }
        body(first)
        body(second)
    }
}
