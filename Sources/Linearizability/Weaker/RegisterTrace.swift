import PolygraphHistory

/// The operations of a register history that may have had an effect or saw something, as numbers.
///
/// Left out: operations that failed, and reads without an answer. A write or cas of unknown outcome is kept; whether it
/// took effect is decided by whether anybody saw it.
struct RegisterTrace: Sendable {
    /// What an operation does not have.
    static let nothing: Int32 = -1
    /// The rank of an end that never came.
    static let never = Int32.max

    struct Entry: Sendable {
        /// Positions in the history; `never` for an outcome that is unknown.
        var invoked: Int32
        var returned: Int32
        /// Nanoseconds since the run began; the end is `Int64.max` where the outcome is unknown.
        var began: Int64
        var ended: Int64
        var session: Int32
        var key: Int32
        /// Contents (a key with a value) that it saw, saw not, and left; or `nothing`.
        var observed: Int32 = nothing
        var excluded: Int32 = nothing
        var written: Int32 = nothing

        var isCertain: Bool { returned != never }
        var isWrite: Bool { written != nothing }
    }

    /// In order of invocation.
    private(set) var entries: [Entry] = []
    private(set) var keys: [Value?] = []
    private(set) var sessionCount = 0
    /// Of each content its value, whether it is its key's initial one, and the position of a failed write of it or -1.
    private(set) var values: [Value] = []
    private(set) var isInitial: [Bool] = []
    private(set) var failedWriter: [Int32] = []
    /// The entries that write each content.
    private(set) var writers: GroupedPositions
    /// How the history was read.
    let failedCAS: LinearizabilityOptions.FailedCAS
    /// Why these are no operations of registers, in words.
    private(set) var problem: String?
    private(set) var hasRefusals = false
    /// Whether the times follow the order of record and are not all the same.
    private(set) var hasTimes = false

    init(
        _ history: History, initial: Value, failedCAS: LinearizabilityOptions.FailedCAS, nullReadsConstrain: Bool
    ) {
        self.failedCAS = failedCAS
        writers = GroupedPositions(rows: 0, row: [])
        var reader = Reader(initial: initial)
        var lastTime = Int64.min
        var firstTime: Int64?
        var timesAscend = true
        let partners = history.partner
        for (position, event) in history.operations.enumerated() {
            guard case .client(let process) = event.process else { continue }
            if event.time < lastTime { timesAscend = false }
            lastTime = event.time
            if firstTime == nil { firstTime = event.time }
            guard event.kind == .invoke else { continue }
            let partner = Int(partners[position])
            let completion = partner < 0 ? nil : history.operations[partner]
            var entry = Entry(
                invoked: Int32(position), returned: Self.never, began: event.time, ended: .max, session: 0,
                key: reader.number(ofKey: event.key))
            switch completion?.kind {
            case .ok:
                entry.returned = Int32(partner)
                entry.ended = completion?.time ?? .max
            case .fail:
                let isRefusal =
                    event.function == "cas" && failedCAS.observes(isMismatch: completion?.error == "mismatch")
                if let pair = event.value.elements, pair.count == 2, isRefusal {
                    entry.returned = Int32(partner)
                    entry.ended = completion?.time ?? .max
                    entry.excluded = reader.content(entry.key, pair[0])
                    hasRefusals = true
                    reader.add(entry, process: process)
                } else {
                    reader.noteFailure(of: event, at: position, key: entry.key)
                }
                continue
            default: break
            }
            switch event.function {
            case "read":
                guard entry.isCertain, let value = completion?.value else { continue }
                if value == .null && !nullReadsConstrain { continue }
                entry.observed = reader.content(entry.key, value)
            case "write": entry.written = reader.content(entry.key, event.value)
            case "cas":
                guard let pair = event.value.elements, pair.count == 2 else {
                    problem = "operation \(event.index) is a cas without [from, to]"
                    return
                }
                entry.observed = reader.content(entry.key, pair[0])
                entry.written = reader.content(entry.key, pair[1])
            default:
                problem = "operation \(event.index) is a \(event.function), which registers do not have"
                return
            }
            reader.add(entry, process: process)
        }
        hasTimes = timesAscend && firstTime.map { $0 < lastTime } ?? false
        entries = reader.entries
        keys = reader.keys
        sessionCount = reader.sessionCount
        values = reader.values
        isInitial = reader.isInitial
        failedWriter = reader.failedWriter
        writers = GroupedPositions(rows: values.count, row: entries.map(\.written))
    }

    /// Gives keys, contents and sessions their numbers.
    private struct Reader {
        let initial: Value
        var entries: [Entry] = []
        var keys: [Value?] = []
        var values: [Value] = []
        var isInitial: [Bool] = []
        var failedWriter: [Int32] = []
        var sessionCount = 0
        private var keyNumbers: [Value?: Int32] = [:]
        private var valueNumbers: [Value: UInt64] = [:]
        private var contents: [UInt64: Int32] = [:]
        private var sessions: [Int: Int32] = [:]
        /// Of each session its last entry.
        private var last: [Int32] = []

        init(initial: Value) { self.initial = initial }

        mutating func number(ofKey key: Value?) -> Int32 {
            if let number = keyNumbers[key] { return number }
            let number = Int32(keys.count)
            keyNumbers[key] = number
            keys.append(key)
            return number
        }

        mutating func content(_ key: Int32, _ value: Value) -> Int32 {
            let number: UInt64
            if let known = valueNumbers[value] {
                number = known
            } else {
                number = UInt64(valueNumbers.count)
                valueNumbers[value] = number
            }
            let pair = UInt64(key) << 32 | number
            if let known = contents[pair] { return known }
            let content = Int32(values.count)
            contents[pair] = content
            values.append(value)
            isInitial.append(value == initial)
            failedWriter.append(-1)
            return content
        }

        mutating func noteFailure(of event: Operation, at position: Int, key: Int32) {
            let target = event.function == "write" ? event.value : event.value.elements?.last
            guard event.function == "write" || event.function == "cas", let target else { return }
            failedWriter[Int(content(key, target))] = Int32(position)
        }

        mutating func add(_ entry: Entry, process: Int) {
            var entry = entry
            let session: Int32
            if let known = sessions[process] {
                session = known
            } else {
                session = newSession()
                sessions[process] = session
            }
            // What a process did not wait for does not come before what it did next: a session of its own.
            let before = last[Int(session)]
            if before >= 0, !entries[Int(before)].isCertain {
                entries[Int(before)].session = newSession()
            }
            entry.session = session
            last[Int(session)] = Int32(entries.count)
            entries.append(entry)
        }

        private mutating func newSession() -> Int32 {
            last.append(-1)
            sessionCount += 1
            return Int32(sessionCount - 1)
        }
    }
}
