import PolygraphHistory

/// One fault of a run, put together from its events in the history: what was meant, what was done, what proves it,
/// and when it was undone.
public struct RecordedFault: Hashable, Sendable {
    /// The number that the injection and the undo share; nil for an event that names none.
    public var id: Int64?
    /// `partition`, `kill`, `pause`, `clock`, …
    public var function: String
    /// `majority-ring`, `bump`, … where there is one.
    public var kind: String?
    /// Names of the nodes it was for.
    public var targets: [String]
    /// Directed pairs of names of nodes that it cut.
    public var cut: [[String]] = []
    /// One sentence for people.
    public var summary: String
    /// Index of the first event of this fault.
    public var firstIndex: Int
    /// When the nemesis began to inject it; nanoseconds, as all times here.
    public var intended: Int64?
    /// From when it was in force; nil when it never was.
    public var began: Int64?
    /// When the nemesis began to undo it.
    public var undoIntended: Int64?
    /// When it was undone; nil when it stayed to the end.
    public var ended: Int64?
    /// Why it could not be injected.
    public var failure: String?
    /// Why it could not be undone.
    public var undoFailure: String?
    /// Whether the measurement showed that it took effect; nil when nobody measured.
    public var proved: Bool?
    /// The measured facts of the injection.
    public var proof: [String: Value] = [:]
    /// The measured facts of the undo.
    public var undoProof: [String: Value] = [:]

    /// What it is, in few words: `partition majority-ring`.
    public var title: String {
        guard let kind, kind != function else { return function }
        return "\(function) \(kind)"
    }

    /// For a sentence: `Fault 3 (partition majority-ring)`.
    public var label: String { id.map { "Fault \($0) (\(title))" } ?? "A fault (\(title))" }

    /// Whether nobody did it: a node ended by itself, or could not be reached.
    public var isObservation = false

    /// Whether it did nothing on purpose, because a majority was to be kept.
    public var isSkipped: Bool { proof["skipped"] != nil }

    /// Why the system did not let it happen, or why it would have been unsafe; nil where it was let.
    public var refusal: String? { proof["refused"]?.stringValue }

    /// Whether a measurement showed that it bit, at its beginning or until its end.
    public var tookEffect: Bool {
        // A cut of silent links swallows its first frame late; nobody asks for names or syncs all the time.
        proved == true || ["frames_cut", "wrong_answers"].contains { Self.isCounted(undoProof[$0]) }
            || undoProof.values.contains { Self.isCounted($0["calls_hit"]) }
    }

    private static func isCounted(_ value: Value?) -> Bool { value?.integerValue ?? 0 > 0 }

    /// What became of it, in one word or two.
    public var state: String {
        if isObservation { return "observed" }
        if isSkipped { return "skipped" }
        if refusal != nil { return "refused" }
        if failure != nil { return "failed" }
        if began == nil { return "not confirmed" }
        if undoFailure != nil { return "undo failed" }
        if tookEffect { return "proved" }
        return proved == nil ? "not measured" : "no effect seen"
    }

    /// Whether it was in force at some time from `start` to `end`.
    public func isInForce(from start: Int64, to end: Int64) -> Bool {
        guard let began, !isSkipped, refusal == nil else { return false }
        return began <= end && start <= (ended ?? .max)
    }
}

/// All faults of a history, in the order in which they were first mentioned.
public struct FaultLog: Hashable, Sendable {
    public private(set) var faults: [RecordedFault] = []

    /// Reads the events of the nemesis. Events that do not follow Polygraph's fields (another tool's) become
    /// faults of one moment.
    public init(_ history: History) {
        var known: [Int64: Int] = [:]
        for event in history.operations where event.process == .nemesis {
            guard let id = event.value["fault"]?.integerValue else {
                // Who leads is told elsewhere, and nobody's fault.
                if event.function == "primary" { continue }
                if endAbsence(event) { continue }
                faults.append(Self.observed(event) ?? Self.foreign(event))
                continue
            }
            let position: Int
            if let earlier = known[id] {
                position = earlier
            } else {
                position = faults.count
                known[id] = position
                faults.append(Self.new(event, id: id))
            }
            faults[position].take(event)
        }
    }

    /// How many were in force at some time.
    public var injected: Int {
        faults.count { $0.began != nil && !$0.isSkipped && $0.refusal == nil && !$0.isObservation }
    }
    /// How many are proved by a measurement.
    public var proved: Int { faults.count { $0.began != nil && $0.tookEffect && !$0.isSkipped } }

    /// Those that were in force at some time from `start` to `end`.
    public func inForce(from start: Int64, to end: Int64) -> [RecordedFault] {
        faults.filter { $0.isInForce(from: start, to: end) }
    }

    private static func new(_ event: Operation, id: Int64?) -> RecordedFault {
        RecordedFault(
            id: id, function: event.function, kind: event.value["kind"]?.stringValue,
            targets: event.value["targets"]?.elements?.compactMap(\.stringValue) ?? [],
            summary: event.value["summary"]?.stringValue ?? "", firstIndex: event.index)
    }

    /// What the run saw of a node; nil where the event is another one.
    private static func observed(_ event: Operation) -> RecordedFault? {
        guard let node = event.value["node"]?.stringValue else { return nil }
        var seen = new(event, id: nil)
        seen.targets = [node]
        seen.began = event.time
        seen.isObservation = true
        switch event.function {
        case "unreachable": seen.summary = "\(node) could not be reached"
        case "crash":
            seen.summary = "\(node) ended" + (event.value["how"]?.stringValue.map { " \($0)" } ?? "")
            seen.ended = event.time
        default: return nil
        }
        return seen
    }

    /// Whether the event is that a node can be reached again.
    private mutating func endAbsence(_ event: Operation) -> Bool {
        guard event.function == "reachable", let node = event.value["node"]?.stringValue,
            let place = faults.lastIndex(where: { $0.function == "unreachable" && $0.targets == [node] })
        else { return false }
        faults[place].ended = event.time
        return true
    }

    private static func foreign(_ event: Operation) -> RecordedFault {
        var fault = new(event, id: nil)
        if fault.summary.isEmpty, event.value != .null { fault.summary = event.value.description }
        fault.began = event.time
        fault.ended = event.time
        fault.failure = event.kind == .fail ? event.error ?? "failed" : nil
        return fault
    }
}

extension RecordedFault {
    /// Adds what one event says.
    fileprivate mutating func take(_ event: Operation) {
        let undo = event.value["action"]?.stringValue == "undo"
        let measured = event.value["proof"]?.fields ?? [:]
        switch (event.value["stage"]?.stringValue, undo) {
        case ("intent", false): intended = event.time
        case ("intent", true): undoIntended = event.time
        case ("failed", false): failure = event.error ?? "could not be injected"
        case ("failed", true): undoFailure = event.error ?? "could not be undone"
        case (_, false):
            began = event.time
            proved = event.value["proved"]?.boolValue
            proof = measured
        case (_, true):
            ended = event.time
            undoFailure = nil
            undoProof = measured
        }
        // The effect knows more than the intent: which node was drawn, what exactly was cut.
        if !undo, let sentence = event.value["summary"]?.stringValue { summary = sentence }
        if !undo, let pairs = event.value["cut"]?.elements {
            cut = pairs.map { ($0.elements ?? []).compactMap(\.stringValue) }.filter { $0.count == 2 }
        }
        if !undo, let names = event.value["targets"]?.elements { targets = names.compactMap(\.stringValue) }
    }
}
