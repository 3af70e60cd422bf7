import PolygraphChecking
import PolygraphHistory

/// The operations of a history, packed for the HTML report: one column a field, every number a variable-length
/// integer, mostly the difference to its predecessor. 300,000 operations take some 6 MB.
///
/// The script of the page (`data.js`) is the only reader.
struct TimelineData {
    /// All columns, one after another.
    private(set) var packed: [UInt8] = []
    /// Name and bytes of every column, in order.
    private(set) var columns: [(name: String, bytes: Int)] = []
    private(set) var count = 0
    private(set) var functions = Names()
    private(set) var keys = Names()
    private(set) var values = Names()
    private(set) var nodes = Names()
    private(set) var errors = Names()
    private(set) var rows: ProcessRows

    /// Texts that occur often, each stored once. A text that is long is shortened, and all are once there are many.
    struct Names {
        private(set) var all: [String] = []
        private var places: [String: Int] = [:]
        private var bytes = 0

        /// The number of a text, from 0.
        mutating func place(_ text: String) -> Int {
            if let place = places[text] { return place }
            let limit = bytes < 6_000_000 ? 400 : 48
            let place = all.count
            places[text] = place
            if text.utf8.count > limit * 2 || text.count > limit {
                all.append(text.prefix(limit) + "… (\(Units.count(text.utf8.count)) bytes)")
            } else {
                all.append(text)
            }
            bytes += min(text.utf8.count, limit)
            return place
        }
    }

    init(_ history: History, workers: Int?) {
        rows = ProcessRows(history, workers: workers)
        let calls = history.invocations
        count = calls.count
        let operations = history.operations
        var valuePlaces: [Value: Int] = [:]
        func place(of value: Value, _ values: inout Names) -> Int {
            if let known = valuePlaces[value] { return known }
            let place = values.place(value.description)
            valuePlaces[value] = place
            return place
        }

        add("index", deltas(calls.map { Int64(operations[$0].index) }))
        add("time", deltas(calls.map { operations[$0].time }))
        add("process", calls.map { UInt64(rows.place[operations[$0].process.number ?? 0] ?? 0) })
        add("outcome", calls.map { Self.outcome(history.completion(of: $0)) })
        add(
            "duration",
            calls.map { zigzag((history.completion(of: $0)?.time ?? operations[$0].time) - operations[$0].time) })
        add(
            "completion",
            calls.map { position in
                history.completion(of: position).map { zigzag(Int64($0.index - operations[position].index)) } ?? 0
            })
        add("function", calls.map { UInt64(functions.place(operations[$0].function)) })
        add(
            "key",
            calls.map { position in operations[position].key.map { UInt64(keys.place(Call.short($0)) + 1) } ?? 0 })
        add(
            "value",
            calls.map { position in
                let value = operations[position].value
                return value == .null ? 0 : UInt64(place(of: value, &values) + 1)
            })
        // 0: nothing came back, 1: what was sent, else the value's number and 2.
        add(
            "result",
            calls.map { position in
                guard let completion = history.completion(of: position) else { return 0 }
                if completion.value == operations[position].value { return completion.value == .null ? 0 : 1 }
                return UInt64(place(of: completion.value, &values) + 2)
            })
        add(
            "node",
            calls.map { position in
                let node = operations[position].node ?? history.completion(of: position)?.node
                return node.map { UInt64(nodes.place($0) + 1) } ?? 0
            })
        add(
            "error",
            calls.map { position in history.completion(of: position)?.error.map { UInt64(errors.place($0) + 1) } ?? 0 })
        // 0: not known, else how long the operation waited for a worker, and 1.
        add(
            "waited",
            calls.map { position in
                operations[position].intended.map { zigzag(operations[position].time - $0) + 1 } ?? 0
            })
    }

    private static func outcome(_ completion: Operation?) -> UInt64 {
        switch completion?.kind {
        case .ok?: 0
        case .fail?: 1
        case .info?, .invoke?: 2
        case nil: 3
        }
    }

    private mutating func add(_ name: String, _ numbers: [UInt64]) {
        let start = packed.count
        for number in numbers {
            var rest = number
            while rest >= 0x80 {
                packed.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            packed.append(UInt8(rest))
        }
        columns.append((name, packed.count - start))
    }

    private func deltas(_ numbers: [Int64]) -> [UInt64] {
        var previous: Int64 = 0
        return numbers.map { number in
            defer { previous = number }
            return zigzag(number &- previous)
        }
    }

    /// Small magnitudes as small numbers: 0, -1, 1, -2 … become 0, 1, 2, 3 …
    private func zigzag(_ number: Int64) -> UInt64 {
        UInt64(bitPattern: (number << 1) ^ (number >> 63))
    }
}

/// Which row of the timeline shows which process. Processes that retire are followed by others on the same worker,
/// so rows are workers wherever that can be told.
struct ProcessRows {
    /// The processes by first use.
    private(set) var processes: [Int] = []
    /// Position of a process in `processes`.
    private(set) var place: [Int: Int] = [:]
    /// The row of each of `processes`.
    private(set) var row: [Int] = []
    /// The name of each row.
    private(set) var names: [String] = []

    /// With more processes than this, rows are shared by processes that do not live at the same time.
    private static let rowsAtMost = 64

    init(_ history: History, workers: Int?) {
        var lives: [(first: Int, last: Int)] = []
        for (position, operation) in history.operations.enumerated() {
            guard let process = operation.process.number else { continue }
            if let known = place[process] {
                lives[known].last = position
            } else {
                place[process] = processes.count
                processes.append(process)
                lives.append((position, position))
            }
        }
        if let workers, workers > 0 {
            let used = Set(processes.map { Self.worker($0, workers) }).sorted()
            let rank = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($0.element, $0.offset) })
            row = processes.map { rank[Self.worker($0, workers)] ?? 0 }
            names = used.map { "worker \($0)" }
        } else if processes.count <= Self.rowsAtMost {
            let sorted = processes.sorted()
            let rank = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($0.element, $0.offset) })
            row = processes.map { rank[$0] ?? 0 }
            names = sorted.map { "process \($0)" }
        } else {
            // The earliest row whose process has ended; processes come by their first event.
            var busyUntil: [Int] = []
            for life in lives {
                let free = busyUntil.firstIndex { $0 < life.first } ?? busyUntil.count
                if free == busyUntil.count { busyUntil.append(life.last) } else { busyUntil[free] = life.last }
                row.append(free)
            }
            names = busyUntil.indices.map { "lane \($0)" }
        }
    }

    private static func worker(_ process: Int, _ workers: Int) -> Int {
        let rest = process % workers
        return rest < 0 ? rest + workers : rest
    }
}

/// Base64 as in RFC 4648, section 4.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        var position = 0
        while position < bytes.count {
            let left = bytes.count - position
            let group =
                UInt32(bytes[position]) << 16 | (left > 1 ? UInt32(bytes[position + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[position + 2]) : 0)
            result.append(digits[Int(group >> 18)])
            result.append(digits[Int(group >> 12 & 63)])
            result.append(left > 1 ? digits[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            result.append(left > 2 ? digits[Int(group & 63)] : UInt8(ascii: "="))
            position += 3
        }
        return result
    }
}
