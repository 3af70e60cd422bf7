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
        let columns = history.columns
        var reader = Reader(columns, initial: initial)
        var lastTime = Int64.min
        var firstTime: Int64?
        var timesAscend = true
        let roles = columns.functionNames.map { Role(rawValue: $0) }
        let mismatch = columns.errorTexts.firstIndex(of: "mismatch").map { Int32($0) } ?? .max
        for position in 0..<columns.count {
            let process = columns.processes[position]
            guard process != EventColumns.nemesis else { continue }
            let time = columns.times[position]
            if time < lastTime { timesAscend = false }
            lastTime = time
            if firstTime == nil { firstTime = time }
            guard columns.kinds[position] == .invoke else { continue }
            let partner = Int(columns.partner[position])
            let kind = partner < 0 ? nil : Optional(columns.kinds[partner])
            let role = roles[Int(columns.functions[position])]
            let input = columns.valueIDs[position]
            var entry = Entry(
                invoked: Int32(position), returned: Self.never, began: time, ended: .max, session: 0,
                key: reader.number(ofKey: columns.keys[position]))
            if kind == .ok || kind == .fail {
                entry.returned = Int32(partner)
                entry.ended = columns.times[partner]
            }
            if kind == .fail {
                let isRefusal =
                    role == .cas && failedCAS.observes(isMismatch: columns.error(partner) == mismatch)
                if isRefusal, let (from, _) = columns.values.pair(input) {
                    entry.excluded = reader.content(entry.key, from)
                    hasRefusals = true
                    reader.add(entry, process: process)
                } else if role == .write {
                    reader.noteFailure(at: position, entry.key, input)
                } else if role == .cas, let (_, to) = columns.values.pair(input) {
                    reader.noteFailure(at: position, entry.key, to)
                }
                continue
            }
            switch role {
            case .read:
                guard entry.isCertain else { continue }
                let output = columns.valueIDs[partner]
                if output == ValueTable.null && !nullReadsConstrain { continue }
                entry.observed = reader.content(entry.key, output)
            case .write: entry.written = reader.content(entry.key, input)
            case .cas:
                guard let (from, to) = columns.values.pair(input) else {
                    problem = "operation \(columns.index(position)) is a cas without [from, to]"
                    return
                }
                entry.observed = reader.content(entry.key, from)
                entry.written = reader.content(entry.key, to)
            case nil:
                let name = columns.functionNames[Int(columns.functions[position])]
                problem = "operation \(columns.index(position)) is a \(name), which registers do not have"
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

    private enum Role: String {
        case read
        case write
        case cas
    }

    /// Gives keys, contents and sessions their numbers.
    private struct Reader {
        private let columns: EventColumns
        /// The id of the initial value; -1 where no operation has it.
        private let initial: Int32
        var entries: [Entry] = []
        var keys: [Value?] = []
        var values: [Value] = []
        var isInitial: [Bool] = []
        var failedWriter: [Int32] = []
        var sessionCount = 0
        /// By the id of the key, one later because of those without.
        private var keyNumbers: [Int32]
        /// Contents of the first key by the id of the value, and of all others by both.
        private var firstContents: [Int32]
        private var contents: [UInt64: Int32] = [:]
        private var sessions: [Int32: Int32] = [:]
        /// Of each session its last entry.
        private var last: [Int32] = []

        init(_ columns: EventColumns, initial: Value) {
            self.columns = columns
            self.initial = columns.values.id(of: initial) ?? -1
            keyNumbers = Array(repeating: -1, count: columns.values.count + 1)
            firstContents = Array(repeating: -1, count: columns.values.count)
        }

        mutating func number(ofKey key: Int32) -> Int32 {
            if keyNumbers[Int(key + 1)] >= 0 { return keyNumbers[Int(key + 1)] }
            let number = Int32(keys.count)
            keyNumbers[Int(key + 1)] = number
            keys.append(key == EventColumns.none ? nil : .some(columns.values[key]))
            return number
        }

        mutating func content(_ key: Int32, _ value: Int32) -> Int32 {
            let pair = UInt64(key) << 32 | UInt64(value)
            let known = key == 0 ? firstContents[Int(value)] : contents[pair] ?? -1
            if known >= 0 { return known }
            let content = Int32(values.count)
            if key == 0 { firstContents[Int(value)] = content } else { contents[pair] = content }
            values.append(columns.values[value])
            isInitial.append(value == initial)
            failedWriter.append(-1)
            return content
        }

        mutating func noteFailure(at position: Int, _ key: Int32, _ target: Int32) {
            failedWriter[Int(content(key, target))] = Int32(position)
        }

        mutating func add(_ entry: Entry, process: Int32) {
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
