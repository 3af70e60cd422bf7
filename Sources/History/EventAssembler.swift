/// Makes events of what other tools wrote down, who leave out what they do not need, and says what it filled in.
///
/// - Without an index, an event has the one after that of the event before: its position, where all have none.
/// - Without a time, it has the nanosecond after that of the event before: again its position.
/// - Without a function, it is a transaction, `txn`.
/// - Without processes, every invocation is one's of its own, and a completion belongs to the oldest open invocation
///   with its function and value, or else with its function.
struct EventAssembler {
    /// An event as far as it is known, in ids of the builder.
    struct Draft {
        enum Process {
            case missing
            case nemesis
            case client(Int32)
        }

        var index: Int64?
        var time: Int64?
        var process = Process.missing
        var kind: Operation.Kind?
        var function: UInt16?
        var key = EventColumns.none
        var value = ValueTable.null
        /// Whether the value was a `[key value]` tuple, which is now in `key` and `value`.
        var isTuple = false
        var hasKey = false
        var node: Int16 = -1
        var error = EventColumns.none
        var intended: Int64?
    }

    private struct OpenInvocation {
        var process: Int32
        var function: UInt16
        var value: Int32
    }

    var builder = HistoryBuilder()
    private let independent: Bool
    private var lastIndex: Int64 = -1
    private var lastTime: Int64 = -1
    private var withoutIndex = 0
    private var withoutTime = 0
    private var withoutFunction = 0
    private var withoutProcess = 0
    private var withProcess = 0
    /// Invocations without a process that are open, oldest first, and the numbers that are free again.
    private var open: [OpenInvocation] = []
    private var freeProcesses: [Int32] = []
    private var usedProcesses: Int32 = 0

    /// - Parameter independent: whether values must be `[key value]` tuples.
    init(independent: Bool) { self.independent = independent }

    var count: Int { builder.count }

    mutating func reserve(_ count: Int) { builder.reserve(count) }

    mutating func warn(_ warning: String) { builder.warnings.append(warning) }

    /// - Throws: `HistoryError`, without place, when the event makes no sense.
    mutating func append(_ draft: Draft) throws(HistoryError) {
        guard let kind = draft.kind else {
            throw HistoryError("the type is missing; expected one of invoke, ok, fail, info")
        }
        let index = draft.index ?? lastIndex &+ 1
        guard index > lastIndex else {
            throw HistoryError(
                "the index is \(index), but must be greater than \(lastIndex), that of the event before: "
                    + "it is the order of record")
        }
        if draft.isTuple, draft.hasKey {
            throw HistoryError("the event has both a key and a [key value] tuple; expected one of them")
        }
        let time = draft.time ?? (lastTime == .max ? lastTime : lastTime + 1)
        let function: UInt16
        if let known = draft.function { function = known } else { function = try builder.function("txn") }
        var process = EventColumns.nemesis
        var numbered = draft.process
        switch draft.process {
        case .client(let number): process = number
        case .nemesis: break
        case .missing:
            if withProcess > 0 { throw HistoryError("the process is missing, but events before this one have one") }
            if let number = processOf(kind, function, draft.value) {
                process = number
            } else if kind == .info {
                numbered = .nemesis
            } else {
                throw HistoryError(
                    "the event completes (\(kind.rawValue)) an operation that nobody invoked: no invocation of "
                        + "\(builder.functionName(function)) is open")
            }
        }
        if process == EventColumns.nemesis, kind == .invoke {
            throw HistoryError("an event of the nemesis must be of type info")
        }
        if independent, !draft.isTuple, process != EventColumns.nemesis, kind == .invoke {
            throw HistoryError("expected a [key value] tuple as the value of every operation")
        }
        var event = HistoryBuilder.Event(index: index, time: time, process: process, kind: kind, function: function)
        event.key = draft.key
        event.value = draft.value
        if process == EventColumns.nemesis, draft.isTuple, independent {
            // Faults have no keys: this was a value of two.
            event.value = builder.intern(.list([builder.value(draft.key), builder.value(draft.value)]))
            event.key = EventColumns.none
        }
        event.node = draft.node
        event.error = draft.error
        event.intended = draft.intended
        try builder.append(event)
        switch numbered {
        case .client:
            if withoutProcess > 0 {
                throw HistoryError("the event has a process, but events before this one have none")
            }
            withProcess += 1
        case .missing:
            withoutProcess += 1
            settle(process, kind, function, draft.value)
        case .nemesis: break
        }
        if draft.index == nil { withoutIndex += 1 }
        if draft.time == nil { withoutTime += 1 }
        if draft.function == nil { withoutFunction += 1 }
        (lastIndex, lastTime) = (index, time)
    }

    // MARK: - Events without a process

    /// The process of an event that has none, or nil where it completes nothing.
    private func processOf(_ kind: Operation.Kind, _ function: UInt16, _ value: Int32) -> Int32? {
        if kind == .invoke { return freeProcesses.last ?? usedProcesses }
        return place(function, value).map { open[$0].process }
    }

    private func place(_ function: UInt16, _ value: Int32) -> Int? {
        open.firstIndex { $0.function == function && $0.value == value }
            ?? open.firstIndex { $0.function == function }
    }

    private mutating func settle(_ process: Int32, _ kind: Operation.Kind, _ function: UInt16, _ value: Int32) {
        if kind == .invoke {
            if freeProcesses.popLast() == nil { usedProcesses += 1 }
            open.append(OpenInvocation(process: process, function: function, value: value))
        } else if let place = place(function, value) {
            open.remove(at: place)
            freeProcesses.append(process)
        }
    }

    // MARK: - The end

    /// The history of what was appended, with a warning for everything that was filled in.
    consuming func finish() -> History {
        let count = builder.count
        var builder = builder
        func some(_ number: Int, _ what: String, _ then: String) {
            guard number > 0 else { return }
            let who = number == count ? "no event has a" : "\(number) of \(count) events have no"
            builder.warnings.append("\(who) \(what): \(then)")
        }
        // That no event has an index is usual: the order in the file is the order of record.
        if withoutIndex < count {
            some(withoutIndex, "index", "their place in the file counts")
        }
        some(withoutTime, "time", "the position counts, as nanoseconds, so that durations mean nothing")
        some(withoutFunction, "function", "they count as transactions (txn)")
        some(
            withoutProcess, "process",
            "each completion was given to the oldest open invocation of the same function, with the same value if any")
        return builder.finish()
    }
}
