import PolygraphHistory

/// Several registers, read and written one at a time or in transactions.
///
/// `read`, `write` and `cas` are those of `CASRegister`. The operation has a key, or the value is `[key, value]`
/// (`read`: the key, or `[key, null]` answered by `[key, value]`). `txn` carries `[["r", key, null], ["w", key, value],
/// …]`, also spelled `read` and `write`, and returns the same with the values read; its steps happen at one instant.
public struct MultiRegister: Model {
    public let name = "multi-register"
    /// The value of every key that is not null.
    public let initial: [Value: Value]
    public let nilRead: NilRead
    private let rules: KeyedRules

    /// - Parameters:
    ///   - initial: the values before any write; all others are null.
    ///   - nilRead: what a read of null says.
    public init(initial: [Value: Value] = [:], nilRead: NilRead = .value) {
        self.nilRead = nilRead
        rules = KeyedRules(dialect: .registers, model: name, initial: initial, nilRead: nilRead)
        self.initial = rules.initial
    }

    public func step(_ state: [Value: Value], _ call: Call) -> [Value: Value]? { rules.step(state, call) }
    public func problem(with call: Call) -> String? { rules.problem(with: call) }
    public func isObserver(_ call: Call) -> Bool { rules.isObserver(call) }
    public func shape(of call: Call) -> Shape<[Value: Value]>? { rules.shape(of: call) }
    public func parts(of call: Call) -> [Value]? { rules.parts(of: call) }
}

/// A map from keys to values.
///
/// `get` (or `read`) returns the value of a key, null where there is none; `put` (or `write`) sets it, `delete` removes
/// it, `cas` carries `[from, to]` and replaces it where it equals `from`. The operation has a key, or the value is
/// `[key, value]` (`get`: the key, or `[key, null]` answered by `[key, value]`; `delete`: the key). `txn` as in
/// `MultiRegister`.
public struct KeyValueMap: Model {
    public let name = "kv"
    public let initial: [Value: Value]
    private let rules: KeyedRules

    /// - Parameter initial: the map before any operation.
    public init(initial: [Value: Value] = [:]) {
        rules = KeyedRules(dialect: .map, model: name, initial: initial)
        self.initial = rules.initial
    }

    public func step(_ state: [Value: Value], _ call: Call) -> [Value: Value]? { rules.step(state, call) }
    public func problem(with call: Call) -> String? { rules.problem(with: call) }
    public func isObserver(_ call: Call) -> Bool { rules.isObserver(call) }
    public func shape(of call: Call) -> Shape<[Value: Value]>? { rules.shape(of: call) }
    public func parts(of call: Call) -> [Value]? { rules.parts(of: call) }
}

/// A map from keys to strings.
///
/// `get` returns the string of a key, `put` sets it, `append` puts a string at its end. A key without a string has the
/// empty one, and null read is the same. Keys as in `KeyValueMap`.
public struct StringMap: Model {
    public let name = "string-kv"
    public let initial: [Value: Value]
    private let rules: KeyedRules

    /// - Parameter initial: the strings before any operation; all others are empty.
    public init(initial: [Value: String] = [:]) {
        rules = KeyedRules(
            dialect: .strings, model: name, initial: initial.mapValues { .string($0) }, absent: .string(""))
        self.initial = rules.initial
    }

    public func step(_ state: [Value: Value], _ call: Call) -> [Value: Value]? { rules.step(state, call) }
    public func problem(with call: Call) -> String? { rules.problem(with: call) }
    public func isObserver(_ call: Call) -> Bool { rules.isObserver(call) }
    public func shape(of call: Call) -> Shape<[Value: Value]>? { rules.shape(of: call) }
    public func parts(of call: Call) -> [Value]? { rules.parts(of: call) }
}

/// What the models with many keys have in common. A state holds the keys whose value is not the absent one.
private struct KeyedRules: Sendable {
    var dialect: KeyedAccessReader.Dialect
    var model: String
    var initial: [Value: Value]
    var nilRead = NilRead.value
    var absent: Value

    init(
        dialect: KeyedAccessReader.Dialect, model: String, initial: [Value: Value], nilRead: NilRead = .value,
        absent: Value = .null
    ) {
        self.dialect = dialect
        self.model = model
        self.initial = initial.filter { $0.value != absent }
        self.nilRead = nilRead
        self.absent = absent
    }

    private func accesses(_ call: Call) throws(CallProblem) -> [KeyedAccess] {
        try KeyedAccessReader(dialect: dialect, model: model).read(call)
    }

    func step(_ state: [Value: Value], _ call: Call) -> [Value: Value]? {
        guard let accesses = try? accesses(call) else { return nil }
        var next = state
        for access in accesses {
            let value = next[access.key] ?? absent
            switch access {
            case .read(_, let gets): if !allows(gets, value) { return nil }
            case .write(let key, let new): set(&next, key, new)
            case .append(let key, let text): set(&next, key, .string((value.stringValue ?? "") + text))
            case .compareAndSet(let key, let from, let to, let isRefused):
                if (value == from) == isRefused { return nil }
                if !isRefused { set(&next, key, to) }
            }
        }
        return next
    }

    private func allows(_ gets: Value?, _ value: Value) -> Bool {
        guard let gets else { return true }
        return gets == .null ? nilRead == .any || value == absent : gets == value
    }

    private func set(_ state: inout [Value: Value], _ key: Value, _ value: Value) {
        if value == absent { state.removeValue(forKey: key) } else { state.updateValue(value, forKey: key) }
    }

    func problem(with call: Call) -> String? {
        do throws(CallProblem) {
            _ = try accesses(call)
        } catch {
            return error.message
        }
        return call.outcome == .refused && call.function != "cas"
            ? "the model \(model) cannot judge a refused \(call.function): it does not know what was observed" : nil
    }

    func isObserver(_ call: Call) -> Bool {
        (try? accesses(call)).map { $0.allSatisfy(\.isObserver) } ?? false
    }

    func parts(of call: Call) -> [Value]? {
        guard let accesses = try? accesses(call) else { return nil }
        var keys: [Value] = []
        for access in accesses where !keys.contains(access.key) { keys.append(access.key) }
        return keys
    }

    /// Where operations have keys, no other key ever changes, so that the state as a whole is known.
    func shape(of call: Call) -> Shape<[Value: Value]>? {
        guard call.key != nil, let accesses = try? accesses(call), accesses.count == 1 else { return nil }
        func state(_ key: Value, _ value: Value) -> [Value: Value] {
            var state = initial
            set(&state, key, value)
            return state
        }
        switch accesses[0] {
        case .read(let key, let gets):
            guard let gets, !(gets == .null && nilRead == .any) else { return Shape(guard: .always, target: nil) }
            return Shape(guard: .only(state(key, gets == .null ? absent : gets)), target: nil)
        case .write(let key, let value): return Shape(guard: .always, target: state(key, value))
        case .append: return nil
        case .compareAndSet(let key, let from, let to, let isRefused):
            return isRefused
                ? Shape(guard: .allBut(state(key, from)), target: nil)
                : Shape(guard: .only(state(key, from)), target: state(key, to))
        }
    }
}
