import PolygraphHistory

// `.none` is written out here: `nil` can also mean `Value.null`, which is a state, not the lack of one.

/// What a read that returned null says of a register.
public enum NilRead: String, Sendable, Hashable, CaseIterable {
    /// The value was null, as any other value would have been.
    case value
    /// Nothing: the client learnt no value (Knossos's reading).
    case any

    /// Whether the call is an answered or unanswered read that fits every state.
    func accepts(_ call: Call) -> Bool {
        guard let output = call.output else { return call.outcome == .unknown }
        return self == .any && output == .null
    }
}

/// That the value is what the call returned.
private func observation(of call: Call) -> Shape<Value>? {
    call.output.map { Shape(guard: .only($0), target: .none) }
}

/// One value that can be read and written.
///
/// `read` carries null and returns the value; `write` carries the new value.
public struct Register: Model {
    public let name = "register"
    public let family = ModelFamily.register
    public let initial: Value
    public let nilRead: NilRead

    /// - Parameters:
    ///   - initial: the value before any write; null means absent.
    ///   - nilRead: what a read of null says.
    public init(initial: Value = .null, nilRead: NilRead = .value) {
        self.initial = initial
        self.nilRead = nilRead
    }

    public func step(_ state: Value, _ call: Call) -> Value? {
        switch call.function {
        case "write": .some(call.input)
        case "read": call.output == .some(state) || nilRead.accepts(call) ? .some(state) : .none
        default: .none
        }
    }

    public func problem(with call: Call) -> String? {
        switch call.function {
        case "read", "write": nil
        default: "the model \(name) has no function \(call.function); it has read and write"
        }
    }

    public func isObserver(_ call: Call) -> Bool { call.function == "read" }

    public func shape(of call: Call) -> Shape<Value>? {
        switch call.function {
        case "write": Shape(guard: .always, target: call.input)
        case "read": nilRead.accepts(call) ? Shape(guard: .always, target: nil) : observation(of: call)
        default: nil
        }
    }
}

/// One value that can be read, written, and replaced where it equals an expected value.
///
/// `read` and `write` as in `Register`; `cas` carries `[from, to]`. A `cas` that was refused for a mismatch observes
/// that the value was not `from`.
public struct CASRegister: Model {
    public let name = "cas-register"
    public let family = ModelFamily.register
    public let initial: Value
    public let nilRead: NilRead

    /// - Parameters:
    ///   - initial: the value before any write; null means absent.
    ///   - nilRead: what a read of null says.
    public init(initial: Value = .null, nilRead: NilRead = .value) {
        self.initial = initial
        self.nilRead = nilRead
    }

    public func step(_ state: Value, _ call: Call) -> Value? {
        switch call.function {
        case "write": return .some(call.input)
        case "read": return call.output == .some(state) || nilRead.accepts(call) ? .some(state) : .none
        case "cas":
            guard let pair = call.input.elements, pair.count == 2 else { return .none }
            if call.outcome == .refused { return state == pair[0] ? .none : .some(state) }
            return state == pair[0] ? .some(pair[1]) : .none
        default: return .none
        }
    }

    public func problem(with call: Call) -> String? {
        switch call.function {
        case "read", "write": nil
        case "cas":
            call.input.elements?.count == 2
                ? nil : "a cas must carry [from, to], but this one carries \(call.input)"
        default: "the model \(name) has no function \(call.function); it has read, write and cas"
        }
    }

    public func isObserver(_ call: Call) -> Bool {
        call.function == "read" || (call.function == "cas" && call.outcome == .refused)
    }

    public func shape(of call: Call) -> Shape<Value>? {
        switch call.function {
        case "write": return Shape(guard: .always, target: call.input)
        case "read": return nilRead.accepts(call) ? Shape(guard: .always, target: nil) : observation(of: call)
        case "cas":
            guard let pair = call.input.elements, pair.count == 2 else { return nil }
            return call.outcome == .refused
                ? Shape(guard: .allBut(pair[0]), target: nil) : Shape(guard: .only(pair[0]), target: pair[1])
        default: return nil
        }
    }
}
