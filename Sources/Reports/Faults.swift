import PolygraphHistory

/// One fault of a run, put together from its events in the history: what was meant, what was done, what proves it,
/// and when it was undone.
struct Fault: Sendable {
    /// The number that the injection and the undo share; nil for an event that names none.
    var id: Int64?
    /// `partition`, `kill`, `pause`, `clock`, …
    var function: String
    /// `majority-ring`, `bump`, … where there is one.
    var kind: String?
    /// Names of the nodes it was for.
    var targets: [String]
    /// One sentence for people.
    var summary: String
    /// Index of the first event of this fault.
    var firstIndex: Int
    /// When the nemesis began to inject it; nanoseconds, as all times here.
    var intended: Int64?
    /// From when it was in force; nil when it never was.
    var began: Int64?
    /// When the nemesis began to undo it.
    var undoIntended: Int64?
    /// When it was undone; nil when it stayed to the end.
    var ended: Int64?
    /// Why it could not be injected.
    var failure: String?
    /// Why it could not be undone.
    var undoFailure: String?
    /// Whether the measurement showed that it took effect; nil when nobody measured.
    var proved: Bool?
    /// The measured facts of the injection.
    var proof: [String: Value] = [:]
    /// The measured facts of the undo.
    var undoProof: [String: Value] = [:]

    /// What it is, in few words: `partition majority-ring`.
    var title: String { kind.map { "\(function) \($0)" } ?? function }

    /// What became of it, in one word or two.
    var state: String {
        if failure != nil { return "failed" }
        if began == nil { return "not confirmed" }
        if undoFailure != nil { return "undo failed" }
        switch proved {
        case true?: return "proved"
        case false?: return "no effect seen"
        case nil: return "not measured"
        }
    }

    /// Whether it was in force at some time from `start` to `end`.
    func isInForce(from start: Int64, to end: Int64) -> Bool {
        guard let began else { return false }
        return began <= end && start <= (ended ?? .max)
    }
}

/// All faults of a history, in the order in which they were first mentioned.
struct FaultLog: Sendable {
    private(set) var faults: [Fault] = []

    /// Reads the events of the nemesis. Events that do not follow Polygraph's fields (another tool's) become
    /// faults of one moment.
    init(_ history: History) {
        var known: [Int64: Int] = [:]
        for event in history.operations where event.process == .nemesis {
            guard let id = event.value["fault"]?.integerValue else {
                // Who leads is told elsewhere, and nobody's fault.
                if event.function == "primary" { continue }
                faults.append(Self.foreign(event))
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
    var injected: Int { faults.count { $0.began != nil } }
    /// How many are proved by a measurement.
    var proved: Int { faults.count { $0.began != nil && $0.proved == true } }

    /// Those that were in force at some time from `start` to `end`.
    func inForce(from start: Int64, to end: Int64) -> [Fault] {
        faults.filter { $0.isInForce(from: start, to: end) }
    }

    private static func new(_ event: Operation, id: Int64?) -> Fault {
        Fault(
            id: id, function: event.function, kind: event.value["kind"]?.stringValue,
            targets: event.value["targets"]?.elements?.compactMap(\.stringValue) ?? [],
            summary: event.value["summary"]?.stringValue ?? "", firstIndex: event.index)
    }

    private static func foreign(_ event: Operation) -> Fault {
        var fault = new(event, id: nil)
        if fault.summary.isEmpty, event.value != .null { fault.summary = event.value.description }
        fault.began = event.time
        fault.ended = event.time
        fault.failure = event.kind == .fail ? event.error ?? "failed" : nil
        return fault
    }
}

extension Fault {
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
            undoProof = measured
        }
        // The effect knows more than the intent: which node was drawn, what exactly was cut.
        if !undo, let sentence = event.value["summary"]?.stringValue { summary = sentence }
        if !undo, let names = event.value["targets"]?.elements { targets = names.compactMap(\.stringValue) }
    }

    /// The measured facts as short phrases: `frames cut 312`, `n1: measured offset 60 s`.
    func proofPhrases(undo: Bool = false) -> [String] {
        let facts = undo ? undoProof : proof
        return facts.sorted { $0.key < $1.key }.map { Self.phrase($0.key, $0.value) }
    }

    private static func phrase(_ name: String, _ value: Value) -> String {
        if let fields = value.fields {
            return name + ": "
                + fields.sorted { $0.key < $1.key }.map { phrase($0.key, $0.value) }.joined(separator: ", ")
        }
        var words = name.split(separator: "_").map(String.init)
        let isTime =
            words.last == "ns" || (words.contains { ["offset", "elapsed", "skew", "latency"].contains($0) })
        if isTime, let nanoseconds = value.integerValue {
            if words.last == "ns" { words.removeLast() }
            // Whole offsets are told to the millisecond: "1 min" would hide how exact the measurement is.
            let isLong = nanoseconds.magnitude >= 1_000_000_000
            return words.joined(separator: " ") + " " + (isLong ? Units.moment : Units.duration)(nanoseconds)
        }
        let shown = value.stringValue ?? value.integerValue.map { Units.count(Int($0)) } ?? value.description
        return words.joined(separator: " ") + " " + shown
    }
}
