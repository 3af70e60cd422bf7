import PolygraphHistory

/// One thing that a call does to one key.
enum KeyedAccess: Hashable, Sendable {
    /// Nil where nobody saw the value.
    case read(Value, gets: Value?)
    case write(Value, Value)
    case append(Value, String)
    /// `isRefused`: it was refused, which shows that the value was not the expected one.
    case compareAndSet(Value, from: Value, to: Value, isRefused: Bool)

    var key: Value {
        switch self {
        case .read(let key, _), .write(let key, _), .append(let key, _), .compareAndSet(let key, _, _, _): key
        }
    }

    /// Whether it never changes a value.
    var isObserver: Bool {
        switch self {
        case .read: true
        case .write, .append: false
        case .compareAndSet(_, let from, let to, let isRefused): isRefused || from == to
        }
    }
}

/// What is wrong with the form of a call, in words.
struct CallProblem: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

/// Reads the calls of models with many keys.
///
/// The key is that of the operation, or else the first of two elements of the value.
struct KeyedAccessReader {
    /// The functions that a model has.
    enum Dialect {
        case registers
        case map
        case strings

        var functions: String {
            switch self {
            case .registers: "read, write, cas and txn"
            case .map: "get, put, delete, cas and txn"
            case .strings: "get, put and append"
            }
        }
    }

    var dialect: Dialect
    var model: String

    func read(_ call: Call) throws(CallProblem) -> [KeyedAccess] {
        switch (call.function, dialect) {
        case ("read", .registers), ("read", .map), ("get", .map), ("get", .strings): return [try get(call)]
        case ("write", .registers), ("write", .map), ("put", .map):
            let (key, value) = try split(call, carrying: "its value")
            return [.write(key, value)]
        case ("delete", .map):
            if let key = call.key { return [.write(key, .null)] }
            return [.write(call.input, .null)]
        case ("put", .strings), ("append", .strings):
            let (key, value) = try split(call, carrying: "a string")
            guard let text = value.stringValue else {
                throw CallProblem("a \(call.function) must carry a string, but this one carries \(value)")
            }
            return [call.function == "put" ? .write(key, value) : .append(key, text)]
        case ("cas", .registers), ("cas", .map):
            let (key, value) = try split(call, carrying: "[from, to]")
            guard let pair = value.elements, pair.count == 2 else {
                throw CallProblem("a cas must carry [from, to], but this one carries \(value)")
            }
            return [.compareAndSet(key, from: pair[0], to: pair[1], isRefused: call.outcome == .refused)]
        case ("txn", .registers), ("txn", .map): return try transaction(call)
        default:
            throw CallProblem(
                "the model \(model) has no function \(call.function); it has \(dialect.functions)")
        }
    }

    private func split(_ call: Call, carrying what: String) throws(CallProblem) -> (Value, Value) {
        if let key = call.key { return (key, call.input) }
        guard let pair = call.input.elements, pair.count == 2 else {
            throw CallProblem(
                "a \(call.function) without a key must carry [key, value] with \(what), but this one carries "
                    + "\(call.input)")
        }
        return (pair[0], pair[1])
    }

    /// `k`, answered by the value, or `[k, null]`, answered by `[k, value]`.
    private func get(_ call: Call) throws(CallProblem) -> KeyedAccess {
        if let key = call.key { return .read(key, gets: call.output) }
        guard let pair = call.input.elements, pair.count == 2, pair[1] == .null else {
            if call.input == .null {
                throw CallProblem("a \(call.function) without a key must carry one, but this one carries null")
            }
            return .read(call.input, gets: call.output)
        }
        guard let output = call.output else { return .read(pair[0], gets: nil) }
        guard let answer = output.elements, answer.count == 2, answer[0] == pair[0] else {
            throw CallProblem("a \(call.function) of \(call.input) must return [key, value], but returned \(output)")
        }
        return .read(pair[0], gets: answer[1])
    }

    /// `[["r", k, null], ["w", k, v], …]`, answered by the same with the values read.
    private func transaction(_ call: Call) throws(CallProblem) -> [KeyedAccess] {
        let asked = try steps(of: call, call.input)
        guard let output = call.output, output != .null else { return asked.map(\.unanswered) }
        let answered = try steps(of: call, output)
        guard asked.map(\.unanswered) == answered.map(\.unanswered) else {
            throw CallProblem("a txn must be answered step by step, but \(call.input) was answered by \(output)")
        }
        return answered
    }

    private func steps(of call: Call, _ value: Value) throws(CallProblem) -> [KeyedAccess] {
        guard let steps = value.elements else {
            throw CallProblem("a txn must carry a list of [function, key, value], but this one carries \(value)")
        }
        var accesses: [KeyedAccess] = []
        for step in steps {
            guard let parts = step.elements, parts.count == 3, let function = parts[0].stringValue else {
                throw CallProblem("a step of a txn is [function, key, value], not \(step)")
            }
            if let key = call.key, key != parts[1] {
                throw CallProblem("a txn of the key \(key) names the key \(parts[1])")
            }
            switch function {
            case "r", "read", ":r", ":read": accesses.append(.read(parts[1], gets: parts[2]))
            case "w", "write", ":w", ":write": accesses.append(.write(parts[1], parts[2]))
            default: throw CallProblem("a step of a txn is r or w, not \(function)")
            }
        }
        return accesses
    }
}

extension KeyedAccess {
    /// The same before anybody saw what it read.
    fileprivate var unanswered: KeyedAccess {
        if case .read(let key, _) = self { .read(key, gets: nil) } else { self }
    }
}
