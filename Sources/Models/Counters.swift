import PolygraphHistory

/// A number that is changed blindly, and read.
///
/// `add` carries an integer of either sign; `increment` and `decrement` carry null or an integer from 1. What these
/// return says nothing. `read` returns the number. Beyond 64 bits the number wraps round.
public struct Counter: Model {
    public let name = "counter"
    public let family = ModelFamily.counter
    public let initial: Int64

    /// - Parameter initial: the number before any operation.
    public init(initial: Int64 = 0) { self.initial = initial }

    public func step(_ state: Int64, _ call: Call) -> Int64? {
        if call.function == "read" { return call.output == nil || call.output == .integer(state) ? state : nil }
        return difference(of: call).map { state &+ $0 }
    }

    /// What the call adds; nil for a call that adds nothing, or nothing that can be told.
    public func difference(of call: Call) -> Int64? {
        switch call.function {
        case "add": call.input.integerValue
        case "increment": call.amount
        case "decrement": call.amount.map { 0 - $0 }
        default: nil
        }
    }

    public func problem(with call: Call) -> String? {
        switch call.function {
        case "add" where call.input.integerValue == nil:
            return "an add must carry an integer, but this one carries \(call.input)"
        case "increment" where call.amount == nil, "decrement" where call.amount == nil:
            return "\(call.function) carries null or an integer from 1, but this one carries \(call.input)"
        case "add", "increment", "decrement": return refusal(call)
        case "read":
            if let output = call.output, output.integerValue == nil {
                return "a read must return an integer, but this one returned \(output)"
            }
            return refusal(call)
        default: return noSuchFunction(call, has: "add, increment, decrement and read")
        }
    }

    public func isObserver(_ call: Call) -> Bool { call.function == "read" || difference(of: call) == 0 }
}

/// A number to which an amount is added in one step with reading it.
///
/// `fetch-and-add` (or `add`) carries an integer of either sign and returns the number before; `read` returns the
/// number. Beyond 64 bits the number wraps round.
public struct FetchAndAdd: Model {
    public let name = "fetch-and-add"
    public let family = ModelFamily.fetchAndAdd
    public let initial: Int64

    /// - Parameter initial: the number before any operation.
    public init(initial: Int64 = 0) { self.initial = initial }

    public func step(_ state: Int64, _ call: Call) -> Int64? {
        if let output = call.output, output != .integer(state) { return nil }
        return switch call.function {
        case "fetch-and-add", "add": call.input.integerValue.map { state &+ $0 }
        case "read": state
        default: nil
        }
    }

    public func problem(with call: Call) -> String? {
        switch call.function {
        case "fetch-and-add" where call.input.integerValue == nil, "add" where call.input.integerValue == nil:
            return "a \(call.function) must carry an integer, but this one carries \(call.input)"
        case "fetch-and-add", "add", "read":
            if let output = call.output, output.integerValue == nil {
                return "a \(call.function) must return an integer, but this one returned \(output)"
            }
            return refusal(call)
        default: return noSuchFunction(call, has: "fetch-and-add and read")
        }
    }

    public func isObserver(_ call: Call) -> Bool {
        switch call.function {
        case "read": true
        case "fetch-and-add", "add": call.input == 0
        default: false
        }
    }

    public func shape(of call: Call) -> Shape<Int64>? {
        guard let before = call.output?.integerValue else { return nil }
        switch call.function {
        case "fetch-and-add", "add":
            guard let amount = call.input.integerValue else { return nil }
            return Shape(guard: .only(before), target: amount == 0 ? nil : before &+ amount)
        case "read": return Shape(guard: .only(before), target: nil)
        default: return nil
        }
    }
}
