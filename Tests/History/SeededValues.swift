import PolygraphHistory

/// SplitMix64: the same numbers for the same seed, so that a failing case can be made again.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func text() -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "Z", "\"", "\\", "/", "\n", "\r", "\t", "\0", "\u{1F}", "\u{7F}", "é", "ß", "€", "\u{FFFF}", "😀",
            "\u{10FFFF}", " ", "{", "]",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &self) { text.append(alphabet.randomElement(using: &self)!) }
        return String(text)
    }

    mutating func value(depth: Int = 4) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2:
            let extremes: [Int64] = [0, -1, .min, .max, Int64(truncatingIfNeeded: next())]
            return .integer(extremes.randomElement(using: &self)!)
        case 3:
            let number = Double(bitPattern: next())
            return .double(number.isFinite ? number : 0.1)
        case 4: return .string(text())
        case 5: return .list((0..<Int.random(in: 0...4, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var fields: [String: Value] = [:]
            for _ in 0..<Int.random(in: 0...4, using: &self) { fields[text()] = value(depth: depth - 1) }
            return .object(fields)
        }
    }

    mutating func operation(index: Int) -> Operation {
        let process: Operation.Process =
            Int.random(in: 0..<8, using: &self) == 0 ? .nemesis : .client(Int.random(in: 0...40, using: &self))
        return Operation(
            index: index, time: Int64.random(in: 0...(1 << 50), using: &self), process: process,
            kind: process == .nemesis ? .info : Operation.Kind.allCases.randomElement(using: &self)!,
            function: text(), key: Bool.random(using: &self) ? value() : nil, value: value(),
            node: Bool.random(using: &self) ? text() : nil, error: Bool.random(using: &self) ? text() : nil,
            intended: Bool.random(using: &self) ? Int64.random(in: .min ... .max, using: &self) : nil)
    }

    /// Invocations and completions of `count` operations that make sense together; values are small.
    mutating func history(operations count: Int, processes: Int = 5) -> [Operation] {
        var events: [Operation] = []
        var open: [Int: Operation] = [:]
        var begun = 0
        while begun < count || !open.isEmpty {
            let process = Int.random(in: 0..<processes, using: &self)
            if var operation = open.removeValue(forKey: process) {
                operation.kind = [.ok, .fail, .info].randomElement(using: &self)!
                operation.index = events.count
                operation.time = Int64(events.count) * 1_000
                operation.intended = nil
                events.append(operation)
            } else if begun < count {
                begun += 1
                let operation = Operation(
                    index: events.count, time: Int64(events.count) * 1_000, process: .client(process), kind: .invoke,
                    function: "write", key: .string("k\(begun % 7)"), value: .integer(Int64(begun)),
                    node: "n\(process + 1)", intended: Int64(events.count) * 999)
                events.append(operation)
                open[process] = operation
            }
        }
        return events
    }
}
